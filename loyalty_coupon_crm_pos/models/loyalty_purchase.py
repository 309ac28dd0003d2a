from odoo import api, models


class LoyaltyPurchase(models.Model):
    _inherit = "loyalty.purchase"

    @api.model
    def _record_exchange(self, order, returned):
        """Write the goods of one earlier order that an order takes back, too.

        :param order: paid `pos.order`
        :param returned: its lines with goods of the earlier order
        :return: the new purchase, its amounts negative
        """
        amounts = order._loyalty_amounts_of(returned)
        original = self._open_rows(returned.refunded_orderline_id.order_id)
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
