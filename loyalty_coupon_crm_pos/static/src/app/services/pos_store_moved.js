import { PosStore } from "@point_of_sale/app/services/pos_store";
import { ConnectionLostError } from "@web/core/network/rpc";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/services/pos_store_confirm";

/**
 * Orders that are split, brought to another table or opened on another device take their
 * coupons along.
 */
patch(PosStore.prototype, {
    async afterProcessServerData() {
        await this.fetchRewardCards();
        return super.afterProcessServerData(...arguments);
    },

    /**
     * Read the cards of the rewards on open orders: no card is loaded with the till.
     */
    async fetchRewardCards() {
        const ids = this.models["pos.order.line"]
            .filter((line) => line.is_reward_line && !line.order_id?.finalized)
            .map((line) => line.raw.coupon_id)
            .filter((id) => id > 0 && !this.models["loyalty.card"].get(id));
        if (!ids.length) {
            return;
        }
        try {
            await this.fetchCoupons([["id", "in", ids]], ids.length);
        } catch (error) {
            if (!(error instanceof ConnectionLostError)) {
                throw error;
            }
        }
    },

    async orderUpdateLoyaltyPrograms() {
        const order = this.getOrder();
        if (order && !order.finalized) {
            order.relinkCards();
        }
        return super.orderUpdateLoyaltyPrograms(...arguments);
    },

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
     * Return the open orders that hold more than their rewards take, of cards and
     * promotions that this order needs: their rewards went to this one.
     */
    getSourcesOf(order) {
        const cardIds = Object.keys(order.getPointsToHold());
        const programIds = order.getProgramsToAsk();
        return this.models["pos.order"].filter((source) => {
            const held = source.uiState.held;
            if (source === order || source.finalized || !held) {
                return false;
            }
            const points = source.getPointsToHold();
            const programs = source.getProgramsToAsk();
            return (
                cardIds.some((id) => held.points[id] > (points[id] || 0)) ||
                programIds.some(
                    (id) => held.programs.includes(id) && !programs.includes(id)
                )
            );
        });
    },
});
