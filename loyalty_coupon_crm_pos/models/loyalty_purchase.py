from odoo import api, models


class LoyaltyPurchase(models.Model):
    _inherit = "loyalty.purchase"

    @api.model
    def _record_exchange(self, order):
        """Write the goods that an order with new goods takes back.

        :param order: paid `pos.order` with sold and with returned lines
        :return: the new purchase, its amounts negative
        """
        returned = order._loyalty_returned()
        amounts = order._loyalty_amounts_of(returned)
        original = self._open_rows(returned.refunded_orderline_id.order_id[:1])
        return self.create(
            {
                **self._prepare_vals(order),
                **amounts,
                **self._prepare_line_vals(
                    amounts["amount"], order._loyalty_line_vals_of(returned)
                ),
                "reversal_of_id": original[:1].id,
            }
        )

    @api.model
    def _backfill(self):
        """Write the purchases and redemptions of earlier POS orders too."""
        done = super()._backfill()
        self.env["loyalty.pos.backfill"]._run()
        return done
