import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order";

patch(PosOrder.prototype, {
    /**
     * Take over the scanned cards of another order whose rewards are on this one now.
     *
     * They belong to its customer, and are worth what they give on this order.
     */
    takeCardsFrom(source) {
        const isRewarded = (order, card) =>
            order._get_reward_lines().some((line) => line.coupon_id?.id === card.id);
        const moved = source._code_activated_coupon_ids.filter(
            (card) => isRewarded(this, card) && !isRewarded(source, card)
        );
        for (const card of moved) {
            source.dropCard(card.id);
            if (!this._code_activated_coupon_ids.some((own) => own.id === card.id)) {
                this._code_activated_coupon_ids = [["link", card]];
            }
        }
        if (moved.length) {
            if (!this.getPartner() && source.getPartner()) {
                this.setPartner(source.getPartner());
            }
            this._updateRewardLines();
        }
    },
});
