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
    loyalty_rfm_months = fields.Integer(
        related="company_id.loyalty_rfm_months", readonly=False
    )
    loyalty_rfm_recency = fields.Char(
        related="company_id.loyalty_rfm_recency", readonly=False
    )
    loyalty_rfm_frequency = fields.Char(
        related="company_id.loyalty_rfm_frequency", readonly=False
    )
    loyalty_rfm_amount = fields.Char(
        related="company_id.loyalty_rfm_amount", readonly=False
    )
    loyalty_lost_days = fields.Integer(
        related="company_id.loyalty_lost_days", readonly=False
    )
    loyalty_lost_probability = fields.Float(
        related="company_id.loyalty_lost_probability", readonly=False
    )
    loyalty_dormant_factor = fields.Float(
        related="company_id.loyalty_dormant_factor", readonly=False
    )
