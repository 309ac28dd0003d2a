from odoo import api, fields, models
from odoo.tools import SQL

from .rate import Rate


class LoyaltyRetentionReport(models.Model):
    """One month of the customers who bought for the first time in the same month.

    Every month from the first purchase to today has a row, also when nobody came.
    """

    _name = "loyalty.retention.report"
    _inherit = "loyalty.report.mixin"
    _description = "Retention by Cohort"
    _auto = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, age, id"
    _depends = {
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
    month = fields.Date(readonly=True, help="First day of the month that is observed.")
    age = fields.Integer(
        string="Months Later",
        aggregator=None,
        readonly=True,
        help="Months from the first purchase: 0 is the month of the cohort.",
    )
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
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
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Purchases in the month that were not taken back altogether.",
    )
    frequency = Rate(
        "Purchases per Customer",
        digits=(16, 2),
        help="Purchases ÷ customers who bought.",
    )
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, in company currency.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "cohort_size": (
                # The rows of a cohort share all of the id but the last four digits.
                "SUM(DISTINCT (%(id)s / 10000)::numeric * 1000000000 + %(size)s)"
                " - SUM(DISTINCT (%(id)s / 10000)::numeric * 1000000000)",
                {"id": "id", "size": "cohort_size"},
            ),
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
            WITH bought AS (%(bought)s),
            customer AS (
                SELECT company_id, customer_id, MIN(month) AS cohort_month
                  FROM bought GROUP BY company_id, customer_id),
            cohort AS (
                SELECT company_id, cohort_month, COUNT(*)::int AS size
                  FROM customer GROUP BY company_id, cohort_month),
            active AS (
                SELECT company_id, customer.cohort_month, bought.month,
                       COUNT(*)::int AS customers,
                       SUM(bought.purchases)::int AS purchases,
                       SUM(bought.amount) AS amount
                  FROM bought JOIN customer USING (company_id, customer_id)
                 GROUP BY 1, 2, 3)
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
            bought=self._query_bought(),
            today=today,
        )

    def _query_bought(self):
        """Return SQL of the purchases of each customer in each month."""
        return SQL(
            """
            SELECT basket.company_id, basket.customer_id,
                   DATE_TRUNC('month', %s)::date AS month,
                   COUNT(*) AS purchases, SUM(basket.amount) AS amount
              FROM (%s) basket
             WHERE basket.customer_id IS NOT NULL
             GROUP BY 1, 2, 3
            """,
            self._local(SQL("basket.date"), SQL("basket.company_id")),
            self.env["loyalty.fact.query"]._baskets(),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the customers of the cohorts who bought in the months."""
        cells = [(row.company_id.id, row.cohort_month, row.month) for row in self]
        partners = self.env["res.partner"]
        if cells:
            companies, cohorts, months = zip(*cells, strict=True)
            rows = self.env.execute_query(
                SQL(
                    """
                    WITH bought AS (%s)
                    SELECT DISTINCT bought.customer_id
                      FROM bought
                      JOIN (SELECT company_id, customer_id, MIN(month) AS cohort_month
                              FROM bought GROUP BY 1, 2) customer
                           USING (company_id, customer_id)
                      JOIN UNNEST(%s::int[], %s::date[], %s::date[])
                           AS cell(company_id, cohort_month, month)
                        ON cell.company_id = bought.company_id
                       AND cell.cohort_month = customer.cohort_month
                       AND cell.month = bought.month
                    """,
                    self._query_bought(),
                    list(companies),
                    list(cohorts),
                    list(months),
                )
            )
            partners = partners.browse(row[0] for row in rows)
        return self._open_action(partners, self.env._("Customers"))
