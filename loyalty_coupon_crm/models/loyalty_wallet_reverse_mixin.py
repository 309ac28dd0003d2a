from odoo import api, fields, models
from odoo.tools import float_compare, float_is_zero, float_round, format_amount

from ..tools.rounding import POINTS_DIGITS


class LoyaltyWalletReverseMixin(models.AbstractModel):
    """Undoing what documents moved: every reversal names the movement it undoes.

    What an order moved is told by the order's own movements; what refunds undo of
    them stands in movements of the refunds. A cancelled order takes back the refunds
    first and then its own movements, so that both always add up.

    Points that a customer spent before they had to be taken back follow the policy of
    the program. What cannot be taken is a row of its own, so that the loss is seen; it
    is recovered when the points come back that were spent.
    """

    _name = "loyalty.wallet.reverse.mixin"
    _description = "Reversal of Points"

    @api.model
    def _document_moves(self, documents):
        """Return what the documents' own movements still move, oldest first.

        A refund is a document of its own: what it reverses does not count here, nor
        do losses.

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
            if "loss" in (move.kind, root.kind):
                continue
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
        left = self._document_moves(documents)
        for document in documents:
            rows = [
                (move, -points, f"reverse/{move.id}")
                for move, points in left.items()
                if move.order_id == document.id
            ]
            self._wallet_undo(rows, document)

    @api.model
    def _wallet_refund(self, document, source, undo=False):
        """Take back earned points and give back spent ones as far as goods come back.

        Shares are of all refunds so far: several partial refunds end where a full one
        does, and a refund that is withdrawn or made twice moves nothing twice. Programs
        that are not strict keep Odoo's way: a refund leaves their points alone.

        :param document: record with `loyalty.document.mixin` whose goods came back
        :param source: the document that refunds, or withdraws a refund
        :param undo: take back all refunds, because the document itself is cancelled
        """
        moves = self._document_moves(document)
        children = self._refund_moves(document, moves)
        rows = []
        for move, points in moves.items():
            done = children.get(move, self.env["loyalty.point.move"])
            if not done and not move.program_id.strict:
                continue
            target = 0.0
            if not undo:
                share = document._loyalty_refunded_share(move.card_id, move.points < 0)
                target = move.card_id._share_of(points, share)
            change = -target - sum(done.mapped("points"))
            key = f"{source._name},{source.id}/refund/{move.id}/{len(done)}"
            rows.append((move, change, key))
        with self._wallet_scope("reverse"):
            self._wallet_undo(rows, source)

    @api.model
    def _refund_moves(self, document, moves):
        """Return {movement: movements of refunds that reverse it}."""
        # Who refunds may not read the ledger.
        found = (
            self.env["loyalty.point.move"]
            .sudo()
            .search([("reversal_of_id", "in", [move.id for move in moves])])
        )
        refunds = found.filtered(
            lambda move: (
                (move.order_model, move.order_id) != (document._name, document.id)
            )
        )
        return refunds.grouped("reversal_of_id")

    def _share_of(self, points, share):
        """Return a share of points; half a coupon is no coupon.

        :param share: number between 0 and 1
        """
        self.ensure_one()
        whole = not self._is_wallet_of_points()
        return float_round(
            points * share,
            precision_digits=0 if whole else POINTS_DIGITS,
            rounding_method="DOWN" if whole else "HALF-UP",
        )

    def _is_wallet_of_points(self):
        """Return whether parts of the points count."""
        self.ensure_one()
        return self.program_id.is_nominative or self.program_id.is_payment_program

    @api.model
    def _wallet_undo(self, rows, document):
        """Plan reversals in the open scope, with the losses of points spent already.

        :param rows: tuples of movement, points to move (signed) and request key
        :param document: the document that causes it
        """
        scope = self._wallet_scope_current()
        origin = document._loyalty_origin()
        cards = {}
        for move, points, key in rows:
            if float_is_zero(points, precision_digits=POINTS_DIGITS):
                continue
            card = move.card_id.sudo()
            # What Odoo did to a card that was merged or replaced is put right, too.
            cards.setdefault(card, [])
            cards.setdefault(card._surviving(), []).append((move, points, key))
        everyone = self.sudo().union(*cards)
        balances = everyone._ledger_balances()
        for card, undone in cards.items():
            planned = sum(row["points"] for row in scope.rows_of(card.id))
            balance = balances.get(card.id, 0.0) + planned
            for move, points, key in undone:
                scope.plan(
                    card.id,
                    "reverse",
                    points,
                    **origin,
                    reversal_of_id=move.id,
                    request_key=key,
                )
            change = sum(points for _move, points, _key in undone)
            if change > 0:
                change -= card._plan_recovery(change, document)
                card._extend_given_back(document)
            elif change < 0:
                change += card._plan_loss(balance, change, document)
            target = balance + change
            scope.touch(card.id)
            if not float_is_zero(card.points - target, precision_digits=POINTS_DIGITS):
                card.with_context(loyalty_no_mail=True).points = target

    def _surviving(self):
        """Return the card that has the points of this one since it was replaced."""
        self.ensure_one()
        card = self
        while following := card.merged_into_id or (
            card.voided_at and card.reissued_to_ids[:1]
        ):
            card = following
        return card

    def _plan_loss(self, balance, change, document):
        """Plan the row for points that must be taken back, but were spent.

        :param balance: points on the card before
        :param change: points to take, negative
        :return: points that are not taken, positive
        """
        self.ensure_one()
        program = self.program_id
        lowest = program._clawback_lowest(self._is_wallet_of_points())
        if (
            lowest is None
            or float_compare(balance + change, lowest, POINTS_DIGITS) >= 0
        ):
            return 0.0
        lowest = min(balance, lowest)
        loss = float_round(lowest - balance - change, POINTS_DIGITS)
        charge = 0.0
        if program.clawback_policy == "charge" and self._is_wallet_of_points():
            charge = program._clawback_charge(loss)
            document._loyalty_note(self._charge_note(loss, charge))
        reason = self.env._("Already spent: cannot be taken back")
        if charge:
            amount = format_amount(self.env, charge, program.currency_id)
            reason = self.env._("Already spent: charge %(amount)s", amount=amount)
        self._wallet_scope_current().plan(
            self.id,
            "loss",
            loss,
            **document._loyalty_origin(),
            reason=reason,
            charge_amount=charge,
        )
        return loss

    def _charge_note(self, points, amount):
        """Return what is written on a document when points are charged in money."""
        return self.env._(
            "%(points)s points of card %(code)s were spent already and cannot be taken "
            "back. Charge the customer %(amount)s.",
            points=points,
            code=self.code,
            amount=format_amount(self.env, amount, self.program_id.currency_id),
        )

    def _plan_recovery(self, change, document):
        """Plan the rows that take earlier losses out of points that come back.

        What was charged in money is only taken when the refund itself is withdrawn.

        :param change: points that come back, positive
        :return: points that are taken, positive
        """
        self.ensure_one()
        scope = self._wallet_scope_current()
        planned = scope.rows_of(self.id)
        # Who refunds may not read the ledger.
        losses = self.env["loyalty.point.move"].sudo()
        losses = losses.search([("card_id", "=", self.id), ("kind", "=", "loss")])
        origin = document._loyalty_origin()
        taken = 0.0
        for loss in losses.sorted("id", reverse=True):
            own = (loss.order_model, loss.order_id) == (document._name, document.id)
            if loss.charge_amount and not own:
                continue
            back = sum(
                row["points"] for row in planned if row.get("reversal_of_id") == loss.id
            )
            left = loss.points + sum(loss.reversed_by_ids.mapped("points")) + back
            points = float_round(
                min(left, change - taken), precision_digits=POINTS_DIGITS
            )
            if points > 0:
                taken += points
                scope.plan(
                    self.id, "reverse", -points, **origin, reversal_of_id=loss.id
                )
        return taken

    def _extend_given_back(self, document):
        """Let a coupon that comes back after its last day be used for a few days."""
        self.ensure_one()
        days = self.program_id.refund_grace_days
        today = (self.company_id or document.company_id)._loyalty_today()
        last = self.expiration_date
        if self.program_id.is_nominative or not last or last >= today or not days:
            return
        self.expiration_date = fields.Date.add(today, days=days)
        self._log_change(
            self.env._(
                "Given back by %(document)s after its last day: valid for %(days)s "
                "more days.",
                document=document.display_name,
                days=days,
            )
        )

    @api.model
    def _forget_issue(self, documents):
        """Have coupons whose issue was taken back read as if never issued.

        A coupon of a cancelled order was not used, not made void by hand and does not
        count among the issued ones: it is a draft again. Its movements stay. One that
        was used in the meantime stays used.

        :param documents: records with `loyalty.document.mixin` that were undone
        """
        moves = self.env["loyalty.point.move"].sudo()
        cards = moves.search(
            [
                ("order_model", "=", documents._name),
                ("order_id", "in", documents.ids),
            ]
        ).card_id
        cards = cards.filtered(
            lambda card: (
                card.issued_at
                and not card.used_at
                and not card.voided_at
                and not card.program_id.is_nominative
            )
        )
        gone = cards.filtered(lambda card: not card._has_award())
        if gone:
            gone.write({"issued_at": False, "issued_by_id": False})

    def _has_award(self):
        """Return whether an award of the card was not taken back as a whole."""
        self.ensure_one()
        awards = self.env["loyalty.point.move"].search(
            [
                ("card_id", "=", self.id),
                ("points", ">", 0),
                ("reversal_of_id", "=", False),
                ("kind", "!=", "loss"),
            ]
        )
        return any(
            float_compare(
                award.points + sum(award.reversed_by_ids.mapped("points")),
                0.0,
                precision_digits=POINTS_DIGITS,
            )
            > 0
            for award in awards
        )

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
