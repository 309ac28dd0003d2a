from odoo import models


class LoyaltyPosCreditMixin(models.AbstractModel):
    """What credit notes of a till order's invoice take back of the order.

    The lines of the till's invoices do not say which line of the till they bill: what
    is credited is told by its product, and by its amount where that does not say it.
    What the till took back itself is not taken back again.
    """

    _name = "loyalty.pos.credit.mixin"
    _description = "Credit Notes of a Till Order"

    def _loyalty_credited_parts(self):
        """Return which parts of the order's lines credit notes took back.

        :return: {line: number between 0 and 1}, lines that were credited only
        """
        self.ensure_one()
        parts = {}
        for _note, taken in self._loyalty_credits():
            for line, part in taken.items():
                parts[line] = min(1.0, parts.get(line, 0.0) + part)
        return parts

    def _loyalty_credits(self):
        """Return [(credit note, {line of the order: part that it takes back})]."""
        self.ensure_one()
        # The cashier may not read the books.
        invoice = self.account_move.sudo()
        if not invoice.reversal_move_ids:
            return []
        return [
            (note, {line: part for line, part in taken.items() if line in self.lines})
            for note, taken in invoice._loyalty_free_credits()
        ]

    def _loyalty_sync_refunds(self, source, undo=False):
        """Bring purchase, points and redemptions to what came back so far."""
        self.ensure_one()
        order = self.sudo()
        note = source if source._name == "account.move" else order._loyalty_last_note()
        if note:
            self.env["loyalty.purchase"].sudo()._record_refund(order, note, undo)
        return super()._loyalty_sync_refunds(source, undo)

    def _loyalty_refund_rows(self):
        """Return the purchase rows with which credit notes lowered the purchase."""
        self.ensure_one()
        purchases = self.env["loyalty.purchase"]
        return purchases.search(
            [
                ("reversal_of_id", "in", purchases._open_rows(self).ids),
                ("order_model", "=", "account.move"),
            ],
            order="id",
        )

    def _loyalty_last_note(self):
        """Return the credit note that lowered the purchase last, or None."""
        self.ensure_one()
        ids = self._loyalty_refund_rows().mapped("order_id")
        return self.env["account.move"].browse(ids[-1:]).exists()

    def _loyalty_refunded_lines(self, source=None):
        """Return which part of each line of the purchase credit notes took back.

        :param source: document that refunds now; the lines say all they need
        """
        self.ensure_one()
        purchased = self._loyalty_purchased()
        return {
            line: part
            for line, part in self._loyalty_credited_parts().items()
            if line in purchased
        }

    def _loyalty_refund_amounts(self, shares):
        """Return what credit notes take off, as of `_loyalty_purchase_amounts`.

        :param shares: dict of `_loyalty_refunded_lines`
        """
        totals = dict.fromkeys(self.lines.browse()._loyalty_amounts(), 0.0)
        for line, share in shares.items():
            for name, amount in line._loyalty_amounts().items():
                totals[name] -= share * amount
        return {
            name: self._loyalty_to_company(amount) for name, amount in totals.items()
        }

    def _loyalty_refund_lines(self, shares):
        """Return the product lines that came back, as of `_loyalty_purchase_lines`.

        :param shares: dict of `_loyalty_refunded_lines`
        """
        goods = self._loyalty_purchased()._loyalty_goods()
        gross = sum(line.price_subtotal * shares.get(line, 0.0) for line in goods)
        amount = self._loyalty_refund_amounts(shares)["amount"]
        spread = -amount * (self.currency_rate or 1.0) / gross if gross else 1.0
        return [
            {
                "product_id": line.product_id.id,
                "categ_id": line.product_id.categ_id.id,
                "quantity": -line.qty * shares[line],
                "amount": self._loyalty_to_company(
                    -line.price_subtotal * shares[line] * spread
                ),
                "cost": -line._loyalty_cost(line.product_id, line.qty * shares[line]),
            }
            for line in goods
            if shares.get(line)
        ]
