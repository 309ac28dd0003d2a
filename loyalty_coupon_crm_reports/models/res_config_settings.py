from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_monthly_mail = fields.Boolean(
        related="company_id.loyalty_monthly_mail", readonly=False
    )
    loyalty_monthly_user_ids = fields.Many2many(
        related="company_id.loyalty_monthly_user_ids", readonly=False
    )
