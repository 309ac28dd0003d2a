from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

FIGURES = {
    "issued": "points_issued",
    "earned": "points_earned",
    "spent": "points_spent",
    "expired": "points_lapsed",
    "adjusted": "points_adjusted",
    "change": "points_change",
}


class LoyaltyPointsReport(models.Model):
    """One month of one wallet program in one company: how its points came and went.

    Points cards, eWallets and gift cards have a balance; the uses of a coupon are told
    by the funnel.

    Every month from the first movement of a program to today has a row, so that the
    points outstanding at the end of a month are known also when nothing moved.
    """

    _name = "loyalty.points.report"
    _inherit = "loyalty.report.mixin"
    _description = "Points by Month"
    _auto = False
    _rec_name = "program_id"
    _order = "month desc, program_id, id"
    _depends = {
        "loyalty.daily.figure": ["move_count", *FIGURES.values()],
        "loyalty.daily.refresh": ["refreshed_at"],
        "loyalty.point.move": [
            "program_id",
            "company_id",
            "date",
            "kind",
            "points",
            "balance_after",
            "reversal_of_id",
        ],
        "loyalty.program": ["program_type"],
    }

    month = fields.Date(
        readonly=True, help="First day of the month, in the company's time zone."
    )
    program_id = fields.Many2one("loyalty.program", readonly=True)
    program_type = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.program"]
            ._fields["program_type"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    company_id = fields.Many2one("res.company", readonly=True)
    issued = fields.Float(
        readonly=True,
        help="Points put on cards when they were issued, opening balances included, "
        "less what was taken back.",
    )
    earned = fields.Float(
        readonly=True, help="Points earned by purchases, less what refunds took back."
    )
    spent = fields.Float(
        readonly=True, help="Points spent on rewards, less what refunds gave back."
    )
    expired = fields.Float(
        string="Lapsed",
        readonly=True,
        help="Points that lapsed or were on cards that were voided.",
    )
    adjusted = fields.Float(
        readonly=True,
        help="Balance of manual adjustments and transfers; may be negative.",
    )
    change = fields.Float(
        readonly=True,
        help="By how much the points outstanding rose: issued + earned − spent − "
        "lapsed + adjusted, without what moved on cards below zero.",
    )
    outstanding = fields.Float(
        readonly=True,
        help="Sum of the positive balances at the end of the month; of several months, "
        "at the end of the last one. A card whose old movements are archived counts "
        "from its opening row on.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            # The aggregates over %(month)s belong to the group, not to the inner query.
            "outstanding": (
                """(SELECT SUM(last.points)
                      FROM UNNEST(ARRAY_AGG(%(month)s), ARRAY_AGG(%(points)s))
                           AS last(month, points)
                     WHERE last.month = MAX(%(month)s))""",
                {"month": "month", "points": "outstanding"},
            ),
        }

    def _select(self):
        return SQL(
            """
            SELECT (line.program_id::bigint * 10000 + COALESCE(line.company_id, 0))
                       * 100000 + EXTRACT(YEAR FROM line.month)::bigint * 12
                       + EXTRACT(MONTH FROM line.month)::bigint AS id,
                   line.month, line.program_id, program.program_type, line.company_id,
                   COALESCE(moved.issued, 0) AS issued,
                   COALESCE(moved.earned, 0) AS earned,
                   COALESCE(moved.spent, 0) AS spent,
                   COALESCE(moved.expired, 0) AS expired,
                   COALESCE(moved.adjusted, 0) AS adjusted,
                   COALESCE(moved.change, 0) AS change,
                   ROUND(SUM(COALESCE(moved.change, 0)::numeric) OVER (
                       PARTITION BY line.program_id, line.company_id
                       ORDER BY line.month), 2) AS outstanding
            """
        )

    def _from(self):
        return SQL(
            """
              FROM moved_program known
              CROSS JOIN LATERAL (
                    SELECT known.program_id, known.company_id,
                           step.month::date AS month
                      FROM GENERATE_SERIES(known.first_month,
                                           known.last_month,
                                           '1 month') AS step(month)) line
              LEFT JOIN moved
                ON moved.month = line.month
               AND moved.program_id = line.program_id
               AND moved.company_id IS NOT DISTINCT FROM line.company_id
              JOIN loyalty_program program ON program.id = line.program_id
            """
        )

    @property
    def _table_query(self):
        return SQL(
            """
            WITH moved AS (%(moved)s),
            moved_program AS (
                SELECT program_id, company_id, MIN(month)::timestamp AS first_month,
                       GREATEST(MAX(month), %(today)s::date)::timestamp AS last_month
                  FROM moved GROUP BY program_id, company_id)
            %(query)s
            """,
            moved=self._query_moved(),
            today=self._by_company(
                SQL("company_id"), lambda company: company._loyalty_today()
            ),
            query=super()._table_query,
        )

    def _query_moved(self):
        """Return SQL of the points moved per month, program and company."""
        sums = SQL(", ").join(
            SQL("SUM(%s) AS %s", SQL.identifier("day", name), SQL.identifier(alias))
            for alias, name in FIGURES.items()
        )
        columns = SQL(", ").join(
            map(SQL.identifier, ("day", "program_id", "company_id", *FIGURES.values()))
        )
        return SQL(
            """
            SELECT DATE_TRUNC('month', day.day)::date AS month, day.program_id,
                   day.company_id, %(sums)s
              FROM (SELECT %(columns)s FROM %(stored)s stored WHERE move_count > 0
                     UNION ALL
                    SELECT %(columns)s FROM (%(live)s) live) day
             GROUP BY 1, 2, 3
            """,
            sums=sums,
            columns=columns,
            stored=self._stored_days("loyalty.daily.figure"),
            live=self._live_days("_points_part"),
        )

    def _moves_domain(self):
        """Return the domain of the movements behind the rows."""
        return Domain.OR(
            Domain("program_id", "=", row.program_id.id)
            & Domain("company_id", "=", row.company_id.id)
            & Domain("date", ">=", row._month_start(0))
            & Domain("date", "<", row._month_start(1))
            for row in self
        )

    def _month_start(self, months):
        """Return when the row's month began for its company, naive datetime in UTC.

        :param months: so many months later
        """
        self.ensure_one()
        company = self.company_id or self.env.company
        return company._loyalty_day_start(fields.Date.add(self.month, months=months))

    @api.readonly
    def action_open_rows(self):
        """Open the movements behind the rows."""
        moves = self.env["loyalty.point.move"]
        return {
            **self._open_action(moves, self.env._("Points Movements")),
            "domain": list(self._moves_domain()),
        }
