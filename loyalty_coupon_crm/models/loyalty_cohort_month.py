from odoo import api, fields, models
from odoo.tools import SQL

KEYS = ("company_id", "cohort_month", "month")
SUMS = ("customer_count", "purchase_count", "amount")


class LoyaltyCohortMonth(models.Model):
    """What the customers who bought first in the same month bought in one month.

    The sums of `loyalty.customer.month`. `loyalty.daily.refresh` has them written.
    """

    _name = "loyalty.cohort.month"
    _inherit = "loyalty.cohort.sums.mixin"
    _description = "Month of a Cohort"
    _log_access = False
    _rec_name = "cohort_month"
    _order = "cohort_month desc, month, id"
    _sums_by = KEYS
    _sums_of = SUMS

    cohort_month = fields.Date(
        string="Cohort",
        required=True,
        help="Month of the first purchase, in the company's time zone.",
    )

    @api.model
    def _kept_sql(self, which, sign):
        """Return SQL of what customers bought: `KEYS` and `SUMS`.

        :param which: SQL condition on rows of `loyalty.customer.month`, as `kept`
        """
        return SQL(
            """
            SELECT company_id, cohort_month, month, %(sign)s * COUNT(*),
                   %(sign)s * SUM(purchase_count), %(sign)s * SUM(amount)
              FROM loyalty_customer_month kept
             WHERE %(which)s
             GROUP BY 1, 2, 3
            """,
            sign=sign,
            which=which,
        )
