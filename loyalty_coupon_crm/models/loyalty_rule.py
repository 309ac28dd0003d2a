from odoo import models


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
