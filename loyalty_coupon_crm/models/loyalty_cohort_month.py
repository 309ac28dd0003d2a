from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyCohortMonth(models.Model):
    """What the customers who bought first in the same month bought in one month.

    The sums of `loyalty.customer.month`. `loyalty.daily.refresh` has them written.
    """

    _name = "loyalty.cohort.month"
    _description = "Month of a Cohort"
    _log_access = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, month, id"

    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    cohort_month = fields.Date(
        string="Cohort",
        required=True,
        help="Month of the first purchase, in the company's time zone.",
    )
    month = fields.Date(required=True, help="First day of the month.")
    customer_count = fields.Integer(
        string="Customers Who Bought",
        help="Customers of the cohort with a purchase in the month.",
    )
    purchase_count = fields.Integer(
        string="Purchases", help="Purchases that were not taken back altogether."
    )
    amount = fields.Monetary(
        string="Net Sales", help="Untaxed, net of discount and refunds."
    )

    @api.model
    def _add(self, which, sign):
        """Add what customers bought, or take it away, as rows of their own.

        :param which: SQL condition on rows of `loyalty.customer.month`, as `kept`
        :param sign: 1 or -1
        """
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO loyalty_cohort_month
                       (company_id, cohort_month, month, customer_count,
                        purchase_count, amount)
                SELECT company_id, cohort_month, month, %(sign)s * COUNT(*),
                       %(sign)s * SUM(purchase_count), %(sign)s * SUM(amount)
                  FROM loyalty_customer_month kept
                 WHERE %(which)s
                 GROUP BY 1, 2, 3
                """,
                sign=sign,
                which=which,
            )
        )
        self.invalidate_model()

    @api.model
    def _merge(self):
        """Make one row again of all of a cohort in a month."""
        self.env.cr.execute(
            """
            WITH gone AS (DELETE FROM loyalty_cohort_month RETURNING *)
            INSERT INTO loyalty_cohort_month
                   (company_id, cohort_month, month, customer_count, purchase_count,
                    amount)
            SELECT company_id, cohort_month, month, SUM(customer_count),
                   SUM(purchase_count), SUM(amount)
              FROM gone
             GROUP BY 1, 2, 3
            HAVING SUM(customer_count) > 0
            """
        )
        self.invalidate_model()
