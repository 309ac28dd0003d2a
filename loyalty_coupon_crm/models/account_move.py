from odoo import api, models
from odoo.exceptions import UserError

from ..tools.credit_parts import BilledLine, take_credits


class AccountMove(models.Model):
    _name = "account.move"
    _inherit = ["account.move", "loyalty.document.mixin"]

    def _post(self, soft=True):
        """Post; a credit note takes back what its sales order moved, in proportion."""
        posted = super()._post(soft)
        posted._loyalty_sync_orders()
        posted._loyalty_tell_unlinked()
        return posted

    def button_draft(self):
        """Reset to draft; a credit note that is withdrawn gives back what it took."""
        posted = self.filtered(lambda move: move.state == "posted")
        result = super().button_draft()
        posted._loyalty_sync_orders()
        return result

    @api.ondelete(at_uninstall=False)
    def _unlink_except_loyalty_liability(self):
        """Keep a proposal that later ones are built on.

        :raise UserError: when the points liability of a later day is known
        """
        # Whoever deletes the draft need not read what it was made of.
        rows = self.env["loyalty.point.liability"].sudo()
        for row in rows.search([("move_id", "in", self.ids)]):
            later = rows.search(
                [
                    ("company_id", "=", row.company_id.id),
                    ("program_id", "=", row.program_id.id),
                    ("date", ">", row.date),
                    ("move_id", "not in", self.ids),
                ],
                limit=1,
            )
            if later:
                raise UserError(
                    self.env._(
                        "The points liability of %(program)s at %(later)s is built on "
                        "this entry: delete the entry of that day first.",
                        program=row.program_id.name,
                        later=later.date,
                    )
                )

    def _loyalty_is_sale(self):
        """Hook: return whether the document bills or credits sales orders itself."""
        self.ensure_one()
        return self.is_sale_document(include_receipts=True)

    def _loyalty_sync_orders(self):
        """Bring the confirmed orders of these documents to what came back."""
        # Who keeps the books may read neither orders nor loyalty.
        for move in self.sudo():
            if not move._loyalty_is_sale():
                continue
            for order in move._loyalty_orders():
                # An invoice counts only where it bills again what was credited.
                if order._loyalty_is_confirmed() and (
                    move.move_type == "out_refund" or order._loyalty_refund_rows()
                ):
                    order._loyalty_sync_refunds(move)

    def _loyalty_orders(self):
        """Hook: return the orders a document bills or credits, as a list of records.

        A line without link credits the orders of the invoice that the document
        reverses.
        """
        self.ensure_one()
        orders = self.line_ids.sale_line_ids.order_id
        if self._loyalty_free_lines():
            orders |= self._loyalty_credited_invoice().line_ids.sale_line_ids.order_id
        return list(orders)

    def _loyalty_free_lines(self):
        """Return the invoice lines that name no order line."""
        return self.invoice_line_ids.filtered(
            lambda line: line.display_type == "product" and not line.sale_line_ids
        )

    def _loyalty_credited_invoice(self):
        """Return the invoice that a credit note, or what undoes one, goes back to."""
        self.ensure_one()
        invoice = self
        while invoice.reversed_entry_id:
            invoice = invoice.reversed_entry_id
        return invoice - self

    def _loyalty_free_credits(self):
        """Return what credit notes of an invoice take back without naming order lines.

        :return: list of (credit note, {line of the bill: part that it takes back}), the
            lines as of `_loyalty_billed_lines`
        """
        self.ensure_one()
        found = []
        lines = None
        for note in self.reversal_move_ids.sorted("id"):
            part = note._loyalty_standing_part()
            free = note._loyalty_free_lines()
            if not part or not free:
                continue
            lines = lines or self._loyalty_billed_lines()
            parts = take_credits(
                lines,
                [
                    (
                        line.product_id,
                        part * line._loyalty_amount_in(self.currency_id),
                        part * line.quantity,
                    )
                    for line in free
                ],
            )
            found.append((note, parts))
        return found

    def _loyalty_standing_part(self):
        """Return which part of what a credit note credits freely was not undone.

        :return: number between 0 and 1; 0 for a note that is not posted
        """
        self.ensure_one()
        if self.state != "posted" or not self._loyalty_is_sale():
            return 0.0
        total = self._loyalty_free_amount()
        undone = sum(
            move._loyalty_free_amount() * move._loyalty_standing_part()
            for move in self.reversal_move_ids
        )
        return min(1.0, max(0.0, 1 - abs(undone / total))) if total else 1.0

    def _loyalty_free_amount(self):
        """Return what the lines without order come to, in company currency."""
        return sum(self._loyalty_free_lines().mapped("balance"))

    def _loyalty_billed_lines(self):
        """Hook: return what an invoice billed, less what credits with a link took back.

        :return: list of `BilledLine` with invoice lines as keys, untaxed in the
            currency of the invoice
        """
        self.ensure_one()
        linked = self._loyalty_linked_credits()
        return [
            BilledLine(
                line,
                line.product_id,
                -line.amount_currency,
                line.quantity,
                open_part=line._loyalty_open_part(linked),
                is_payment=line._loyalty_is_payment(),
            )
            for line in self.invoice_line_ids
            if line.display_type == "product"
        ]

    def _loyalty_linked_credits(self):
        """Return the posted lines that credit order lines of the invoice again."""
        found = self.env["account.move.line"]
        moves = self.reversal_move_ids
        while moves:
            found |= moves.filtered(
                lambda move: move.state == "posted"
            ).invoice_line_ids
            moves = moves.reversal_move_ids
        return found.filtered("sale_line_ids")

    def _loyalty_tell_unlinked(self):
        """Note on credit notes that belong to no order that no points were changed.

        Which goods earned the customer's points cannot be told without an order, so
        nothing is guessed: whoever credited decides.
        """
        # Who keeps the books may read neither orders nor wallets.
        notes = self.sudo().filtered(
            lambda move: (
                move.move_type == "out_refund"
                and move._loyalty_is_sale()
                and not move._loyalty_orders()
            )
        )
        if not notes:
            return
        # Who posts an invoice need not read the customer's cards.
        wallets = (
            self.env["loyalty.card"]
            .sudo()
            ._read_group(
                [
                    ("partner_id", "in", notes.partner_id.ids),
                    ("program_id.strict", "=", True),
                    ("program_type", "=", "loyalty"),
                ],
                ["partner_id"],
            )
        )
        owners = {partner for (partner,) in wallets}
        for note in notes.filtered(lambda note: note.partner_id in owners):
            note._loyalty_note(
                self.env._(
                    "This credit note belongs to no order: the points of %(name)s "
                    "were not changed. Credit the invoice of the order, or refund it "
                    "at the till; else adjust the points by hand.",
                    name=note.partner_id.display_name,
                )
            )
