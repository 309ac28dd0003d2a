import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order";
import { unpayableAmount } from "@loyalty_coupon_crm_pos/app/utils/payable";
import { roundEarned, roundSpent } from "@loyalty_coupon_crm_pos/app/utils/rounding";
import { isChosen, mostPoints } from "@loyalty_coupon_crm_pos/app/utils/points_choice";

const NEARLY_ZERO = 1e-6;

// Not on the order: screens reckon rewards while they are drawn, and what is written on
// an order has them drawn again.
let pointsCap;

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
        return Math.min(usable, pointsCap ?? Infinity);
    },

    /**
     * A discount per point spends no more points than the customer chose.
     */
    _getRewardLineValuesDiscount({ reward, coupon_id: couponId }) {
        const chosen = this.uiState.chosenPoints?.[choiceKey(reward, couponId)];
        if (chosen === undefined || !isChosen(reward)) {
            const values = super._getRewardLineValuesDiscount(...arguments);
            return this._roundCost(reward, couponId, values);
        }
        pointsCap = chosen;
        try {
            const values = super._getRewardLineValuesDiscount(...arguments);
            return this._roundCost(reward, couponId, values);
        } finally {
            pointsCap = undefined;
        }
    },

    _roundCost(reward, couponId, values) {
        const program = reward.program_id;
        if (
            !Array.isArray(values) ||
            !roundsPoints(program) ||
            reward.discount_mode !== "per_point" ||
            reward.clear_wallet
        ) {
            return values;
        }
        const usable = Math.max(this._getRealCouponPoints(couponId), 0);
        return values.map((line) => {
            const cost = roundSpent(line.points_cost, Number(program.points_step));
            return { ...line, points_cost: Math.min(cost, usable) };
        });
    },

    /**
     * Points of strict programs are rounded by the rule of the program, as on the server.
     */
    pointsForPrograms(programs) {
        const strict = programs.filter(roundsPoints);
        const result = super.pointsForPrograms(
            programs.filter((program) => !roundsPoints(program))
        );
        if (!strict.length) {
            return result;
        }
        const own = this._withRoundingDown(() => super.pointsForPrograms(strict));
        for (const program of strict) {
            for (const change of own[program.id] || []) {
                change.points = roundEarned(change.points, Number(program.points_step));
            }
        }
        return Object.assign(result, own);
    },

    /**
     * Odoo's till rounds the points of each rule to the nearest hundredth, Odoo's server
     * rounds them down.
     */
    _withRoundingDown(compute) {
        const precision = this.models["decimal.precision"].find(
            (one) => one.name === "Product Price"
        );
        precision.round = (points) => roundEarned(points, 0.01);
        try {
            return compute();
        } finally {
            delete precision.round;
        }
    },

    /**
     * What covers the whole order leaves nothing to pay, however taxes are rounded.
     */
    _applyReward(reward, couponId) {
        const result = super._applyReward(...arguments);
        if (result === true) {
            this._closeRest(reward, couponId);
        }
        return result;
    },

    _closeRest(reward, couponId) {
        const rest = this.priceIncl;
        const lines = this._get_reward_lines().filter(
            (line) => line.reward_id.id === reward.id && line.coupon_id?.id === couponId
        );
        const most = this.currency.rounding * this.getOrderlines().length;
        if (
            !reward.program_id.strict ||
            reward.discount_applicability !== "order" ||
            !lines.length ||
            this.currency.isZero(rest) ||
            Math.abs(rest) > most + NEARLY_ZERO ||
            !this._covers(reward, couponId, lines)
        ) {
            return;
        }
        const plain = lines.find((line) => !line.tax_ids.length && line.price_unit);
        if (plain) {
            plain.setUnitPrice(plain.price_unit - rest);
        } else if (!isPayment(reward.program_id)) {
            this.applyRewardLine({
                product_id: reward.discount_line_product_id,
                price_unit: -rest,
                qty: 1,
                reward_id: reward,
                is_reward_line: true,
                coupon_id: couponId,
                points_cost: 0,
                reward_identifier_code: lines[0].reward_identifier_code,
                tax_ids: [],
            });
        }
    },

    /**
     * Return whether a reward is worth at least the whole order.
     */
    _covers(reward, couponId, lines) {
        const total = lines.reduce(
            (sum, line) => sum - line.prices.total_included,
            this.priceIncl
        );
        if (reward.discount_mode === "percent") {
            return reward.discount >= 100 && !reward.discount_max_amount;
        }
        let worth = reward.discount;
        if (reward.discount_mode === "per_point") {
            const cost = lines.reduce((sum, line) => sum + line.points_cost, 0);
            let points = this._getRealCouponPoints(couponId) + cost;
            if (!isPayment(reward.program_id)) {
                const step = reward.required_points;
                points = Math.floor(points / step + NEARLY_ZERO) * step;
            }
            worth *= points;
        }
        return (
            Math.min(worth, reward.discount_max_amount || Infinity) >=
            total - NEARLY_ZERO
        );
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
     * Return the cheapest reward that a balance does not pay yet, and what is missing.
     *
     * @param {Object} program points card
     * @param {number} balance points after this order
     * @returns {{description: string, missing: number}|null}
     */
    getNextReward(program, balance) {
        const rewards = program.reward_ids
            .filter((reward) => reward.required_points > balance)
            .sort((a, b) => a.required_points - b.required_points);
        if (!rewards.length) {
            return null;
        }
        const { description, required_points: needed } = rewards[0];
        return { description, missing: Math.round((needed - balance) * 100) / 100 };
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

function isPayment(program) {
    return ["ewallet", "gift_card"].includes(program.program_type);
}

function roundsPoints(program) {
    return Boolean(program.strict && program.points_step && !isPayment(program));
}

function choiceKey(reward, couponId) {
    return `${couponId}/${reward.id}`;
}
