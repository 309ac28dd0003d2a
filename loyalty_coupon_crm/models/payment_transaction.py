from odoo import api, models

PAYMENT_TTL = 30 * 60


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    @api.model_create_multi
    def create(self, vals_list):
        """Start payments; the gate is asked, and points held, before money moves.

        :raise UserError: when an order uses what may not be used any more, or what
            another document holds or spent
        """
        transactions = super().create(vals_list)
        # What follows up on a payment, a refund for one, starts none.
        started = transactions.filtered(
            lambda payment: (
                not payment.source_transaction_id and payment.operation != "refund"
            )
        )
        started.sale_order_ids._loyalty_before_payment(PAYMENT_TTL)
        return transactions
