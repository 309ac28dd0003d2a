from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL, float_round

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
]

EXPIRE = """
    WITH today (company_id, day) AS (VALUES %(today)s),
    lapsed AS (
        SELECT move.id, move.card_id, move.remaining
          FROM loyalty_point_move move
          JOIN loyalty_card card ON card.id = move.card_id
          JOIN loyalty_program program ON program.id = card.program_id
          LEFT JOIN today ON today.company_id = card.company_id
         WHERE move.remaining > 0
           AND CASE WHEN program.applies_on = 'both'
                      OR (program.program_type IN ('ewallet', 'loyalty')
                          AND program.applies_on = 'future')
                    THEN move.expiration_date
                    WHEN program.strict THEN card.expiration_date
                END < COALESCE(today.day, %(default)s)
           AND NOT EXISTS (
               SELECT 1 FROM loyalty_point_hold held
                WHERE held.card_id = move.card_id
                  AND held.expires_at > NOW() AT TIME ZONE 'UTC')
         ORDER BY move.id
         LIMIT %(limit)s
           FOR UPDATE OF move
    ),
    emptied AS (
        UPDATE loyalty_point_move move SET remaining = 0
          FROM lapsed WHERE move.id = lapsed.id
    ),
    loss AS (
        SELECT card_id, SUM(remaining) AS points FROM lapsed GROUP BY card_id
    ),
    card AS (
        UPDATE loyalty_card card
           SET points = ROUND((card.points - loss.points)::numeric, 2)
          FROM loss WHERE card.id = loss.card_id
     RETURNING card.id, card.partner_id, card.program_id, card.company_id,
               card.points AS balance, loss.points
    ),
    spend AS (
        INSERT INTO loyalty_point_move
               (card_id, partner_id, program_id, company_id, date, kind, points,
                balance_after, remaining, reason)
        SELECT id, partner_id, program_id, company_id, NOW() AT TIME ZONE 'UTC',
               'expire', -points, balance, 0, %(reason)s
          FROM card
     RETURNING id, card_id
    ),
    drawn AS (
        INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
        SELECT spend.id, lapsed.id, lapsed.remaining
          FROM lapsed JOIN spend ON spend.card_id = lapsed.card_id
    )
    SELECT COUNT(*) FROM lapsed
"""


