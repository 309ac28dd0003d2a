from odoo import api, models


class LoyaltyReward(models.Model):
    _inherit = "loyalty.reward"

    @api.model
    def _load_pos_data_fields(self, config):
        """Let the till compute offers on several items."""
        return [*super()._load_pos_data_fields(config), "offer_data", "offer_times"]
