import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order";
import { isChosen, mostPoints } from "@loyalty_coupon_crm_pos/app/utils/points_choice";

patch(PosOrder.prototype, {
    /**
     * Leave out what cannot be spent now: pending points, lapsed points, and those this
     * order earns when they have to wait.
     */
    _getRealCouponPoints(couponId) {
        const points = super._getRealCouponPoints(...arguments);
        const card = this.models["loyalty.card"].get(couponId);
        const usable =
            points - (card?.blocked_points || 0) - this._getPendingGain(couponId);
        return Math.min(usable, this.pointsCap ?? Infinity);
    },

    /**
     * A discount per point spends no more points than the customer chose.
     */
    _getRewardLineValuesDiscount({ reward, coupon_id: couponId }) {
        const chosen = this.uiState.chosenPoints?.[choiceKey(reward, couponId)];
        if (chosen === undefined || !isChosen(reward)) {
            return super._getRewardLineValuesDiscount(...arguments);
        }
        this.pointsCap = chosen;
        try {
            return super._getRewardLineValuesDiscount(...arguments);
        } finally {
            this.pointsCap = undefined;
        }
    },

    /**
     * Note how many points the customer wants to spend on a reward.
     */
    choosePoints(reward, couponId, points) {
        this.uiState.chosenPoints = {
            ...this.uiState.chosenPoints,
            [choiceKey(reward, couponId)]: points,
        };
    },

    /**
     * Return the most points that a reward per point can take on this order.
     */
    getMostPoints(reward, couponId) {
        return mostPoints(
            this._getRealCouponPoints(couponId),
            this.priceIncl / reward.discount,
            reward.required_points
        );
    },

    /**
     * Return the points that the order gives to a card and that have to wait.
     */
    _getPendingGain(couponId) {
        const change = Object.values(this.uiState.couponPointChanges).find(
            (one) => one.coupon_id === couponId
        );
        const program = change && this.models["loyalty.program"].get(change.program_id);
        const waits = program?.pending_days && program.is_nominative;
        return waits && program.applies_on !== "future" ? change.points : 0;
    },

    /**
     * Return the customer's card of a program, as the receipt shows it.
     */
    getLoyaltyCardOf(program) {
        const partner = this.getPartner();
        return (
            partner &&
            this.models["loyalty.card"].find(
                (card) =>
                    card.partner_id?.id === partner.id &&
                    card.program_id?.id === program.id
            )
        );
    },
});

function choiceKey(reward, couponId) {
    return `${couponId}/${reward.id}`;
}
