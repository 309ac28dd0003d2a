import { PosStore } from "@point_of_sale/app/services/pos_store";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store_confirm";

/**
 * Orders that are split or brought to another table take their coupons along.
 */
patch(PosStore.prototype, {
    async holdCards(order) {
        if (!order.finalized) {
            for (const source of this.getSourcesOf(order)) {
                order.takeCardsFrom(source);
                await super.holdCards(source);
            }
        }
        return super.holdCards(...arguments);
    },

    /**
     * Return the open orders that hold more than their rewards take, of cards that this
     * order needs: their rewards went to this one.
     */
    getSourcesOf(order) {
        const cardIds = Object.keys(order.getPointsToHold());
        return this.models["pos.order"].filter((source) => {
            const held = source.uiState.held?.points;
            if (source === order || source.finalized || !held) {
                return false;
            }
            const points = source.getPointsToHold();
            return cardIds.some((id) => held[id] > (points[id] || 0));
        });
    },
});
