from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, float_round, format_date

from .implied_many2one import ImpliedMany2one
from .loyalty_point_expiry_mixin import INACTIVE_DAY

KINDS = [
    ("opening", "Opening balance"),
    ("earn", "Earned"),
    ("spend", "Spent"),
    ("expire", "Expired"),
    ("adjust", "Adjustment"),
    ("transfer", "Transfer"),
    ("issue", "Issued"),
    ("void", "Voided"),
    ("reverse", "Reversal"),
    ("loss", "Loss"),
]


class LoyaltyPointMove(models.Model):
    """One gross movement of points on one card: the ledger under every balance.

    Rows are written by the wallet alone and never change, but for `remaining` (what
    is left of an award) and `partner_id` (merge of customers, erasure of a person).
    """

    _name = "loyalty.point.move"
    _inherit = [
        "loyalty.point.check.mixin",
        "loyalty.point.debt.mixin",
        "loyalty.point.expiry.mixin",
        "loyalty.point.loss.mixin",
    ]
    _description = "Points Movement"
    _order = "id desc"
    _log_access = False
    _rec_name = "card_id"

    card_id = fields.Many2one(
        "loyalty.card", required=True, ondelete="restrict", index=True
    )
    partner_id = fields.Many2one(
        "res.partner", string="Customer", index="btree_not_null"
    )
    program_id = ImpliedMany2one(
        "loyalty.program",
        required=True,
        ondelete="restrict",
        index=True,
    )
    company_id = fields.Many2one("res.company", index="btree_not_null")
    date = fields.Datetime(required=True, default=fields.Datetime.now)
    kind = fields.Selection(KINDS, required=True)
    points = fields.Float(
        required=True, help="Points added (positive) or taken (negative) on the card."
    )
    balance_after = fields.Float(
        help="Balance of the card after this movement, in points."
    )
    expiration_date = fields.Date(help="Last day on which the award can be spent.")
    available_date = fields.Date(help="First day on which the award can be spent.")
    inactive_days = fields.Integer(
        string="Lapses Without Purchase",
        help="Days without a purchase after which the award lapses; 0 for never.",
    )
    remaining = fields.Float(help="Points of this award that have not been drawn yet.")
    order_model = fields.Char(string="Document Model")
    order_id = fields.Many2oneReference(string="Document", model_field="order_model")
    reason = fields.Char()
    user_id = fields.Many2one("res.users")
    approved_by_id = fields.Many2one("res.users", string="Approved by")
    reversal_of_id = fields.Many2one(
        "loyalty.point.move", string="Reverses", index="btree_not_null"
    )
    counterpart_id = fields.Many2one(
        "loyalty.point.move",
        string="Other Side",
        index="btree_not_null",
        help="The movement on the other wallet that these points came from.",
    )
    counterpart_ids = fields.One2many(
        "loyalty.point.move", "counterpart_id", string="Other Sides"
    )
    adjustment_id = fields.Many2one(
        "loyalty.adjustment", string="Points Change", index="btree_not_null"
    )
    request_key = fields.Char(
        string="Request",
        help="Names the request that caused the movement: a retry moves nothing.",
    )

    _request_key_unique = models.UniqueIndex(
        "(request_key) WHERE request_key IS NOT NULL",
        "This movement of points was already made.",
    )
    _document_index = models.Index("(order_model, order_id) WHERE order_id IS NOT NULL")
    _date_index = models.Index("(date)")
    _below_zero_index = models.Index("(card_id) WHERE balance_after < 0")
    _open_award_index = models.Index("(card_id, expiration_date) WHERE remaining > 0")

    def write(self, vals):
        """Refuse to change a row of the ledger.

        :raise UserError: when anything but the customer changes
        """
        if set(vals) - {"partner_id", "remaining"} and not self._in_wallet_scope():
            raise UserError(
                self.env._(
                    "A points movement is never changed: post one that reverses it."
                )
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_ledger(self):
        raise UserError(
            self.env._(
                "A points movement is never deleted: post a movement that reverses it."
            )
        )

    def _in_wallet_scope(self):
        return bool(self.env["loyalty.card"]._wallet_scope_current())

    def _allocate(self):
        """Say for each movement which award it drew from or gives back to.

        A spend draws from the award that lapses first; the reversal of an award draws
        from that award first; the reversal of a spend gives back to its awards. What
        was taken below zero draws from the awards that come after.
        """
        self.flush_recordset()
        for move in self.sorted("id"):
            origin = move.reversal_of_id
            if move.points < 0:
                move._draw(first=origin)
            elif move.kind == "reverse":
                move._give_back(origin)
            elif move.remaining < move.points:
                move._pay_debts()
        self.invalidate_model(["remaining", "expiration_date", "inactive_days"])

    def _draw(self, first):
        """Take the points of a spend from the open awards of its card.

        Pending awards come last: nothing but a balance below zero or the reversal of
        their own purchase takes them.

        :param first: award that is drawn before the others, may be empty
        """
        company = self.card_id.company_id or self.env.company
        self.env.cr.execute(
            SQL(
                """
                WITH open_award AS (
                    SELECT id, remaining,
                           SUM(remaining) OVER (
                               ORDER BY id != %(first)s,
                                        COALESCE(available_date > %(today)s, FALSE),
                                        LEAST(expiration_date, %(today)s::date
                                              + NULLIF(inactive_days, 0)) NULLS LAST,
                                        date, id) - remaining AS before
                      FROM loyalty_point_move
                     WHERE card_id = %(card)s AND remaining > 0 AND points > 0
                ), drawn AS (
                    SELECT id, LEAST(remaining, %(points)s - before) AS points
                      FROM open_award WHERE before < %(points)s
                ), taken AS (
                    UPDATE loyalty_point_move award
                       SET remaining = ROUND(
                               (award.remaining - drawn.points)::numeric, 2)
                      FROM drawn WHERE award.id = drawn.id
                )
                INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
                SELECT %(spend)s, id, points FROM drawn
                """,
                first=first.id or 0,
                card=self.card_id.id,
                points=-self.points,
                spend=self.id,
                today=company._loyalty_today(),
            )
        )

    def _terms(self):
        """Return the terms an award was given with, as values of another one."""
        self.ensure_one()
        return {
            name: self[name]
            for name in ("expiration_date", "available_date", "inactive_days")
        }

    def _drawn_awards(self):
        """Return what a spend drew, with the terms each award was given with.

        :return: list of dicts with `points`, `expiration_date`, `available_date`,
            `inactive_days`; the last one, without terms, for points that no award
            explains
        """
        self.ensure_one()
        self.env["loyalty.point.allocation"].flush_model()
        rows = [
            {"points": drawn.points, **drawn.award_id._terms()}
            for drawn in self.env["loyalty.point.allocation"].search(
                [("spend_id", "=", self.id), ("points", ">", 0)], order="id"
            )
        ]
        rest = float_round(
            -self.points - sum(row["points"] for row in rows), precision_digits=2
        )
        return [*rows, {"points": rest}] if rest > 0 else rows

    def _give_back(self, origin):
        """Put the points of a reversal back on the awards they were drawn from.

        What no allocation explains stays open on the reversal itself, and so does what
        was drawn from awards that lapsed since, by their last day or without a purchase
        for too long: it can be spent for the days of grace of the program. Where both
        come together nothing says that they lapse, and they keep the program's terms.
        The allocations note all that came back, so that the next part of a refund goes
        to the next award.

        :param origin: the reversed movement, may be empty: a spend, or an award whose
            earlier reversal is undone
        """
        company = self.card_id.company_id or self.env.company
        today = company._loyalty_today()
        program = self.program_id
        grace = program.refund_grace_days if program.is_nominative else 0
        self.env.cr.execute(
            SQL(
                """
                WITH usable AS (
                    SELECT GREATEST(0, LEAST(points, balance_after)) AS points
                      FROM loyalty_point_move WHERE id = %(reversal)s
                ), seen AS MATERIALIZED (
                    SELECT GREATEST(
                               (SELECT MAX(date) FROM loyalty_point_move
                                 WHERE card_id = %(card)s
                                   AND kind IN ('earn', 'spend')),
                               (SELECT MAX(date) FROM loyalty_purchase
                                 WHERE partner_id = %(partner)s
                                   AND reversal_of_id IS NULL)) AS date
                ), drawn AS (
                    SELECT drawn.award_id, SUM(drawn.points) AS points,
                           %(grace)s > 0 AND COALESCE(BOOL_OR(LEAST(
                               award.expiration_date, %(inactive)s) < %(today)s),
                               FALSE) AS lapsed
                      FROM loyalty_point_move spend
                      JOIN loyalty_point_allocation drawn ON drawn.spend_id = spend.id
                      JOIN loyalty_point_move award ON award.id = drawn.award_id
                     CROSS JOIN seen
                     CROSS JOIN (VALUES (%(zone)s)) AS clock (zone)
                     WHERE (spend.id = %(origin)s
                            OR spend.reversal_of_id = %(origin)s)
                       AND award.card_id = %(card)s
                     GROUP BY drawn.award_id
                ), ordered AS (
                    SELECT award_id, points, lapsed,
                           SUM(points) OVER (ORDER BY award_id DESC) - points AS before
                      FROM drawn WHERE points > 0.004
                ), part AS (
                    SELECT ordered.award_id, ordered.lapsed,
                           LEAST(ordered.points, usable.points - before) AS points
                      FROM ordered, usable WHERE before < usable.points
                ), given AS (
                    SELECT award_id, points FROM part WHERE NOT lapsed
                ), returned AS (
                    UPDATE loyalty_point_move award
                       SET remaining = ROUND(
                               (award.remaining + given.points)::numeric, 2)
                      FROM given WHERE award.id = given.award_id
                ), grace AS (
                    SELECT BOOL_OR(part.lapsed)
                           AND SUM(part.points) > MIN(usable.points) - 0.005 AS counts
                      FROM part, usable
                ), noted AS (
                    INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
                    SELECT %(reversal)s, award_id, -points FROM part
                )
                UPDATE loyalty_point_move
                   SET remaining = ROUND(((SELECT points FROM usable)
                           - COALESCE((SELECT SUM(points) FROM given), 0))::numeric, 2),
                       expiration_date = CASE
                           WHEN (SELECT counts FROM grace)
                           THEN %(today)s + %(grace)s ELSE expiration_date END,
                       -- The grace is given to who did not buy for too long, too.
                       inactive_days = CASE
                           WHEN (SELECT counts FROM grace)
                           THEN 0 ELSE inactive_days END
                 WHERE id = %(reversal)s
                """,
                origin=origin.id or 0,
                reversal=self.id,
                card=self.card_id.id,
                partner=self.card_id.partner_id.id or 0,
                inactive=SQL(INACTIVE_DAY),
                zone=company._loyalty_timezone(),
                today=SQL("%s::date", today),
                grace=grace,
            )
        )

    @api.model
    def _check_pending_spent(self, documents):
        """Refuse documents that together spend points which are pending.

        :param documents: records with `loyalty.document.mixin` that were confirmed
        :raise ValidationError: when a spend of them drew from a pending award
        """
        if not documents:
            return
        rows = self.env.execute_query(
            SQL(
                """
                SELECT card.code, MIN(award.available_date)
                  FROM loyalty_point_move spend
                  JOIN loyalty_point_allocation drawn ON drawn.spend_id = spend.id
                  JOIN loyalty_point_move award ON award.id = drawn.award_id
                  JOIN loyalty_card card ON card.id = award.card_id
                 WHERE spend.order_model = %s AND spend.order_id = ANY(%s)
                   AND spend.kind = 'spend' AND drawn.points > 0
                   AND award.available_date
                       > (spend.date AT TIME ZONE 'UTC' AT TIME ZONE %s)::date
                 GROUP BY card.code
                """,
                documents._name,
                documents.ids,
                documents[0].company_id._loyalty_timezone(),
            )
        )
        for code, day in rows:
            raise ValidationError(
                self.env._(
                    "The card %(code)s has too few points for these orders: the "
                    "others can be spent from %(day)s. Remove its reward from one of "
                    "them and confirm again.",
                    code=code,
                    day=format_date(self.env, day),
                )
            )

    def _document_names(self):
        """Return the names of the documents of these movements.

        :return: dict of (model, id) to name; documents that are gone are left out
        """
        names = {}
        for model, moves in self.filtered("order_id").grouped("order_model").items():
            if model not in self.env:
                continue
            # Whoever reads the statement may not read the order, its name is all.
            documents = self.env[model].sudo().browse(set(moves.mapped("order_id")))
            for document in documents.exists():
                names[model, document.id] = document.display_name
        return names

    def _balance_at(self, cards, moment):
        """Return the balance of `cards` at a moment, movements elsewhere included.

        :param cards: `loyalty.card` records that the reader may read
        :param moment: naive datetime in UTC; movements at that very second count
        :return: dict of card id to points
        """
        # Other companies' movements of a shared wallet are in its balance, too.
        rows = self.sudo()._read_group(
            [("card_id", "in", cards.ids), ("date", "<=", moment)],
            ["card_id"],
            ["points:sum"],
        )
        found = {card.id: points for card, points in rows}
        return {card.id: found.get(card.id, 0.0) for card in cards}
