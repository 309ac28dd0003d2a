import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order";
import { unpayableAmount } from "@loyalty_coupon_crm_pos/app/utils/payable";
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
     * Gift cards and eWallets pay no top-up and no gift card.
     */
    _getDiscountableOnOrder(reward) {
        return this._limitPayment(reward, super._getDiscountableOnOrder(...arguments));
    },

    _getDiscountableOnSpecific(reward) {
        return this._limitPayment(
            reward,
            super._getDiscountableOnSpecific(...arguments)
        );
    },

    _getDiscountableOnCheapest(reward) {
        return this._limitPayment(
            reward,
            super._getDiscountableOnCheapest(...arguments)
        );
    },

    _limitPayment(reward, result) {
        const kept = this.getUnpayable(reward.program_id);
        if (!kept) {
            return result;
        }
        const payable = Math.max(this.priceIncl - kept, 0);
        return { ...result, discountable: Math.min(result.discountable, payable) };
    },

    /**
     * Return what of the order has to be paid with money, with taxes.
     */
    getUnpayable(program) {
        const lines = this.getOrderlines()
            .filter((line) => !line.is_reward_line && !line.refunded_orderline_id)
            .map((line) => ({
                productId: line.getProduct().id,
                quantity: line.getQuantity(),
                amount: line.prices.total_included,
            }));
        return unpayableAmount(program, this.models["loyalty.program"].getAll(), lines);
    },

    /**
     * Leave out payments that find nothing they may pay.
     */
    getClaimableRewards() {
        return super.getClaimableRewards(...arguments).filter(({ reward }) => {
            const kept = this.getUnpayable(reward.program_id);
            return !kept || this.priceIncl > kept;
        });
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
     * Return what the rewards of strict programs take from cards of the server, beyond
     * what the order itself brings, as {card id: points}.
     */
    getPointsToHold() {
        const points = {};
        for (const line of this._get_reward_lines()) {
            const card = line.coupon_id;
            if (card?.id > 0 && card.program_id?.strict) {
                points[card.id] = (points[card.id] || 0) + line.points_cost;
            }
        }
        for (const change of Object.values(this.uiState.couponPointChanges)) {
            const program = this.models["loyalty.program"].get(change.program_id);
            if (change.coupon_id in points && program?.applies_on !== "future") {
                points[change.coupon_id] -= change.points;
            }
        }
        return Object.fromEntries(
            Object.entries(points).filter(([, cost]) => cost > 0)
        );
    },

    /**
     * Take the rewards of a card off the order, and the card itself when it was scanned.
     */
    dropCard(cardId) {
        for (const line of this._get_reward_lines()) {
            if (line.coupon_id?.id === cardId) {
                line.delete();
            }
        }
        const scanned = this._code_activated_coupon_ids.filter(
            (card) => card.id === cardId
        );
        this._code_activated_coupon_ids = [["unlink", ...scanned]];
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
