from odoo import api, models


class LoyaltyCard(models.Model):
    _inherit = "loyalty.card"

    @api.model
    def _load_pos_data_fields(self, config):
        """Tell the till what cannot be spent now, and what lapses."""
        names = super()._load_pos_data_fields(config)
        return [*names, "blocked_points", "pending_points", "coming_lapses"]

    @api.model
    def get_loyalty_card_partner_by_code(self, code):
        """Return the owner of a points card, however its code was typed.

        :param code: text as scanned or typed
        """
        code = self._normalize_code(code)
        merged = self.with_context(active_test=False).search(
            [("code", "=", code), ("merged_into_id", "!=", False)], limit=1
        )
        # A card that became one with another is still in the customer's hand.
        while merged.merged_into_id:
            merged = merged.merged_into_id
        return super().get_loyalty_card_partner_by_code(merged.code or code)
