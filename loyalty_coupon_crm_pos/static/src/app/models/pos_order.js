import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top of Odoo's, whatever the order of the files.
import "@pos_loyalty/app/models/pos_order";
import { unpayableAmount } from "@loyalty_coupon_crm_pos/app/utils/payable";
import { roundEarned, roundSpent } from "@loyalty_coupon_crm_pos/app/utils/rounding";
import { isChosen, mostPoints } from "@loyalty_coupon_crm_pos/app/utils/points_choice";
import { isWithinDays } from "@loyalty_coupon_crm_pos/app/utils/usage_window";

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
     * Return what the rewards of strict programs take from cards of the server, beyond
     * what the order itself brings, as {card id: points}.
     */
    getPointsToHold() {
        const points = {};
        for (const line of this._get_reward_lines() || []) {
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
     * Return the promotions on the order that are strict and need no card: they live
     * with the order, and the server knows them by their program alone.
     */
    getProgramsToAsk() {
        const programs = (this._get_reward_lines() || [])
            .filter((line) => !(line.coupon_id?.id > 0))
            .map((line) => line.reward_id.program_id)
            .filter((program) => program.strict && program.applies_on === "current");
        return [...new Set(programs.map((program) => program.id))].sort();
    },

    /**
     * Return what the server is asked for, before the order may be paid.
     */
    getWanted() {
        return {
            points: this.getPointsToHold(),
            programs: this.getProgramsToAsk(),
            partnerId: this.getPartner()?.id || false,
            others: this.getProgramsOnly(),
        };
    },

    /**
     * Return the ids of programs on the order that ask nobody: others may not go with
     * them.
     */
    getProgramsOnly() {
        const programs = (this._get_reward_lines() || []).map(
            (line) => line.reward_id.program_id
        );
        const free = programs.filter((program) => !program.strict);
        return [...new Set(free.map((program) => program.id))];
    },

    /**
     * Return what the order takes from cards beyond what it holds, as {card id: points}.
     */
    getPointsUnheld() {
        const held = this.uiState.held;
        const isLive = held && held.until > Date.now();
        return Object.fromEntries(
            Object.entries(this.getPointsToHold())
                .map(([id, cost]) => [id, cost - ((isLive && held.points[id]) || 0)])
                .filter(([, missing]) => missing > NEARLY_ZERO)
        );
    },

    /**
     * Return the ids of cards and programs that the server did not grant, or no longer.
     *
     * @param {Object} leased points that the till keeps for itself, by card id
     */
    getUnheld(leased = {}) {
        const { programs } = this.getWanted();
        const held = this.uiState.held;
        const isLive = held && held.until > Date.now();
        const missing = this.getPointsUnheld();
        return {
            cards: Object.keys(missing)
                .filter((id) => missing[id] > (leased[id] || 0) + NEARLY_ZERO)
                .map(Number),
            programs: programs.filter((id) => !isLive || !held.programs.includes(id)),
        };
    },

    /**
     * Return what the shop risks when the order is paid without asking.
     *
     * @param {Object} leased points that the till keeps for itself, by card id
     * @returns {{coupons: number, amount: number}} cards and promotions, and what they
     *     take off, with taxes
     */
    getOfflineRisk(leased = {}) {
        const { cards, programs } = this.getUnheld(leased);
        const amount = this._get_reward_lines()
            .filter((line) =>
                line.coupon_id?.id > 0
                    ? cards.includes(line.coupon_id.id)
                    : programs.includes(line.reward_id.program_id.id)
            )
            .reduce((sum, line) => sum - line.prices.total_included, 0);
        return { coupons: cards.length + programs.length, amount: Math.max(amount, 0) };
    },

    /**
     * A promotion that was refused does not come back by itself, but for another
     * customer, or a while later: it may start at an hour.
     */
    _programIsApplicable(program) {
        const refused = this.uiState.refusedPrograms?.[program.id];
        // Odoo asks the zone of whoever is logged in; the company's decides.
        const undated = Object.create(program, {
            date_from: { value: false },
            date_to: { value: false },
        });
        return (
            refused !== this._refusalKey() &&
            isWithinDays(program, this.config.loyalty_timezone) &&
            super._programIsApplicable(undated)
        );
    },

    _refusalKey() {
        const quarter = Math.floor(Date.now() / 900000);
        return `${this.getPartner()?.id || ""}/${quarter}`;
    },

    /**
     * Take a promotion off the order, its code too.
     */
    dropProgram(programId) {
        const program = this.models["loyalty.program"].get(programId);
        for (const line of this._get_reward_lines()) {
            if (line.reward_id.program_id.id === programId) {
                line.delete();
            }
        }
        const ruleIds = program.rule_ids.map((rule) => rule.id);
        this.uiState.codeActivatedProgramRules =
            this.uiState.codeActivatedProgramRules.filter(
                (id) => !ruleIds.includes(id)
            );
        for (const [key, change] of Object.entries(this.uiState.couponPointChanges)) {
            if (change.program_id === programId) {
                delete this.uiState.couponPointChanges[key];
            }
        }
        this.uiState.refusedPrograms = {
            ...this.uiState.refusedPrograms,
            [programId]: this._refusalKey(),
        };
    },

    forgetRefusals() {
        this.uiState.refusedPrograms = {};
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
