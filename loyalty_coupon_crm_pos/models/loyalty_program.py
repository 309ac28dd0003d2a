from odoo import api, models


class LoyaltyProgram(models.Model):
    _inherit = "loyalty.program"

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till whether our rules are on, and how points are given."""
        names = super()._load_pos_data_fields(config)
        return [
            *names,
            "expire_after",
            "expire_inactive_days",
            "expire_month",
            "pending_days",
            "strict",
        ]

    def _compute_total_order_count(self):
        result = super()._compute_total_order_count()
        self._count_confirmed_uses()
        return result
