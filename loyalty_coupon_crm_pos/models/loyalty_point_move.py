from odoo import models
from odoo.tools import float_round


class LoyaltyPointMove(models.Model):
    _inherit = "loyalty.point.move"

    def _refunded_points(self, original):
        """Return how many points of the movement all refunds so far undo.

        :param original: the `pos.order` of the movement
        :return: points with the sign of the movement
        """
        self.ensure_one()
        share = self._refunded_lines(original)._loyalty_refunded_share()
        whole = not self.card_id._is_wallet_of_points()
        return float_round(
            self.points * share,
            precision_digits=0 if whole else 2,
            rounding_method="DOWN" if whole else "HALF-UP",
        )

    def _refunded_lines(self, original):
        """Return the lines of the order that the movement comes from."""
        lines = original.lines._loyalty_sold()
        if self.points < 0:
            return lines.filtered(lambda line: line.coupon_id == self.card_id)
        goods = lines._loyalty_goods()
        rules = self.program_id.rule_ids
        if not rules or any(rule.any_product for rule in rules):
            payments = self.env["loyalty.program"].search(
                [("program_type", "in", ("gift_card", "ewallet"))]
            )
            return goods.filtered(
                lambda line: line.product_id not in payments.trigger_product_ids
            )
        return goods.filtered(lambda line: line.product_id in rules.valid_product_ids)
