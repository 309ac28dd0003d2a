import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
import { isWithinDays } from "@loyalty_coupon_crm_pos/app/utils/usage_window";
// On top of what the order itself takes and earns.
import "@loyalty_coupon_crm_pos/app/models/pos_order";

const NEARLY_ZERO = 1e-6;

/**
 * What the till asks the server for before an order may be paid, what the server granted,
 * and what leaves the order when it refused.
 */
patch(PosOrder.prototype, {
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
});
