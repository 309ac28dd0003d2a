from odoo import models
from odoo.fields import Command
from odoo.tools import float_compare


class LoyaltySaleRoundingMixin(models.AbstractModel):
    """Points in the steps of their program, and nothing left of a covered order.

    The taxes of a reward are rounded apart from those of the goods, so that a cent can
    stay. It is taken off with the reward, without taxes.
    """

    _name = "loyalty.sale.rounding.mixin"
    _description = "Rounding on Sales Orders"

    def _program_check_compute_points(self, programs):
        """Return what the order earns, at the precision of each program."""
        result = super()._program_check_compute_points(programs)
        for program, status in result.items():
            if "points" in status and program._rounds_points():
                status["points"] = [
                    program._round_earned(points) for points in status["points"]
                ]
        return result

    def _get_reward_values_discount(self, reward, coupon, **kwargs):
        """Return the lines of a discount, their cost at the program's precision."""
        values = super()._get_reward_values_discount(reward, coupon, **kwargs)
        program = reward.program_id
        if (
            program._rounds_points()
            and reward.discount_mode == "per_point"
            and not reward.clear_wallet
        ):
            usable = max(self._get_real_points_for_coupon(coupon), 0.0)
            for line in values:
                cost = program._round_spent(line["points_cost"])
                line["points_cost"] = min(cost, usable)
        return values

    def _write_vals_from_reward_vals(self, reward_vals, old_lines, delete=True):
        """Write reward lines; what covers the whole order leaves nothing to pay."""
        result = super()._write_vals_from_reward_vals(
            reward_vals, old_lines, delete=delete
        )
        if reward_vals:
            self._loyalty_close_rest(reward_vals[0])
        return result

    def _loyalty_close_rest(self, vals):
        """Take off what rounding left of an order that a reward covers as a whole.

        :param vals: values of a line of the reward
        """
        reward = self.env["loyalty.reward"].browse(vals["reward_id"])
        if not reward.program_id.strict or reward.discount_applicability != "order":
            return
        rest, currency = self.amount_total, self.currency_id
        priced = self.order_line.filtered("price_unit")
        if currency.is_zero(rest) or abs(rest) > currency.rounding * len(priced):
            return
        lines = self.order_line.filtered(
            lambda line: line.reward_identifier_code == vals["reward_identifier_code"]
        )
        if not self._loyalty_covers(reward, lines):
            return
        plain = lines.filtered(lambda line: not line.tax_ids and line.price_unit)[:1]
        if plain:
            plain.price_unit -= rest
            return
        rounding = {
            **vals,
            "name": self.env._("Rounding of %s", reward.description),
            "price_unit": -rest,
            "product_uom_qty": 1,
            "points_cost": 0,
            "tax_ids": [Command.clear()],
        }
        self.order_line = [Command.create(rounding)]

    def _loyalty_covers(self, reward, lines):
        """Return whether a reward is worth at least the whole order.

        :param lines: its lines on the order
        """
        total = self.amount_total - sum(lines.mapped("price_total"))
        convert = reward.currency_id._convert
        worth = reward.discount
        if reward.discount_mode == "percent":
            return reward.discount >= 100 and not reward.discount_max_amount
        if reward.discount_mode == "per_point":
            card = lines.coupon_id
            points = self._get_real_points_for_coupon(card)
            points += sum(lines.mapped("points_cost"))
            if step := self._loyalty_step(reward):
                points = points // step * step
            worth = reward.discount * points
        if reward.discount_max_amount:
            worth = min(worth, reward.discount_max_amount)
        amount = convert(worth, self.currency_id, self.company_id, self.date_order)
        return float_compare(amount, total, precision_digits=2) >= 0
