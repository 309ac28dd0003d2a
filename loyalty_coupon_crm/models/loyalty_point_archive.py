import base64
import gzip
import hashlib
from io import BytesIO

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

BATCH_CARDS = 1000

# The rows of a card up to the last one for which holds: all of them are old, none is an
# open award, moved points from or into another wallet or is named by something that
# stays, and none belongs to a row after it. Awards that rows after it drew from stay as
# opening rows of their own; one row more says what none of them explains.
FOLDABLE = """
    WITH card AS (
        SELECT move.card_id
          FROM loyalty_point_move move
          JOIN loyalty_card card ON card.id = move.card_id
         WHERE move.date < %(before)s AND move.card_id > %(after)s
           AND card.company_id IS NOT DISTINCT FROM %(company)s
         GROUP BY move.card_id
        HAVING COUNT(*) > 1
         ORDER BY move.card_id
         LIMIT %(limit)s
    ),
    reach AS (
        SELECT move.id, move.card_id, move.points, move.balance_after,
               CASE WHEN move.date >= %(before)s OR move.remaining > 0
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_hold held
                          WHERE held.card_id = move.card_id
                            AND held.expires_at > NOW() AT TIME ZONE 'UTC')
                      OR EXISTS (
                         SELECT 1 FROM loyalty_redemption used
                          WHERE used.card_id = move.card_id
                            AND used.order_model = move.order_model
                            AND used.order_id = move.order_id
                            AND used.date >= %(before)s)
                      OR move.counterpart_id IS NOT NULL
                      OR move.debt_of_id IS NOT NULL
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.counterpart_id = move.id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.debt_of_id = move.id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.reversal_of_id = move.id
                            AND other.card_id != move.card_id)
                      OR EXISTS (
                         SELECT 1 FROM loyalty_point_move other
                          WHERE other.id = move.reversal_of_id
                            AND other.card_id != move.card_id)
                      OR move.kind IN ('transfer', 'void') AND (
                         reissued.reissued_from_id IS NOT NULL
                         OR EXISTS (
                            SELECT 1 FROM loyalty_card new
                             WHERE new.reissued_from_id = move.card_id))
                      %(named)s
                    THEN 'infinity'::float
                    ELSE GREATEST(
                         move.id,
                         (SELECT MAX(undone.id) FROM loyalty_point_move undone
                           WHERE undone.reversal_of_id = move.id
                             AND undone.card_id = move.card_id),
                         (SELECT MAX(drawn.award_id)
                            FROM loyalty_point_allocation drawn
                           WHERE drawn.spend_id = move.id))
                END AS last_id,
               (SELECT MAX(drawn.spend_id) FROM loyalty_point_allocation drawn
                 WHERE drawn.award_id = move.id) AS last_draw,
               move.request_key LIKE 'archive/%%' AS is_opening
          FROM loyalty_point_move move
          JOIN card ON card.card_id = move.card_id
          JOIN loyalty_card reissued ON reissued.id = move.card_id
    ),
    prefix AS (
        SELECT id, card_id, balance_after,
               MAX(last_id) OVER card_rows AS last_id,
               SUM(points) OVER card_rows AS total,
               COUNT(*) OVER card_rows AS count
          FROM reach
        WINDOW card_rows AS (PARTITION BY card_id ORDER BY id)
    ),
    fold AS (
        SELECT DISTINCT ON (card_id) card_id, id, count
          FROM prefix
         WHERE last_id <= id AND count > 1 AND balance_after > -0.005
           AND ROUND((total - balance_after)::numeric, 2) = 0
         ORDER BY card_id, id DESC
    ),
    -- What is gone afterwards: a single opening row would come back as it is.
    gain AS (
        SELECT fold.card_id, fold.id, fold.count
          FROM fold
          JOIN reach ON reach.card_id = fold.card_id AND reach.id <= fold.id
                    AND COALESCE(reach.last_draw, 0) <= fold.id
         GROUP BY fold.card_id, fold.id, fold.count
        HAVING COUNT(*) > 1 OR NOT BOOL_OR(COALESCE(reach.is_opening, FALSE))
    )
    SELECT card.card_id, gain.id, COALESCE(gain.count, 0)
      FROM card LEFT JOIN gain ON gain.card_id = card.card_id
     ORDER BY card.card_id
"""

