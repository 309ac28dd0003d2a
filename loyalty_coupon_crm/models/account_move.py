from odoo import models


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

    def _loyalty_is_sale(self):
        """Hook: return whether the document bills or credits sales orders itself."""
        self.ensure_one()
        return self.is_sale_document(include_receipts=True)

    def _loyalty_sync_orders(self):
        """Bring the confirmed sales orders of these documents to what came back."""
        # Who keeps the books may read neither orders nor loyalty.
        for move in self.sudo():
            if not move._loyalty_is_sale():
                continue
            orders = move.line_ids.sale_line_ids.order_id.filtered(
                lambda order: order._loyalty_is_confirmed()
            )
            for order in orders:
                # An invoice counts only where it bills again what was credited.
                if move.move_type == "out_refund" or order._loyalty_refund_rows():
                    order._loyalty_sync_refunds(move)

    def _loyalty_credits_order(self):
        """Hook: return whether the credit note names the order it credits."""
        self.ensure_one()
        return bool(self.line_ids.sale_line_ids)

    def _loyalty_tell_unlinked(self):
        """Note on credit notes that name no order that no points were changed.

        Which goods earned the customer's points cannot be told without an order, so
        nothing is guessed: whoever credited decides.
        """
        # Who keeps the books may read neither orders nor wallets.
        notes = self.sudo().filtered(
            lambda move: (
                move.move_type == "out_refund" and not move._loyalty_credits_order()
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
