from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_customer_month import COLUMNS

from .rate import Rate


class LoyaltyRetentionReport(models.Model):
    """One month of the customers who bought for the first time in the same month.

    Every month from the first purchase to today has a row, also when nobody came.
    """

    _name = "loyalty.retention.report"
    _inherit = "loyalty.report.cohort.mixin"
    _description = "Retention by Cohort"
    _auto = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, age, id"
    _depends = {
        "loyalty.customer.month": [*COLUMNS],
        "loyalty.daily.refresh": ["done_ids", "after_days"],
        "loyalty.purchase": [
            "commercial_partner_id",
            "company_id",
            "date",
            "amount",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
    }

    cohort_month = fields.Date(
        string="Cohort",
        readonly=True,
        help="Month of the first purchase, in the company's time zone.",
    )
    age = fields.Integer(
        string="Months Later",
        aggregator=None,
        readonly=True,
        help="Months from the first purchase: 0 is the month of the cohort.",
    )
    cohort_size = fields.Integer(
        string="Customers of the Cohort",
        readonly=True,
        help="Customers whose first purchase was in the month of the cohort; of a "
        "group, each cohort once.",
    )
    active_count = fields.Integer(
        string="Customers Who Bought",
        readonly=True,
        help="Customers of the cohort with a purchase in the month.",
    )
    retention_rate = Rate(
        "Retention (%)",
        help="Customers who bought ÷ customers of the cohort, in percent; of several "
        "months, their mean. The current month is not over.",
    )
    frequency = Rate(
        "Purchases per Customer",
        digits=(16, 2),
        help="Purchases ÷ customers who bought.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            # The rows of a cohort share all of the id but the last four digits.
            "cohort_size": self._once_per_cohort("cohort_size", 10000),
            "retention_rate": self._ratio("active_count", "cohort_size", 100),
            "frequency": self._ratio("purchase_count", "active_count"),
        }

    @property
    def _table_query(self):
        today = self._by_company(
            SQL("cohort.company_id"), lambda company: company._loyalty_today()
        )
        return SQL(
            """
            WITH active AS (
                SELECT company_id, cohort_month, month,
                       SUM(customer_count)::int AS customers,
                       SUM(purchase_count)::int AS purchases, SUM(amount) AS amount
                  FROM (%(parts)s) part
                 GROUP BY 1, 2, 3
                HAVING SUM(customer_count) > 0),
            cohort AS (
                SELECT company_id, cohort_month, customers AS size
                  FROM active WHERE month = cohort_month)
            SELECT (cohort.company_id::bigint * 100000
                    + EXTRACT(YEAR FROM cohort.cohort_month)::bigint * 12
                    + EXTRACT(MONTH FROM cohort.cohort_month)::bigint) * 10000
                       + line.age AS id,
                   cohort.cohort_month, line.month, line.age, cohort.company_id,
                   company.currency_id, cohort.size AS cohort_size,
                   COALESCE(active.customers, 0) AS active_count,
                   COALESCE(active.customers, 0) * 100.0 / cohort.size
                       AS retention_rate,
                   COALESCE(active.purchases, 0) AS purchase_count,
                   active.purchases * 1.0 / active.customers AS frequency,
                   COALESCE(active.amount, 0) AS amount
              FROM cohort
              JOIN res_company company ON company.id = cohort.company_id
             CROSS JOIN LATERAL (
                   SELECT step.month::date AS month, (step.place - 1)::int AS age
                     FROM GENERATE_SERIES(
                              cohort.cohort_month::timestamp,
                              GREATEST(%(today)s::date, cohort.cohort_month)::timestamp,
                              '1 month') WITH ORDINALITY AS step(month, place)) line
              LEFT JOIN active ON active.company_id = cohort.company_id
                              AND active.cohort_month = cohort.cohort_month
                              AND active.month = line.month
            """,
            parts=self._query_parts(),
            today=today,
        )

    def _query_parts(self):
        """Return SQL whose sums are the cohorts: those added up, then what changed."""
        queries = self.env["loyalty.customer.query"]
        touched = self._touched_customers()
        counted = SQL(
            """
            SELECT company_id, cohort_month, month, 1 AS customer_count,
                   purchase_count, amount FROM (%s) live
            """,
            queries._months_sql(touched),
        )
        if not touched:
            return counted
        return SQL(
            """
            SELECT company_id, cohort_month, month, customer_count, purchase_count,
                   amount FROM loyalty_cohort_month
             UNION ALL
            SELECT company_id, cohort_month, month, -1, -purchase_count, -amount
              FROM loyalty_customer_month WHERE customer_id IN (%s)
             UNION ALL
            %s
            """,
            touched,
            counted,
        )

    @api.readonly
    def action_open_rows(self):
        """Open the customers of the cohorts who bought in the months."""
        cells = [(row.company_id.id, row.cohort_month, row.month) for row in self]
        partners = self.env["res.partner"]
        if cells:
            rows = self.env.execute_query(
                SQL(
                    """
                    SELECT DISTINCT bought.customer_id
                      FROM (%s) bought
                      JOIN UNNEST(%s::int[], %s::date[], %s::date[])
                           AS cell(company_id, cohort_month, month)
                        ON cell.company_id = bought.company_id
                       AND cell.cohort_month = bought.cohort_month
                       AND cell.month = bought.month
                    """,
                    self._by_customers(
                        "loyalty.customer.month", COLUMNS, "_months_sql"
                    ),
                    *(list(column) for column in zip(*cells, strict=True)),
                )
            )
            partners = partners.browse(row[0] for row in rows)
        return self._open_action(partners, self.env._("Customers"))
