from odoo import models


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    def _loyalty_has(self, product):
        """Return whether the rule counts a product."""
        self.ensure_one()
        return self.any_product or product in self.valid_product_ids
