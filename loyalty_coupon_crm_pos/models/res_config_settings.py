from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    pos_loyalty_hold_minutes = fields.Integer(
        related="pos_config_id.loyalty_hold_minutes", readonly=False
    )
