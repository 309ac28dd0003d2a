from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain
from odoo.tools import SQL

BATCH_CARDS = 1000

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
    _inherit = [
        "loyalty.point.archive.choice.mixin",
        "loyalty.point.archive.file.mixin",
        "loyalty.point.archive.opening.mixin",
    ]
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
        rows = self._find_folds(owner, clock, before, limit, after)
        folds = [(card_id, last_id) for card_id, last_id, count in rows if count]
        if folds:
            self._fold(owner, before, folds)
        return len(rows), rows[-1][0] if rows else after

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

    def action_show_opening_rows(self):
        """Open the opening rows that the archive left behind."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_point_move_action"
        )
        prefix = f"archive/{self.id}/"
        action["domain"] = list(Domain("request_key", "=like", f"{prefix}%"))
        return action
