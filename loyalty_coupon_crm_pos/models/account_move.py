from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_is_sale(self):
        """Return whether the document bills sales orders: the till's refunds count."""
        return super()._loyalty_is_sale() and not self.pos_order_ids

    def _loyalty_credits_order(self):
        """Return whether the credit note names its order, one of the till's too."""
        return bool(self.pos_order_ids) or super()._loyalty_credits_order()
