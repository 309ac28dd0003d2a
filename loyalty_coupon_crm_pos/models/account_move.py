from odoo import models


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_is_sale(self):
        """Return whether the document bills sales orders: the till's refunds count."""
        return super()._loyalty_is_sale() and not self.pos_order_ids
