from odoo import models

from odoo.addons.loyalty_coupon_crm.tools.credit_parts import BilledLine


class AccountMove(models.Model):
    _inherit = "account.move"

    def _loyalty_is_sale(self):
        """Return whether the document bills sales orders: the till's refunds count."""
        return super()._loyalty_is_sale() and not self.pos_order_ids

    def _loyalty_orders(self):
        """Return the orders a document credits, those of the till's invoices too."""
        orders = super()._loyalty_orders()
        sold = self._loyalty_credited_invoice().pos_order_ids
        settled = sold.lines._loyalty_settled_orders()
        return [
            *orders,
            *sold,
            *(order for order in settled if order not in orders),
        ]

    def _loyalty_billed_lines(self):
        """Return what the till sold, less what it took back itself."""
        if not self.pos_order_ids:
            return super()._loyalty_billed_lines()
        lines = self.pos_order_ids.lines
        payments = lines._loyalty_payments()
        return [
            BilledLine(
                line,
                line.product_id,
                line.price_subtotal,
                line.qty,
                open_part=max(0.0, 1 - line._loyalty_returned_part()),
                is_payment=line in payments,
            )
            for line in lines
        ]
