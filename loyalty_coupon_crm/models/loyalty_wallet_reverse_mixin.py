from odoo import api, models
from odoo.tools import float_is_zero

from .loyalty_wallet_mixin import POINTS_DIGITS


class LoyaltyWalletReverseMixin(models.AbstractModel):
    """Undoing what documents moved: every reversal names the movement it undoes."""

    _name = "loyalty.wallet.reverse.mixin"
    _description = "Reversal of Points"

    @api.model
    def _document_moves(self, documents):
        """Return what the documents' own movements still move, oldest first.

        A refund is a document of its own: what it reverses does not count here.

        :param documents: records with `loyalty.document.mixin`
        :return: {movement: its points less what the document itself reversed}
        """
        # The movements of a document may lie on cards that the reader may not see.
        moves = (
            self.env["loyalty.point.move"]
            .sudo()
            .search(
                [
                    ("order_model", "=", documents._name),
                    ("order_id", "in", documents.ids),
                ],
                order="id",
            )
        )
        left = {}
        for move in moves:
            root = move.reversal_of_id
            if root in left:
                left[root] += move.points
            else:
                left[move] = move.points
        return {
            move: points
            for move, points in left.items()
            if not float_is_zero(points, precision_digits=POINTS_DIGITS)
        }

    @api.model
    def _wallet_reverse_documents(self, documents):
        """Take back what our movements of the documents say, in the open scope.

        Cards without a movement of the document keep what Odoo did to them.

        :param documents: records with `loyalty.document.mixin` that were cancelled
        """
        scope = self._wallet_scope_current()
        left = self._document_moves(documents)
        moves = self.env["loyalty.point.move"].sudo().union(*left)
        balances = moves.card_id._ledger_balances()
        for card, card_moves in moves.grouped("card_id").items():
            for move in card_moves:
                scope.plan(
                    card.id,
                    "reverse",
                    -left[move],
                    order_model=move.order_model,
                    order_id=move.order_id,
                    company_id=move.company_id.id,
                    reversal_of_id=move.id,
                    request_key=f"reverse/{move.id}",
                )
            target = balances.get(card.id, 0.0) - sum(left[move] for move in card_moves)
            scope.touch(card.id)
            if not float_is_zero(card.points - target, precision_digits=POINTS_DIGITS):
                card.with_context(loyalty_no_mail=True).points = target

    def _wallet_unplanned_rows(self, row):
        """Return the rows for a change nobody planned.

        Points that come back on a document name the spends of it, the latest first.

        :param row: values of the one row that would explain the change
        """
        self.ensure_one()
        model, order_id = row.get("order_model"), row.get("order_id")
        if row["kind"] != "reverse" or row["points"] <= 0 or model not in self.env:
            return [row]
        rest = row["points"]
        rows = []
        left = self._document_moves(self.env[model].browse(order_id))
        for move in reversed(left):
            points = min(rest, -left[move])
            if move.card_id == self and points > 0:
                rows.append({**row, "points": points, "reversal_of_id": move.id})
                rest -= points
        if not float_is_zero(rest, precision_digits=POINTS_DIGITS):
            rows.append({**row, "points": rest})
        return rows
