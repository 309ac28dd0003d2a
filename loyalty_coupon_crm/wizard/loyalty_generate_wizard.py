from odoo import models


class LoyaltyGenerateWizard(models.TransientModel):
    _inherit = "loyalty.generate.wizard"

    def generate_coupons(self):
        """Generate coupons; each gets a movement that says who issued it and why."""
        reason = ", ".join(filter(None, self.mapped("description")))
        with self.env["loyalty.card"]._wallet_scope("issue", reason=reason):
            return super().generate_coupons()
