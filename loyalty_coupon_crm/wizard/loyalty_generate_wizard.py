from odoo import api, fields, models


class LoyaltyGenerateWizard(models.TransientModel):
    _inherit = "loyalty.generate.wizard"

    valid_until = fields.Date(
        compute="_compute_valid_until", store=True, readonly=False
    )

    @api.depends("program_id")
    def _compute_valid_until(self):
        for wizard in self:
            program = wizard.program_id
            wizard.valid_until = program and program._issue_last_day()

    def generate_coupons(self):
        """Generate coupons; each gets a movement that says who issued it and why."""
        for wizard in self:
            wizard.program_id._check_coupons_left(wizard.coupon_qty)
        reason = ", ".join(filter(None, self.mapped("description")))
        with self.env["loyalty.card"]._wallet_scope("issue", reason=reason):
            return super().generate_coupons()
