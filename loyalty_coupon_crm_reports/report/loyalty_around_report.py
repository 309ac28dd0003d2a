from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models import (
    loyalty_customer_month,
    loyalty_first_use,
    loyalty_use_cohort,
)

from .rate import Rate

PHASES = [("before", "Before"), ("use", "Month of the First Use"), ("after", "After")]


class LoyaltyAroundReport(models.Model):
    """One month before or after the customers of a cohort first used a program's card.

    A cohort is who used a program for the first time in the same month. Every month
    has a row, also when nobody of them bought, up to the current one.
    """

    _name = "loyalty.around.report"
    _inherit = "loyalty.report.cohort.mixin"
    _description = "Before and After by Cohort"
    _auto = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, program_id, age, id"
    _depends = {
        "loyalty.use.cohort": [*loyalty_use_cohort.KEYS, *loyalty_use_cohort.SUMS],
        "loyalty.customer.month": [*loyalty_customer_month.COLUMNS],
        "loyalty.daily.refresh": ["done_ids", "after_days"],
        "loyalty.first.use": [*loyalty_first_use.COLUMNS[1:]],
        "loyalty.purchase": [
            "commercial_partner_id",
            "company_id",
            "date",
            "amount",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
        "loyalty.redemption": [
            "program_id",
            "partner_id",
            "company_id",
            "date",
            "points",
            "reversal_of_id",
        ],
        "res.partner": ["commercial_partner_id"],
    }

    cohort_month = fields.Date(
        string="Cohort",
        readonly=True,
        help="Month in which the customers first used a card of the program, in the "
        "company's time zone.",
    )
    program_id = fields.Many2one("loyalty.program", readonly=True)
    age = fields.Integer(
        string="Months from the Use",
        aggregator=None,
        readonly=True,
        help="0 is the month of the first use, −1 the one before it, 1 the one after.",
    )
    phase = fields.Selection(
        PHASES,
        string="Before or After",
        readonly=True,
        help="Of the month of the first use, which holds the purchase with the use.",
    )
    is_complete = fields.Boolean(
        string="Month Is Over", readonly=True, help="Otherwise more may come."
    )
    cohort_size = fields.Integer(
        string="Customers of the Cohort",
        readonly=True,
        help="Customers whose first use was in the month of the cohort; of a group, "
        "each cohort once. Who used cards of two programs is in two.",
    )
    member_months = fields.Integer(
        readonly=True, help="Customers of the cohort, once for each month."
    )
    active_count = fields.Integer(
        string="Customers Who Bought",
        readonly=True,
        help="Customers of the cohort with a purchase in the month; of several months, "
        "once for each.",
    )
    retention_rate = Rate(
        "Retention (%)",
        help="Customers who bought ÷ customers of the cohort, in percent; of several "
        "months, their mean.",
    )
    frequency = Rate(
        "Purchases per Customer and Month",
        digits=(16, 2),
        help="Purchases ÷ customers of the cohort, those who bought nothing included; "
        "of several months, their mean.",
    )
    average_basket = Rate(
        "Average Basket", digits=(16, 2), help="Net sales ÷ purchases."
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            # The rows of a cohort share all of the id but the last two digits.
            "cohort_size": self._once_per_cohort("cohort_size", 100),
            "retention_rate": self._ratio("active_count", "member_months", 100),
            "frequency": self._ratio("purchase_count", "member_months"),
            "average_basket": self._ratio("amount", "purchase_count"),
        }

    @property
    def _table_query(self):
        today = self._by_company(
            SQL("cohort.company_id"), lambda company: company._loyalty_today()
        )
        return SQL(
            """
            WITH active AS MATERIALIZED (
                SELECT company_id, program_id, cohort_month, month,
                       SUM(member_count)::int AS members,
                       SUM(customer_count)::int AS customers,
                       SUM(purchase_count)::int AS purchases, SUM(amount) AS amount
                  FROM (%(parts)s) part
                 GROUP BY 1, 2, 3, 4),
            cohort AS (
                SELECT company_id, program_id, cohort_month, members AS size
                  FROM active WHERE month = cohort_month AND members > 0)
            SELECT ((cohort.program_id::bigint * 10000 + cohort.company_id) * 1000
                    + (EXTRACT(YEAR FROM cohort.cohort_month)::bigint - 2000) * 12
                    + EXTRACT(MONTH FROM cohort.cohort_month)::bigint) * 100
                       + line.age + %(months)s AS id,
                   cohort.cohort_month, cohort.program_id, line.month, line.age,
                   CASE SIGN(line.age) WHEN -1 THEN 'before' WHEN 0 THEN 'use'
                        ELSE 'after' END AS phase,
                   line.month < line.this_month AS is_complete, cohort.company_id,
                   %(currency)s AS currency_id, cohort.size AS cohort_size,
                   cohort.size AS member_months,
                   COALESCE(active.customers, 0) AS active_count,
                   COALESCE(active.customers, 0) * 100.0 / cohort.size
                       AS retention_rate,
                   COALESCE(active.purchases, 0) AS purchase_count,
                   COALESCE(active.purchases, 0) * 1.0 / cohort.size AS frequency,
                   active.amount / NULLIF(active.purchases, 0) AS average_basket,
                   COALESCE(active.amount, 0) AS amount
              FROM cohort
             CROSS JOIN LATERAL (
                   SELECT step.age, %(today_month)s AS this_month,
                          (cohort.cohort_month + step.age * INTERVAL '1 month')::date
                              AS month
                     FROM GENERATE_SERIES(-%(months)s, %(months)s) AS step(age)) line
              LEFT JOIN active ON active.company_id = cohort.company_id
                              AND active.program_id = cohort.program_id
                              AND active.cohort_month = cohort.cohort_month
                              AND active.month = line.month
             WHERE line.month <= line.this_month OR line.age <= 0
            """,
            parts=self._query_parts(),
            months=loyalty_use_cohort.AROUND_MONTHS,
            currency=self._by_company(
                SQL("cohort.company_id"), lambda company: company.currency_id.id
            ),
            today_month=SQL("DATE_TRUNC('month', %s::date)::date", today),
        )

    def _query_parts(self):
        """Return SQL whose sums are the cohorts: those added up, then what changed."""
        sums = self.env["loyalty.use.cohort"]
        queries = self.env["loyalty.customer.query"]
        touched = self._touched_customers()
        live = sums._parts_sql(
            queries._first_days_sql(touched), queries._months_sql(touched)
        )
        if not touched:
            return live
        return SQL(
            """
            SELECT %(names)s FROM loyalty_use_cohort
             UNION ALL
            SELECT %(names)s FROM (%(kept)s) kept
             UNION ALL
            SELECT %(names)s FROM (%(live)s) live
            """,
            names=sums._names((*loyalty_use_cohort.KEYS, *loyalty_use_cohort.SUMS)),
            kept=sums._kept_sql(SQL("kept.customer_id IN (%s)", touched), -1),
            live=live,
        )

    @api.model
    def _members_sql(self):
        """Return SQL of who first used which program in which month."""
        return SQL(
            """
            SELECT company_id, program_id, customer_id,
                   DATE_TRUNC('month', day)::date AS cohort_month
              FROM (%s) first
            """,
            self._by_customers(
                "loyalty.first.use", loyalty_first_use.COLUMNS, "_first_uses_sql"
            ),
        )

    @api.model
    def _bought_sql(self):
        return self._by_customers(
            "loyalty.customer.month", loyalty_customer_month.COLUMNS, "_months_sql"
        )

    @api.readonly
    def action_open_rows(self):
        """Open the customers of the cohorts who bought in the months."""
        cells = [
            (row.company_id.id, row.program_id.id, row.cohort_month, row.month)
            for row in self
        ]
        partners = self.env["res.partner"]
        if cells:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT member.customer_id
                      FROM (%s) member
                      JOIN (%s) bought
                        ON bought.company_id = member.company_id
                       AND bought.customer_id = member.customer_id
                      JOIN UNNEST(%s::int[], %s::int[], %s::date[], %s::date[])
                           AS cell(company_id, program_id, cohort_month, month)
                        ON cell.company_id = member.company_id
                       AND cell.program_id = member.program_id
                       AND cell.cohort_month = member.cohort_month
                       AND cell.month = bought.month
                    """,
                    self._members_sql(),
                    self._bought_sql(),
                    *(list(column) for column in zip(*cells, strict=True)),
                )
            )
            partners = partners.browse(row[0] for row in rows)
        return self._open_action(partners, self.env._("Customers"))
