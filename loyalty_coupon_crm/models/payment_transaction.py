from odoo import api, models

PAYMENT_TTL = 30 * 60


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    @api.model_create_multi
    def create(self, vals_list):
        """Start payments; the orders hold their points before money changes hands.

        :raise UserError: when another document holds or spent the points
        """
        transactions = super().create(vals_list)
        transactions.sale_order_ids._loyalty_hold(PAYMENT_TTL)
        return transactions
