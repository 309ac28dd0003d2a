import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order";

patch(PosOrder.prototype, {
    /**
     * Link the scanned cards of the rewards on the order, which Odoo forgets.
     *
     * It keeps them in the browser only: when the server answers, or another device opens
     * the order, the rewards would go off it with the next change.
     */
    relinkCards() {
        const linked = this.models["pos.order"]
            .filter((order) => !order.finalized)
            .flatMap((order) => order._code_activated_coupon_ids.map(({ id }) => id));
        for (const { coupon_id: card } of this._get_reward_lines()) {
            if (
                card?.id > 0 &&
                card.program_id &&
                !card.program_id.is_nominative &&
                !this.uiState.couponPointChanges[card.id] &&
                !linked.includes(card.id)
            ) {
                this._code_activated_coupon_ids = [["link", card]];
            }
        }
    },

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
