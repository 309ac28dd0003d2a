from odoo import fields, models


class ResConfigSettings(models.TransientModel):
    _inherit = "res.config.settings"

    pos_loyalty_hold_minutes = fields.Integer(
        related="pos_config_id.loyalty_hold_minutes", readonly=False
    )
    pos_loyalty_offline = fields.Selection(
        related="pos_config_id.loyalty_offline", readonly=False
    )
    pos_loyalty_offline_coupons = fields.Integer(
        related="pos_config_id.loyalty_offline_coupons", readonly=False
    )
    pos_loyalty_offline_amount = fields.Monetary(
        related="pos_config_id.loyalty_offline_amount",
        currency_field="pos_loyalty_currency_id",
        readonly=False,
    )
    pos_loyalty_confirm_amount = fields.Monetary(
        related="pos_config_id.loyalty_confirm_amount",
        currency_field="pos_loyalty_currency_id",
        readonly=False,
    )
    pos_loyalty_lease_cards = fields.Integer(
        related="pos_config_id.loyalty_lease_cards", readonly=False
    )
    pos_loyalty_lease_points = fields.Float(
        related="pos_config_id.loyalty_lease_points", readonly=False
    )
    pos_loyalty_lease_minutes = fields.Integer(
        related="pos_config_id.loyalty_lease_minutes", readonly=False
    )
    pos_loyalty_currency_id = fields.Many2one(
        related="pos_config_id.currency_id", string="Currency of the Till"
    )
