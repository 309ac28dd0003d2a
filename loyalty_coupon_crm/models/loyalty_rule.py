from odoo import models


class LoyaltyRule(models.Model):
    _inherit = "loyalty.rule"

    def _get_valid_product_domain(self):
        """Leave out the products that the program excludes."""
        return super()._get_valid_product_domain() & self.program_id._exclusion_domain()
