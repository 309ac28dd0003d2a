from odoo import models
from odoo.tools import float_compare, format_amount


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    def write(self, vals):
        """Write rules; their products belong to the terms that the gate keeps."""
        result = super().write(vals)
        self.env["loyalty.program"]._gate_renew(self, vals)
        return result

    def _get_valid_product_domain(self):
        """Leave out the products that the program excludes."""
        return super()._get_valid_product_domain() & self.program_id._exclusion_domain()

    def _gap(self, currency, amount, bought):
        """Return what an order lacks for the rule, or None when nothing is missing.

        :param currency: currency of the order
        :param amount: of the products that the rule counts, with taxes if it says so
        :param bought: list of their quantities, one for each line
        :return: (size, code, message); of two the smaller size is nearer
        """
        self.ensure_one()
        minimum = self.minimum_amount and self._compute_amount(currency)
        if currency.compare_amounts(minimum, amount) > 0:
            message = self.env._(
                "%(program)s: %(gap)s more, it needs a purchase of %(minimum)s.",
                program=self.program_id.name,
                gap=format_amount(self.env, minimum - amount, currency),
                minimum=format_amount(self.env, minimum, currency),
            )
            return (minimum - amount, "minimum", message)
        quantity = sum(bought)
        if bought and float_compare(quantity, self.minimum_qty, 4) >= 0:
            return None
        message = self.env._(
            "%(program)s: %(count)s more of the products it is for.",
            program=self.program_id.name,
            count=f"{max(self.minimum_qty, 1) - quantity:g}",
        )
        return (minimum, "quantity", message)
