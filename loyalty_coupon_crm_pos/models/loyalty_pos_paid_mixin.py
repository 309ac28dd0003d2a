from odoo import models


class LoyaltyPosPaidMixin(models.AbstractModel):
    """What is written when an order is paid, and for orders that nobody paid.

    Who runs a till may write the state of its orders by other ways than payment. Such
    orders are booked when their session closes, and put before who looks after the
    tills.
    """

    _name = "loyalty.pos.paid.mixin"
    _description = "Paid Orders of a Till"

    def _loyalty_check_paid(self):
        """Compare what orders use with what they held, and flag what differs."""
        for order in self:
            order._loyalty_check_holds()
            order._loyalty_check_rewards()

    def _loyalty_book_paid(self):
        """Write what orders sold, earned and spent; what is written stays."""
        for order in self:
            order._loyalty_record_purchase()
            order._loyalty_post_paid()
            order._loyalty_undo_refunded()

    def _loyalty_book_skipped(self):
        """Book paid orders that were never paid the way orders are, and flag them."""
        for order in self._loyalty_skipped():
            order._loyalty_flag(
                self.env._(
                    "This order was marked as paid without being paid at a till. Its "
                    "coupons and points were booked when the session closed."
                )
            )
            order._loyalty_link_wallets()
            if problem := order._loyalty_claim_problem():
                order._loyalty_flag(problem)
            order._loyalty_flag_overdrawn()
            order._loyalty_check_paid()
            order._loyalty_book_paid()
            order._loyalty_note_concessions()

    def _loyalty_skipped(self):
        """Return those of paid orders that sold something and have no purchase."""
        purchases = self.env["loyalty.purchase"].search_fetch(
            [("order_model", "=", self._name), ("order_id", "in", self.ids)],
            ["order_id"],
        )
        missing = self - self.browse(purchases.mapped("order_id"))
        return missing.filtered(
            lambda order: order._loyalty_is_paid() and order._loyalty_purchased()
        )
