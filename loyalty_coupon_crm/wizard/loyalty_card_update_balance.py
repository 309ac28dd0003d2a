from odoo import models


class LoyaltyCardUpdateBalance(models.TransientModel):
    _inherit = "loyalty.card.update.balance"

    def action_update_card_point(self):
        """Adjust a balance; the description is the reason of the movement."""
        with self.env["loyalty.card"]._wallet_scope("adjust", reason=self.description):
            return super().action_update_card_point()
