from typing import NamedTuple

from odoo import models


class Counted(NamedTuple):
    """A line that counts for programs: its product, and what it adds.

    `discount` is the program whose discount it is, for which it does not count.
    """

    product_id: int
    is_reward: bool
    discount: models.BaseModel
    subtotal: float
    tax: float
    quantity: float


class LoyaltySaleMissingMixin(models.AbstractModel):
    """What a sales order lacks for programs, counted as Odoo counts it."""

    _name = "loyalty.sale.missing.mixin"
    _description = "What a Sales Order Lacks"

    def _loyalty_missing(self, program):
        return self._loyalty_missing_of(program)[program]

    def _loyalty_missing_of(self, programs):
        """Return what the order lacks for programs: money, or products.

        Of several rules of a program the nearest counts.

        :return: {program: list of (code, message)}
        """
        self.ensure_one()
        direct = programs.filtered(
            lambda program: program.rule_ids and self._loyalty_is_direct(program)
        )
        found = {program: [] for program in programs}
        if not direct:
            return found
        valid = direct._get_valid_products(self.order_line.product_id)
        counted = self._loyalty_counted()
        for program in direct:
            rows = [row for row in counted if row.discount != program]
            gaps = []
            for rule in program.rule_ids:
                ids = set(valid[rule].ids) if rule in valid else ()
                own = [row for row in rows if row.product_id in ids]
                gaps.append(self._loyalty_rule_gap(rule, own))
                if not gaps[-1]:
                    break
            else:
                _size, code, message = min(gaps)
                found[program] = [(code, message)]
        return found

    def _loyalty_counted(self):
        """Return the lines that count for the minimum of some program, as `Counted`."""
        counted = []
        none = self.env["loyalty.program"]
        for line in self.order_line - self._get_no_effect_on_threshold_lines():
            reward, discount = line.reward_id, none
            if reward and reward.reward_type == "discount":
                discount = reward.program_id
            if line.combo_item_id or (discount and discount.trigger == "auto"):
                continue
            priced = line._get_lines_with_price()
            counted.append(
                Counted(
                    line.product_id.id,
                    bool(reward),
                    discount,
                    sum(one.price_subtotal for one in priced),
                    sum(one.price_tax for one in priced),
                    line.product_uom_qty,
                )
            )
        return counted

    def _loyalty_rule_gap(self, rule, rows):
        """Return what is missing for a rule, or None when nothing is.

        :param rows: list of `Counted` of the products to which the rule applies
        :return: (size, code, message)
        """
        amount = sum(row.subtotal for row in rows)
        if rule.minimum_amount_tax_mode == "incl":
            amount += sum(row.tax for row in rows)
        bought = [row.quantity for row in rows if not row.is_reward]
        return rule._gap(self.currency_id, amount, bought)
