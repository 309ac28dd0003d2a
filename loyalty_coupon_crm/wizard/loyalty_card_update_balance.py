from odoo import models
from odoo.exceptions import AccessError
from odoo.http import request


class LoyaltyCardUpdateBalance(models.TransientModel):
    _inherit = "loyalty.card.update.balance"

    def action_update_card_point(self):
        """Adjust a balance; the description is the reason of the movement.

        :raise AccessError: when a client asks who is no loyalty manager
        """
        manager = "loyalty_coupon_crm.group_loyalty_manager"
        if request and not self.env.su and not self.env.user.has_group(manager):
            raise AccessError(
                self.env._(
                    "Only a loyalty manager adjusts balances. Ask one, and give the "
                    "code %s and the reason.",
                    self.card_id.code,
                )
            )
        with self.env["loyalty.card"]._wallet_scope("adjust", reason=self.description):
            return super().action_update_card_point()