class LoyaltyPointMove(models.Model):
    """One gross movement of points on one card: the ledger under every balance.

    Rows are written by the wallet alone and never change, but for `remaining` (what
    is left of an award) and `partner_id` (merge of customers, erasure of a person).
    """

    _name = "loyalty.point.move"
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
    program_id = fields.Many2one(
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
        from that award first; the reversal of a spend gives back to its awards.
        """
        self.flush_recordset()
        for move in self.sorted("id"):
            origin = move.reversal_of_id
            if move.points < 0:
                move._draw(first=origin)
            elif move.kind == "reverse":
                move._give_back(origin)
        self.invalidate_model(["remaining"])

    def _draw(self, first):
        """Take the points of a spend from the open awards of its card.

        :param first: award that is drawn before the others, may be empty
        """
        self.env.cr.execute(
            SQL(
                """
                WITH open_award AS (
                    SELECT id, remaining,
                           SUM(remaining) OVER (
                               ORDER BY id != %(first)s, expiration_date NULLS LAST,
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
            )
        )

    def _drawn_awards(self):
        """Return what a spend drew, with the terms each award was given with.

        :return: list of dicts with `points`, `expiration_date`, `available_date`; the
            last one, without terms, for points that no award explains
        """
        self.ensure_one()
        self.env["loyalty.point.allocation"].flush_model()
        rows = [
            {
                "points": drawn.points,
                "expiration_date": drawn.award_id.expiration_date,
                "available_date": drawn.award_id.available_date,
            }
            for drawn in self.env["loyalty.point.allocation"].search(
                [("spend_id", "=", self.id), ("points", ">", 0)], order="id"
            )
        ]
        rest = float_round(
            -self.points - sum(row["points"] for row in rows), precision_digits=2
        )
        return [*rows, {"points": rest}] if rest > 0 else rows

    def _give_back(self, spend):
        """Put the points of a reversal back on the awards its spend drew from.

        What no allocation explains stays open on the reversal itself.

        :param spend: the reversed movement, may be empty
        """
        self.env.cr.execute(
            SQL(
                """
                WITH drawn AS (
                    SELECT award_id, SUM(points) AS points
                      FROM loyalty_point_allocation WHERE spend_id = %(spend)s
                     GROUP BY award_id
                ), ordered AS (
                    SELECT award_id, points,
                           SUM(points) OVER (ORDER BY award_id DESC) - points AS before
                      FROM drawn WHERE points > 0
                ), given AS (
                    SELECT award_id, LEAST(points, %(points)s - before) AS points
                      FROM ordered WHERE before < %(points)s
                ), returned AS (
                    UPDATE loyalty_point_move award
                       SET remaining = ROUND(
                               (award.remaining + given.points)::numeric, 2)
                      FROM given WHERE award.id = given.award_id
                ), noted AS (
                    INSERT INTO loyalty_point_allocation (spend_id, award_id, points)
                    SELECT %(reversal)s, award_id, -points FROM given
                )
                UPDATE loyalty_point_move
                   SET remaining = GREATEST(0, ROUND((LEAST(%(points)s, balance_after)
                       - COALESCE((SELECT SUM(points) FROM given), 0))::numeric, 2))
                 WHERE id = %(reversal)s
                """,
                spend=spend.id or 0,
                points=self.points,
                reversal=self.id,
            )
        )

    def _balance_at(self, cards, moment):
        """Return the balance of `cards` at a moment.

        :param cards: `loyalty.card` records
        :param moment: naive datetime in UTC; movements at that very second count
        :return: dict of card id to points
        """
        rows = self._read_group(
            [("card_id", "in", cards.ids), ("date", "<=", moment)],
            ["card_id"],
            ["points:sum"],
        )
        found = {card.id: points for card, points in rows}
        return {card.id: found.get(card.id, 0.0) for card in cards}

    @api.model
    def _ledger_differences(self, limit=1000):
        """Return the cards whose balance is not the sum of their movements.

        :param limit: at most so many rows
        :return: list of (card id, points on the card, sum of movements)
        """
        self.env.flush_all()
        return self.env.execute_query(
            SQL(
                """
                SELECT card.id, card.points, COALESCE(ledger.points, 0)
                  FROM loyalty_card card
                  LEFT JOIN (SELECT card_id, SUM(points) AS points
                               FROM loyalty_point_move GROUP BY card_id) ledger
                    ON ledger.card_id = card.id
                 WHERE ROUND(COALESCE(card.points, 0)::numeric
                             - COALESCE(ledger.points, 0)::numeric, 2) != 0
                 ORDER BY card.id
                 LIMIT %s
                """,
                limit,
            )
        )

    @api.model
    def _cron_check_ledger(self):
        """Tell each auditor which cards differ from their movements; repair nothing."""
        differences = self._ledger_differences()
        if not differences:
            return
        cards = self.env["loyalty.card"].browse(row[0] for row in differences)
        codes = {card.id: card.code for card in cards}
        lines = [
            self.env._(
                "%(code)s: %(points)s points on the card, %(moves)s in the statement",
                code=codes[card_id],
                points=points,
                moves=moves,
            )
            for card_id, points, moves in differences[:100]
        ]
        note = Markup("<ul>%s</ul>") % Markup().join(
            Markup("<li>%s</li>") % line for line in lines
        )
        auditors = self.env.ref("loyalty_coupon_crm.group_loyalty_auditor").all_user_ids
        self.env["mail.activity"].create(
            [
                {
                    "summary": self.env._(
                        "%s cards differ from their statement", len(differences)
                    ),
                    "note": note,
                    "user_id": user.id,
                    "activity_type_id": self.env.ref("mail.mail_activity_data_todo").id,
                }
                for user in auditors or self.env.ref("base.user_admin")
            ]
        )

    @api.model
    def _cron_expire_awards(self, limit=5000):
        """Expire lapsed awards batch by batch.

        :param limit: number of awards in one batch
        """
        done = self._expire_awards(limit)
        while done and self.env["ir.cron"]._commit_progress(done, remaining=limit):
            done = self._expire_awards(limit)
        self.env["ir.cron"]._commit_progress(done, remaining=0)

    @api.model
    def _expire_awards(self, limit):
        """Book what lapsed: points of a wallet, coupons of a strict program.

        A wallet's award keeps the day it was given with; a coupon lapses after the
        last day on the card. A day is the company's day.

        :param limit: at most so many awards
        :return: number of awards that lapsed
        """
        self.env.flush_all()
        today = [
            SQL("(%s, %s::date)", company.id, company._loyalty_today())
            for company in self.env["res.company"].search([])
        ]
        done = self.env.execute_query(
            SQL(
                EXPIRE,
                today=SQL(", ").join(today),
                default=self.env.company._loyalty_today(),
                limit=limit,
                reason=self.env._("Validity ended"),
            )
        )[0][0]
        self.env.invalidate_all()
        return done
