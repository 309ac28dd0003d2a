from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .rate import Rate

SEASONS = [
    ("01", "January"),
    ("02", "February"),
    ("03", "March"),
    ("04", "April"),
    ("05", "May"),
    ("06", "June"),
    ("07", "July"),
    ("08", "August"),
    ("09", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
]


class LoyaltySeasonReport(models.Model):
    """One month of the sales of one company: the season it belongs to, and the trend.

    Every month from the first purchase to today has a row. The current month is shown,
    but counts for no season, because it is not over.
    """

    _name = "loyalty.season.report"
    _inherit = "loyalty.report.mixin"
    _description = "Season and Trend"
    _auto = False
    _rec_name = "month"
    _order = "month desc, company_id, id"
    _depends = {
        "loyalty.daily.figure": ["row_count", "sale_count", "row_amount"],
        "loyalty.daily.refresh": ["refreshed_at"],
        "loyalty.purchase": [
            "amount",
            "company_id",
            "date",
            "discount_amount",
            "reversal_of_id",
        ],
    }

    month = fields.Date(
        readonly=True, help="First day of the month, in the company's time zone."
    )
    season = fields.Selection(SEASONS, string="Month of the Year", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, in company currency.",
    )
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Rows of purchases without refunds; an edit that adds to an order is one.",
    )
    discount_amount = fields.Monetary(
        string="Discount", readonly=True, help="Given by coupons and points, untaxed."
    )
    discount_rate = Rate(
        "Discount Rate (%)", help="Discount ÷ (net sales + discount), in percent."
    )
    amount_before = fields.Monetary(
        string="Net Sales a Year Before",
        readonly=True,
        help="Of the same month; empty in the first year.",
    )
    growth = Rate(
        "Growth (%)",
        help="Net sales ÷ those of the same months a year before − 1, in percent, of "
        "the finished months that have a year before them.",
    )
    season_index = Rate(
        "Season Index",
        help="Mean net sales of these months ÷ mean of all finished months × 100: "
        "above 100 is high season.",
    )
    trend_amount = fields.Monetary(
        string="Trend",
        readonly=True,
        help="Mean monthly net sales of the twelve months up to this one; of several "
        "months, of the last one. Empty in the first eleven months.",
    )
    grown_amount = fields.Monetary(
        readonly=True, help="Net sales of months that have a year before them."
    )
    grown_before = fields.Monetary(readonly=True, help="Those of the year before.")
    full_amount = fields.Monetary(readonly=True, help="Net sales of a finished month.")
    mean_amount = fields.Monetary(
        readonly=True, help="Mean net sales of all finished months."
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "discount_rate": (
                "SUM(%(given)s) * 100.0 / NULLIF(SUM(%(sold)s) + SUM(%(given)s), 0)",
                {"given": "discount_amount", "sold": "amount"},
            ),
            "growth": (
                "(SUM(%(now)s) / NULLIF(SUM(%(before)s), 0) - 1) * 100.0",
                {"now": "grown_amount", "before": "grown_before"},
            ),
            "season_index": (
                "SUM(%(sold)s) * 100.0"
                " / NULLIF(SUM(%(mean)s) FILTER (WHERE %(sold)s IS NOT NULL), 0)",
                {"sold": "full_amount", "mean": "mean_amount"},
            ),
            "trend_amount": (
                """(SELECT SUM(last.amount)
                      FROM UNNEST(ARRAY_AGG(%(month)s), ARRAY_AGG(%(trend)s))
                           AS last(month, amount)
                     WHERE last.month = MAX(%(month)s))""",
                {"month": "month", "trend": "trend_amount"},
            ),
        }

    @property
    def _table_query(self):
        return SQL(
            """
            WITH sold AS (%(sold)s), line AS (%(lines)s)
            SELECT line.company_id::bigint * 100000
                       + EXTRACT(YEAR FROM line.month)::bigint * 12
                       + EXTRACT(MONTH FROM line.month)::bigint AS id,
                   line.month, TO_CHAR(line.month, 'MM') AS season, line.company_id,
                   company.currency_id, line.amount, line.purchase_count,
                   line.discount_amount,
                   line.discount_amount * 100.0
                       / NULLIF(line.amount + line.discount_amount, 0)
                       AS discount_rate,
                   before.amount AS amount_before,
                   CASE WHEN line.is_full AND before.amount IS NOT NULL
                        THEN line.amount END AS grown_amount,
                   CASE WHEN line.is_full THEN before.amount END AS grown_before,
                   CASE WHEN line.is_full
                        THEN (line.amount / NULLIF(before.amount, 0) - 1) * 100.0
                   END AS growth,
                   CASE WHEN line.is_full THEN line.amount END AS full_amount,
                   mean.amount AS mean_amount,
                   CASE WHEN line.is_full
                        THEN line.amount * 100.0 / NULLIF(mean.amount, 0)
                   END AS season_index,
                   CASE WHEN line.place >= 12 THEN line.year_mean END AS trend_amount
              FROM line
              JOIN res_company company ON company.id = line.company_id
         LEFT JOIN line before
                ON before.company_id = line.company_id
               AND before.month = (line.month - INTERVAL '1 year')::date
         LEFT JOIN (SELECT company_id, AVG(amount) AS amount FROM line
                     WHERE is_full GROUP BY company_id) mean
                ON mean.company_id = line.company_id
            """,
            sold=self._sold_sql(),
            lines=self._lines_sql(),
        )

    @api.model
    def _sold_sql(self):
        """Return SQL of what was sold in each month with a purchase."""
        return SQL(
            """
            SELECT day.company_id, DATE_TRUNC('month', day.day)::date AS month,
                   SUM(day.row_amount) AS amount,
                   SUM(day.row_discount) AS discount_amount,
                   SUM(day.sale_count) AS purchase_count
              FROM (SELECT %(names)s FROM %(stored)s stored
                     WHERE row_count > 0
                     UNION ALL
                    SELECT %(names)s FROM (%(live)s) live) day
             GROUP BY 1, 2
            """,
            names=SQL("company_id, day, row_amount, row_discount, sale_count"),
            stored=self._stored_days("loyalty.daily.figure"),
            live=self._live_days("_row_part"),
        )

    @api.model
    def _lines_sql(self):
        """Return SQL of every month of a company, with the mean of the last year."""
        return SQL(
            """
            SELECT known.company_id, step.month::date AS month,
                   COALESCE(sold.amount, 0) AS amount,
                   COALESCE(sold.discount_amount, 0) AS discount_amount,
                   COALESCE(sold.purchase_count, 0)::int AS purchase_count,
                   step.month < known.this_month AS is_full,
                   AVG(COALESCE(sold.amount, 0)) OVER last_year AS year_mean,
                   ROW_NUMBER() OVER (PARTITION BY known.company_id
                                      ORDER BY step.month) AS place
              FROM (SELECT company_id, MIN(month)::timestamp AS first_month,
                           GREATEST(MAX(month), this_month)::timestamp AS last_month,
                           this_month::timestamp AS this_month
                      FROM (SELECT sold.*, DATE_TRUNC('month', %(today)s::date)::date
                                               AS this_month FROM sold) dated
                  GROUP BY company_id, this_month) known
             CROSS JOIN LATERAL GENERATE_SERIES(
                   known.first_month, known.last_month, '1 month') AS step(month)
              LEFT JOIN sold ON sold.company_id = known.company_id
                            AND sold.month = step.month::date
            WINDOW last_year AS (PARTITION BY known.company_id ORDER BY step.month
                                 ROWS BETWEEN 11 PRECEDING AND CURRENT ROW)
            """,
            today=self._by_company(
                SQL("sold.company_id"), lambda company: company._loyalty_today()
            ),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the purchases of the months."""
        purchases = self.env["loyalty.purchase"]
        domain = Domain.OR(
            Domain("company_id", "=", row.company_id.id)
            & Domain("date", ">=", row.company_id._loyalty_day_start(row.month))
            & Domain(
                "date",
                "<",
                row.company_id._loyalty_day_start(fields.Date.add(row.month, months=1)),
            )
            for row in self
        )
        return {
            **self._open_action(purchases, self.env._("Purchases")),
            "domain": list(domain),
        }