FOLDED = """
    FROM UNNEST(%(cards)s::integer[], %(lasts)s::integer[]) AS fold (card_id, last_id)
    JOIN loyalty_point_move move
      ON move.card_id = fold.card_id AND move.id <= fold.last_id
"""


class LoyaltyPointArchive(models.Model):
    """Old movements that were folded into opening rows of their card, and their file.

    The detail is in compressed CSV files at the archive, with their SHA-256: one of the
    movements, one of what the spends among them, and later ones, drew from them.

    What stays in the ledger: everything from the first row of a card on that is younger
    than the years of the company, an open award, moved points from or into another
    wallet, or a row of a document with a redemption within those years. Balances and
    remaining points do not change, and an award that later rows drew from keeps its
    terms in an opening row of its own; on days before its opening rows the balance of a
    card is not known, which statements say. What is owed for points stays the same: see
    `loyalty.point.folded`.
    """

    _name = "loyalty.point.archive"
    _description = "Archive of Points Movements"
    _order = "id desc"
    _log_access = False
    _rec_name = "date"

    company_id = fields.Many2one("res.company", readonly=True)
    date = fields.Datetime(string="Archived on", required=True, readonly=True)
    before = fields.Date(
        string="Movements before",
        required=True,
        readonly=True,
        help="First day whose movements stayed, in the company's time zone.",
    )
    card_count = fields.Integer(string="Cards", readonly=True)
    move_count = fields.Integer(string="Movements", readonly=True)
    points = fields.Float(
        string="Opening Balances",
        readonly=True,
        help="Sum of the opening rows, in points.",
    )
    move_file = fields.Binary(string="Movements File", attachment=True, readonly=True)
    move_file_name = fields.Char(compute="_compute_file_names")
    move_checksum = fields.Char(string="SHA-256 of Movements", readonly=True)
    allocation_file = fields.Binary(string="Draws File", attachment=True, readonly=True)
    allocation_file_name = fields.Char(compute="_compute_file_names")
    allocation_checksum = fields.Char(string="SHA-256 of Draws", readonly=True)

    @api.depends("before")
    def _compute_file_names(self):
        for archive in self:
            stem = f"points-{archive.id}-before-{archive.before}"
            archive.move_file_name = f"{stem}-movements.csv.gz"
            archive.allocation_file_name = f"{stem}-draws.csv.gz"

    def write(self, vals):
        """Refuse to change an archive.

        :raise UserError: when anything changes
        """
        if vals:
            raise UserError(
                self.env._("An archive of points movements is never changed.")
            )
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_except_archive(self):
        raise UserError(self.env._("An archive of points movements is never deleted."))

    @api.model
    def _cron_archive_moves(self, limit=BATCH_CARDS):
        """Fold the old movements of every company that wants it, batch by batch.

        Cards of no company count for the company that keeps its rows longest, and are
        left alone while one keeps all.

        :param limit: number of cards in one batch
        """
        # There are few companies, all of them are meant.
        # pylint: disable-next=no-search-all
        companies = self.env["res.company"].search([])
        todo = [(one, one) for one in companies if one.loyalty_retention_years > 0]
        if len(todo) == len(companies):
            longest = max(companies, key=lambda one: one.loyalty_retention_years)
            todo.append((companies.browse(), longest))
        cron = self.env["ir.cron"]
        for owner, clock in todo:
            before = fields.Date.subtract(
                clock._loyalty_today(), years=clock.loyalty_retention_years
            )
            seen, last = self._fold_batch(owner, clock, before, limit)
            while seen:
                if not cron._commit_progress(seen, remaining=limit):
                    return
                seen, last = self._fold_batch(owner, clock, before, limit, last)
        cron._commit_progress(remaining=0)

    @api.model
    def _fold_batch(self, owner, clock, before, limit, after=0):
        """Fold the movements of a batch of cards and write their archive.

        :param owner: `res.company` of the cards, may be empty
        :param clock: `res.company` whose time zone decides
        :param before: movements before that day are old
        :param limit: at most so many cards
        :param after: id of the last card of the batch before
        :return: tuple of the number of cards looked at and the id of the last one
        """
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                FOLDABLE,
                before=clock._loyalty_day_start(before),
                company=owner.id or None,
                after=after,
                limit=limit,
                named=self._named_sql(),
            )
        )
        folds = [(card_id, last_id) for card_id, last_id, count in rows if count]
        if folds:
            self._fold(owner, before, folds)
        return len(rows), rows[-1][0] if rows else after

    @api.model
    def _named_sql(self):
        """Return SQL conditions for movements that rows of other models name."""
        own = ("loyalty.point.allocation", "loyalty.point.move")
        conditions = [
            SQL(
                "OR EXISTS (SELECT 1 FROM %s named WHERE named.%s = move.id)",
                SQL.identifier(model._table),
                SQL.identifier(field.name),
            )
            for model in self.env.registry.models.values()
            if model._auto and not model._abstract and model._name not in own
            for field in model._fields.values()
            if field.type == "many2one"
            and field.store
            and field.comodel_name == "loyalty.point.move"
        ]
        return SQL(" ").join(conditions)

    def _fold(self, owner, before, folds):
        """Archive movements and leave opening rows of their cards.

        :param folds: list of (card id, id of the last movement to fold)
        """
        keys = {
            "cards": [card_id for card_id, _last in folds],
            "lasts": [last for _card_id, last in folds],
        }
        folded = SQL(FOLDED, **keys)
        [(count, points)] = self.env.execute_query(
            SQL("SELECT COUNT(*), SUM(move.points) %s", folded)
        )
        files = self._write_files(folded)
        archive = self.create(
            {
                "company_id": owner.id,
                "date": fields.Datetime.now(),
                "before": before,
                "card_count": len(folds),
                "move_count": count,
                "points": points,
                **files,
            }
        )
        self._replace_rows(archive, folded)
        self.env.invalidate_all()
        return archive

    def _write_files(self, folded):
        """Return the values of the two files, from SQL of the folded movements."""
        moves = SQL(
            """
            SELECT move.*, card.code AS card_code, program.name AS program_name,
                   partner.name AS partner_name
            %s
              JOIN loyalty_card card ON card.id = move.card_id
              JOIN loyalty_program program ON program.id = move.program_id
              LEFT JOIN res_partner partner ON partner.id = move.partner_id
             ORDER BY move.id
            """,
            folded,
        )
        draws = SQL(
            """
            SELECT drawn.* FROM loyalty_point_allocation drawn
             WHERE drawn.spend_id IN (SELECT move.id %(folded)s)
                OR drawn.award_id IN (SELECT move.id %(folded)s)
             ORDER BY drawn.id
            """,
            folded=folded,
        )
        values = {}
        for name, query in (("move", moves), ("allocation", draws)):
            content = self._copy_csv(query)
            values[f"{name}_file"] = base64.b64encode(content)
            values[f"{name}_checksum"] = hashlib.sha256(content).hexdigest()
        return values

    def _copy_csv(self, query):
        """Return the rows of a query as compressed CSV with a head line."""
        stream = BytesIO()
        statement = self.env.cr.mogrify(query).decode()
        with gzip.GzipFile(fileobj=stream, mode="wb", mtime=0) as packed:
            self.env.cr.copy_expert(
                f"COPY ({statement}) TO STDOUT WITH (FORMAT csv, HEADER)", packed
            )
        return stream.getvalue()

    def _replace_rows(self, archive, folded):
        """Turn folded movements into the opening rows of their cards, delete the rest.

        :param folded: SQL of the movements, as `FOLDED`
        """
        self.env["loyalty.point.folded"]._remember(folded)
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM loyalty_point_allocation drawn
                 WHERE drawn.spend_id IN (SELECT move.id %s)
                """,
                folded,
            )
        )
        self.env.cr.execute(
            SQL(
                """
                WITH opening AS (%(openings)s),
                kept AS (
                    UPDATE loyalty_point_move move SET
                           kind = 'opening', points = opening.points,
                           balance_after = opening.balance_after, remaining = 0,
                           date = opening.date,
                           expiration_date = CASE WHEN is_lot
                                                  THEN move.expiration_date END,
                           available_date = CASE WHEN is_lot
                                                 THEN move.available_date END,
                           inactive_days = CASE WHEN is_lot
                                                THEN move.inactive_days ELSE 0 END,
                           order_model = NULL, order_id = NULL, user_id = NULL,
                           approved_by_id = NULL, reversal_of_id = NULL,
                           adjustment_id = NULL, request_key = %(key)s || move.id,
                           reason = %(reason)s
                      FROM opening WHERE move.id = opening.id
                )
                DELETE FROM loyalty_point_move gone
                 USING (SELECT move.id %(folded)s) move
                 WHERE gone.id = move.id
                   AND gone.id NOT IN (SELECT id FROM opening)
                """,
                openings=self._openings_sql(folded),
                folded=folded,
                key=f"archive/{archive.id}/",
                reason=self.env._("Movements before are in archive %s", archive.id),
            )
        )

    @api.model
    def _openings_sql(self, folded):
        """Return SQL of the opening rows of cards, once nothing folded draws any more.

        An award that later rows drew from is one, with what they drew. Another one, the
        last of the others, has what is left of the balance.

        :param folded: SQL of the movements, as `FOLDED`
        """
        return SQL(
            """
            SELECT id, is_lot, date, points,
                   ROUND(SUM(points) OVER (PARTITION BY card_id ORDER BY id)::numeric,
                         2) AS balance_after
              FROM (SELECT id, card_id, is_lot, date, lots, place,
                           ROUND((COALESCE(drawn, 0)
                                  + CASE WHEN place = 1 THEN rest ELSE 0 END)::numeric,
                                 2) AS points
                      FROM (SELECT lot.id, lot.card_id, lot.drawn IS NOT NULL AS is_lot,
                                   last.date, lot.drawn,
                                   COUNT(lot.drawn) OVER card AS lots,
                                   last.balance_after
                                   - COALESCE(SUM(lot.drawn) OVER card, 0) AS rest,
                                   ROW_NUMBER() OVER (
                                       PARTITION BY lot.card_id
                                       ORDER BY lot.drawn IS NULL DESC, lot.id DESC)
                                       AS place
                              FROM (SELECT move.id, move.card_id, fold.last_id,
                                           (SELECT GREATEST(0, SUM(drawn.points))
                                              FROM loyalty_point_allocation drawn
                                             WHERE drawn.award_id = move.id
                                            HAVING COUNT(*) > 0) AS drawn
                                    %(folded)s) lot
                              JOIN loyalty_point_move last ON last.id = lot.last_id
                            WINDOW card AS (PARTITION BY lot.card_id)) part) opening
             WHERE is_lot OR place = 1 AND (points != 0 OR lots = 0)
            """,
            folded=folded,
        )

    def action_show_opening_rows(self):
        """Open the opening rows that the archive left behind."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_move_action"
        )
        prefix = f"archive/{self.id}/"
        action["domain"] = list(Domain("request_key", "=like", f"{prefix}%"))
        return action
