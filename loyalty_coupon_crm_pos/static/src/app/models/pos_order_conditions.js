import { PosOrder } from "@point_of_sale/app/models/pos_order";
import { patch } from "@web/core/utils/patch";
// Ours goes on top, whatever the order of the files.
import "@loyalty_coupon_crm_pos/app/models/pos_order_hold";
import "@loyalty_coupon_crm_pos/app/models/pos_order_offers";

/**
 * What an order lacks for a program: the server's side is `loyalty.pos.condition.mixin`.
 */
patch(PosOrder.prototype, {
    /**
     * A minimum of a strict program is reached by the products that its rule counts:
     * Odoo's till compares it with the whole order.
     */
    _canGenerateRewards(program, amountIncl, amountExcl) {
        if (!program.strict || program.rule_ids.every((rule) => rule.any_product)) {
            return super._canGenerateRewards(...arguments);
        }
        return program.rule_ids.every((rule) => {
            const amounts = rule.any_product
                ? [amountIncl, amountExcl]
                : this.getRuleAmounts(rule);
            return super._canGenerateRewards({ rule_ids: [rule] }, ...amounts);
        });
    },

    /**
     * Return what the products of a rule cost, with and without taxes.
     */
    getRuleAmounts(rule) {
        const lines = this.getOrderlines().filter(
            (line) =>
                !line.is_reward_line &&
                !line.refunded_orderline_id &&
                !line.combo_parent_id &&
                rule.validProductIds.has(line.product_id.id)
        );
        const priced = lines.flatMap((line) =>
            line.combo_line_ids?.length ? line.combo_line_ids : [line]
        );
        const sum = (name) =>
            priced.reduce((total, line) => total + line.prices[name], 0);
        return [sum("total_included"), sum("total_excluded")];
    },

    /**
     * @override
     */
    getWanted() {
        return { ...super.getWanted(), lines: this.getLinesToTell() };
    },

    /**
     * Return the lines of the order where a program on it asks for a minimum or guards
     * the margin: only the server knows what goods cost. Of others it needs none.
     */
    getLinesToTell() {
        const programs = (this._get_reward_lines() || []).map(
            (line) => line.reward_id.program_id
        );
        if (!programs.some(hasConditions)) {
            return [];
        }
        const lines = this.lines.filter((line) => !line.refunded_orderline_id);
        return lines.map((line) => ({
            product_id: line.product_id.id,
            qty: line.qty,
            price_unit: line.price_unit,
            price_subtotal: line.prices.total_excluded,
            price_subtotal_incl: line.prices.total_included,
            reward_id: line.reward_id?.id || false,
            coupon_id: line.coupon_id?.id > 0 ? line.coupon_id.id : false,
            parent: line.combo_parent_id ? lines.indexOf(line.combo_parent_id) : null,
        }));
    },
});

function hasConditions(program) {
    const isDirect = program.applies_on === "current" && !program.is_nominative;
    const asks = (rule) => rule.minimum_amount > 0 || rule.minimum_qty > 1;
    return Boolean(
        program.strict &&
            (program.margin_guard || (isDirect && program.rule_ids.some(asks)))
    );
}
