from odoo import models
from odoo.tools import float_compare, float_is_zero

QUANTITY_DIGITS = 6


class LoyaltySaleRefundMixin(models.AbstractModel):
    """What came back of a confirmed sales order, from its invoices and refunds.

    A line is refunded as far as it was credited and is neither billed again nor taken
    off the order: who lowers the quantity first and credits the difference afterwards
    has not refunded twice. Only refunds made since the order was confirmed count.
    """

    _name = "loyalty.sale.refund.mixin"
    _description = "Refunds of a Sales Order"

    def _loyalty_billing(self):
        """Hook: return the documents that billed or credited lines of the order.

        :return: list of tuples (document, order line, amount, quantity); amount
            untaxed in the currency of the order, negative when it was credited
        """
        self.ensure_one()
        rows = []
        for line in self.order_line:
            for billed in line.invoice_lines:
                move = billed.move_id
                if move.state != "posted" or not move._loyalty_is_sale():
                    continue
                sign = -1 if move.move_type == "out_refund" else 1
                amount, quantity = self._loyalty_billed_values(line, billed)
                rows.append((move, line, amount, sign * quantity))
        return rows + self._loyalty_free_billing()

    def _loyalty_free_billing(self):
        """Return what credits without a link took back, as of `_loyalty_billing`."""
        rows = []
        for invoice in self.order_line.invoice_lines.move_id:
            if invoice.reversed_entry_id or not invoice._loyalty_is_sale():
                continue
            for note, parts in invoice._loyalty_free_credits():
                for billed, part in parts.items():
                    for line in billed.sale_line_ids & self.order_line:
                        amount, quantity = self._loyalty_billed_values(line, billed)
                        rows.append((note, line, -part * amount, -part * quantity))
        return rows

    def _loyalty_billed_values(self, line, billed):
        """Return what an invoice line bills of an order line.

        :return: untaxed amount in the currency of the order, negative when it is
            credited, and quantity in the unit of the order line
        """
        amount = -billed.amount_currency
        if billed.currency_id != self.currency_id:
            amount = -billed.balance * (self.currency_rate or 1.0)
        quantity = billed.product_uom_id._compute_quantity(
            billed.quantity, line.product_uom_id, round=False
        )
        return amount, quantity

    def _loyalty_refund_rows(self):
        """Return the purchase rows with which refunds lowered the order's purchase."""
        self.ensure_one()
        purchases = self.env["loyalty.purchase"]
        open_rows = purchases._open_rows(self)
        rows = purchases.search([("reversal_of_id", "in", open_rows.ids)], order="id")
        return rows.filtered(
            lambda row: (row.order_model, row.order_id) != (self._name, self.id)
        )

    def _loyalty_refunded_lines(self, source=None):
        """Return which part of each order line was refunded.

        :param source: document that refunds now and has no row yet
        :return: {line: number between 0 and 1}, refunded lines only
        """
        self.ensure_one()
        counted = {
            (row.order_model, row.order_id) for row in self._loyalty_refund_rows()
        }
        if source:
            counted.add((source._name, source.id))
        billed, credited = {}, {}
        for document, line, *values in self._loyalty_billing():
            for index, value in enumerate(values):
                key = (line, index)
                billed[key] = billed.get(key, 0.0) + value
                if (document._name, document.id) in counted:
                    value = min(value * self._loyalty_sign(line, index), 0.0)
                    credited[key] = credited.get(key, 0.0) - value
        shares = {}
        for line in {line for line, _index in credited}:
            shares[line] = self._loyalty_line_share(line, billed, credited)
        return {line: share for line, share in shares.items() if share}

    def _loyalty_sign(self, line, index):
        """Return the sign of an order line: -1 for what lowers the price.

        :param index: 0 for its amount, 1 for its quantity
        """
        value = (line.price_subtotal, line.product_uom_qty)[index]
        return -1 if value < 0 else 1

    def _loyalty_line_share(self, line, billed, credited):
        """Return which part of an order line was refunded, between 0 and 1.

        :param billed: {(line, 0 for amounts or 1 for quantities): net of bills and
            credits}
        :param credited: the same of the refunds that count, positive
        """
        currency = self.currency_id
        # What costs nothing, as a free product, is told by its quantity.
        index = 1 if currency.is_zero(line.price_subtotal) else 0
        total = (line.price_subtotal, line.product_uom_qty)[index]
        if float_is_zero(total, precision_digits=QUANTITY_DIGITS):
            return 0.0
        sign = self._loyalty_sign(line, index)
        key = (line, index)
        missing = total * sign - billed.get(key, 0.0) * sign
        refunded = min(credited.get(key, 0.0), missing)
        share = max(0.0, min(1.0, refunded / (total * sign)))
        if not index and currency.is_zero(total * (1 - share)):
            return 1.0
        return 0.0 if not index and currency.is_zero(total * share) else share

    def _loyalty_refunded_share(self, card, spent):
        """Return which part of what moved a card's points was refunded so far.

        Points follow the lines that earned them, by quantity where the program counts
        units and by amount elsewhere; spent ones follow the reward lines.

        :param card: `loyalty.card` record
        :param spent: True for the rewards the card paid
        """
        self.ensure_one()
        if spent:
            lines = self.order_line.filtered(lambda line: line.coupon_id == card)
        else:
            lines = self._loyalty_earning_lines(card.program_id)
        shares = self._loyalty_refunded_lines()
        modes = set(card.program_id.rule_ids.mapped("reward_point_mode"))
        by_quantity = modes == {"unit"} and not spent
        weights = {
            line: abs(line.product_uom_qty if by_quantity else line.price_subtotal)
            for line in lines
        }
        if not any(weights.values()):
            weights = {line: abs(line.product_uom_qty) for line in lines}
        total = sum(weights.values())
        if not total:
            return 0.0
        refunded = sum(
            weight * shares.get(line, 0.0) for line, weight in weights.items()
        )
        share = refunded / total
        return 1.0 if float_compare(share, 1.0, QUANTITY_DIGITS) >= 0 else share

    def _loyalty_earning_lines(self, program):
        """Return the product lines that a program counts, all when none fits."""
        goods = self._loyalty_product_lines().filtered(lambda line: not line.reward_id)
        by_rule = program._get_valid_products(goods.product_id)
        products = self.env["product.product"].union(*by_rule.values())
        return goods.filtered(lambda line: line.product_id in products) or goods

    def _loyalty_sync_refunds(self, source, undo=False):
        """Bring purchase, points and redemptions to what came back so far."""
        self.ensure_one()
        order = self.sudo()
        # The purchase row comes first: it says which refunds count.
        self.env["loyalty.purchase"].sudo()._record_refund(order, source, undo)
        return super()._loyalty_sync_refunds(source, undo)

    def _loyalty_refit_refunds(self):
        """Bring the refunds of orders that were edited up to date."""
        for order in self:
            source = order._loyalty_last_refund()
            if source:
                order._loyalty_sync_refunds(source)

    def _loyalty_withdraw_refunds(self):
        """Take back what refunds did to orders that are cancelled now."""
        for order in self:
            source = order._loyalty_last_refund()
            if source:
                order._loyalty_sync_refunds(source, undo=True)

    def _loyalty_last_refund(self):
        """Return the document that refunded the order last, or None."""
        self.ensure_one()
        order = self.sudo()
        for row in reversed(order._loyalty_refund_rows()):
            # A withdrawn credit note may have been deleted.
            document = order.env[row.order_model].browse(row.order_id).exists()
            if document:
                return document
        return None

    def _loyalty_refund_amounts(self, shares):
        """Return what refunds take off the purchase, as of `_loyalty_purchase_amounts`.

        :param shares: dict of `_loyalty_refunded_lines`
        """
        if self._loyalty_is_refunded(shares):
            return {
                name: -amount
                for name, amount in self._loyalty_purchase_amounts().items()
            }
        payments = self._loyalty_payment_lines()
        discounts = self._loyalty_discount_lines()
        untaxed = total = discount = 0.0
        for line, share in shares.items():
            if line in discounts:
                discount += share * line.price_subtotal
            if line not in payments:
                untaxed -= share * line.price_subtotal
                total -= share * line.price_total
        return {
            "amount": self._loyalty_to_company(untaxed),
            "amount_total": self._loyalty_to_company(total),
            "discount_amount": self._loyalty_to_company(discount),
        }

    def _loyalty_is_refunded(self, shares):
        """Return whether all that the order sold came back.

        :param shares: dict of `_loyalty_refunded_lines`
        """
        sold = self.order_line.filtered("price_subtotal")
        return bool(shares) and all(shares.get(line) == 1.0 for line in sold)

    def _loyalty_refund_lines(self, shares):
        """Return the product lines that came back, as of `_loyalty_purchase_lines`.

        :param shares: dict of `_loyalty_refunded_lines`
        """
        return [
            {**line, **{name: -line[name] for name in ("quantity", "amount", "cost")}}
            for line in self._loyalty_line_vals(shares)
        ]
