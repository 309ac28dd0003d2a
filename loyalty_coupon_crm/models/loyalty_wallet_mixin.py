from contextlib import contextmanager

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.tools import SQL, float_is_zero, float_round

from ..tools.rounding import POINTS_DIGITS
from ..tools.wallet_scope import WalletScope

SCOPE_KEY = "loyalty_coupon_crm.wallet_scope"


class LoyaltyWalletMixin(models.AbstractModel):
    """The adapter between Odoo's mutable `points` and our ledger.

    Every change of points happens inside a wallet scope, kept on the cursor where no
    client reaches it. When the outermost scope closes, each touched card gets the rows
    that were planned for it, and one more row for what nobody explained.
    """

    _name = "loyalty.wallet.mixin"
    _description = "Points Wallet"

    move_ids = fields.One2many("loyalty.point.move", "card_id", string="Statement")

    @api.model_create_multi
    def create(self, vals_list):
        """Create cards and book the points they start with.

        :raise AccessError: when points are given outside the wallet
        """
        vals_list = [self._round_points(vals) for vals in vals_list]
        with_points = [bool(vals.get("points")) for vals in vals_list]
        if any(with_points):
            self._check_wallet_open()
        with self._wallet_scope("adjust") as scope:
            cards = super().create(vals_list)
            for card, touched in zip(cards, with_points, strict=True):
                if touched:
                    scope.touch(card.id)
        return cards

    def write(self, vals):
        """Write cards and book the change of their points.

        :raise AccessError: when points are written outside the wallet
        """
        if "points" not in vals:
            return super().write(vals)
        self._check_wallet_open()
        with self._wallet_scope("adjust") as scope:
            scope.touch(*self.ids)
            return super().write(self._round_points(vals))

    @api.model
    def _round_points(self, vals):
        """Return the values with points at the precision of the ledger, if any."""
        if not vals.get("points"):
            return vals
        points = float_round(float(vals["points"]), precision_digits=POINTS_DIGITS)
        return {**vals, "points": points}

    def unlink(self):
        """Archive the cards that have a history, delete the others."""
        kept = self._with_history()
        if kept:
            kept.write({"active": False})
        return super(LoyaltyWalletMixin, self - kept).unlink()

    def _with_history(self):
        """Return the cards that a movement, a redemption or a campaign names."""
        self.flush_recordset()
        if not self.ids:
            return self.browse()
        rows = self.env.execute_query(
            SQL(
                """
                SELECT card.id FROM loyalty_card card
                 WHERE card.id = ANY(%(ids)s)
                   AND (EXISTS (SELECT 1 FROM loyalty_point_move row
                                 WHERE row.card_id = card.id)
                     OR EXISTS (SELECT 1 FROM loyalty_redemption row
                                 WHERE row.card_id = card.id)
                     OR card.campaign_member_id IS NOT NULL)
                """,
                ids=self.ids,
            )
        )
        return self.browse(row[0] for row in rows)

    def _check_wallet_open(self):
        """Refuse points that a client sends around the wallet.

        Every call of a client comes within a request, whatever it does: write, import
        or a crafted context. Code of the server passes and is booked as adjustment.

        :raise AccessError: in a request outside a scope, for all but the superuser
        """
        if self.env.su or self._wallet_scope_current() or not request:
            return
        raise AccessError(
            self.env._(
                "Points are not written directly. Use the button on the balance to "
                "adjust a card, with a reason."
            )
        )

    @api.model
    def _wallet_scope_current(self):
        """Return the open scope of this transaction, or None."""
        return self.env.cr.cache.get(SCOPE_KEY)

    @contextmanager
    def _wallet_scope(self, kind, document=None, reason=None, **origin):
        """Open a scope in which points may change; a scope within a scope joins it.

        :param kind: kind of the rows for changes nobody plans, of `loyalty.point.move`
        :param document: record with `loyalty.document.mixin` that causes the changes
        :param reason: words for the rows
        :param origin: further values for the rows (`user_id`, `approved_by_id`)
        :return: context manager that gives the `WalletScope`
        """
        current = self._wallet_scope_current()
        if current:
            yield current
            return
        if document:
            origin = {**document._loyalty_origin(), **origin}
        scope = WalletScope(kind, {"reason": reason, **origin})
        self.env.cr.cache[SCOPE_KEY] = scope
        try:
            yield scope
            self._wallet_close(scope)
        finally:
            self.env.cr.cache.pop(SCOPE_KEY, None)

    def _wallet_close(self, scope):
        """Book what happened to the cards touched in a scope."""
        # Cashier and salesperson may not write the ledger, the wallet does it for them.
        cards = self.sudo().browse(sorted(scope.touched)).exists()
        if not cards:
            return
        balances = cards._ledger_balances()
        known = self._known_requests(scope)
        rows = []
        for card in cards:
            balance = balances.get(card.id, 0.0)
            planned = [
                row
                for row in scope.rows_of(card.id)
                if row.get("request_key") not in known
            ]
            explained = sum(row["points"] for row in planned)
            rest = card.points - balance - explained
            if not float_is_zero(rest, precision_digits=POINTS_DIGITS):
                planned += card._wallet_unplanned_rows(scope.unplanned_row(rest))
            rows += card._prepare_moves(planned, balance)
        if rows:
            moves = self.env["loyalty.point.move"].sudo().create(rows)
            moves._allocate()
            cards._mark_issued(moves)

    def _known_requests(self, scope):
        """Return the request keys of the scope that the ledger already holds."""
        keys = [row["request_key"] for row in scope.rows if row.get("request_key")]
        if not keys:
            return set()
        moves = self.env["loyalty.point.move"].sudo()
        return set(moves.search([("request_key", "in", keys)]).mapped("request_key"))

    def _ledger_balances(self):
        """Return {card id: balance after its last movement} of cards that have one."""
        self.env["loyalty.point.move"].flush_model()
        return dict(
            self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT ON (card_id) card_id, balance_after
                      FROM loyalty_point_move
                     WHERE card_id = ANY(%s)
                     ORDER BY card_id, id DESC
                    """,
                    self.ids,
                )
            )
        )

    def _prepare_moves(self, rows, balance):
        """Return the values of the movements for one card, awards first.

        :param rows: dicts with `kind`, `points` and origin
        :param balance: points on the card before the first row
        """
        self.ensure_one()
        values = []
        now = fields.Datetime.now()
        for row in sorted(rows, key=lambda row: row["points"] < 0):
            points = float_round(row["points"], precision_digits=POINTS_DIGITS)
            if not points:
                continue
            balance = float_round(balance + points, precision_digits=POINTS_DIGITS)
            gives_back = row["kind"] == "reverse" and points > 0
            open_points = max(0.0, min(points, balance)) if not gives_back else 0.0
            values.append(
                {
                    "date": now,
                    "user_id": self.env.uid,
                    "company_id": self.company_id.id,
                    **row,
                    "card_id": self.id,
                    "partner_id": self.partner_id.id,
                    "program_id": self.program_id.id,
                    "points": points,
                    "balance_after": balance,
                    "remaining": open_points,
                    **(self._award_terms(row) if points > 0 else {}),
                }
            )
        return values

    def _award_terms(self, row):
        """Return the terms of an award that the card gets now.

        :param row: dict with `kind`; terms in it win over those of the program
        :return: dict of `expiration_date`, `available_date` and `inactive_days`
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        terms = self.program_id._award_terms(
            company._loyalty_today(), earned=row["kind"] == "earn"
        )
        terms["expiration_date"] = terms["expiration_date"] or self.expiration_date
        return {name: row.get(name, value) for name, value in terms.items()}

    def _mark_issued(self, moves):
        """Note on each card when it got its first points."""
        awarded = moves.filtered(lambda move: move.points > 0).card_id
        fresh = awarded.filtered(lambda card: not card.issued_at)
        if fresh:
            fresh.write(
                {"issued_at": fields.Datetime.now(), "issued_by_id": self.env.uid}
            )
            fresh._set_validity()

    def _post_move(self, kind, points, **origin):
        """Move points on each card and book the movement.

        :param kind: kind of `loyalty.point.move`
        :param points: points added (positive) or taken (negative) on each card
        :param origin: values for the rows (`reason`, `order_model`, `order_id`,
            `request_key`, `reversal_of_id`, `approved_by_id`)
        """
        # A movement of the wallet is allowed to whoever our own flows let reach it.
        with self._wallet_scope(kind) as scope:
            for card in self.sudo():
                scope.plan(card.id, kind, points, **origin)
                card.points += points

    @api.model
    def _wallet_plan_document(self, document):
        """Plan the gross rows of a document in the open scope.

        :param document: record with `loyalty.document.mixin`
        """
        scope = self._wallet_scope_current()
        origin = document._loyalty_origin()
        attempt = document._loyalty_attempt()
        for card, kind, points in document._loyalty_point_rows():
            key = f"{document._name},{document.id}/{card.id}/{kind}/{attempt}"
            scope.plan(card.id, kind, points, request_key=key, **origin)
