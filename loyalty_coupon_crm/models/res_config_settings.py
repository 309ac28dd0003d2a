from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    loyalty_adjust_limit_salesperson = fields.Float(
        related="company_id.loyalty_adjust_limit_salesperson", readonly=False
    )
    loyalty_adjust_limit_marketing = fields.Float(
        related="company_id.loyalty_adjust_limit_marketing", readonly=False
    )
    loyalty_adjust_limit_manager = fields.Float(
        related="company_id.loyalty_adjust_limit_manager", readonly=False
    )
    loyalty_retention_years = fields.Integer(
        related="company_id.loyalty_retention_years", readonly=False
    )
