from odoo import api, fields, models
from odoo.tools import SQL

COLUMNS = (
    "company_id",
    "customer_id",
    "cohort_month",
    "month",
    "purchase_count",
    "amount",
)


class LoyaltyCustomerMonth(models.Model):
    """A month in which a customer bought, with the month of the first purchase.

    Nobody buys in a month twice for a cohort: who came in a month is counted from these
    rows. `loyalty.daily.refresh` writes them, and nobody else.
    """

    _name = "loyalty.customer.month"
    _inherit = "loyalty.bought.month.mixin"
    _description = "Month of a Customer"
    _log_access = False
    _rec_name = "customer_id"
    _order = "month desc, id"

    customer_id = fields.Many2one(
        "res.partner", required=True, ondelete="cascade", index=True
    )
    cohort_month = fields.Date(
        string="Cohort",
        required=True,
        help="Month of the first purchase, in the company's time zone.",
    )

    _cohort_index = models.Index("(company_id, cohort_month, month)")

    @api.model
    def _replace(self, removed, customers=None):
        """Compute the rows of customers anew, and what their cohorts come to.

        :param removed: SQL condition on the rows that go, as `kept`
        :param customers: SQL as of `loyalty.customer.query`
        """
        cohorts = self.env["loyalty.cohort.month"]
        if customers:
            cohorts._add(removed, -1)
        queries = self.env["loyalty.customer.query"]
        self.env["loyalty.daily.query"]._replace_rows(
            self, COLUMNS, queries._months_sql(customers), removed
        )
        if customers:
            cohorts._add(removed, 1)
            cohorts._merge()
        else:
            self.env.cr.execute("DELETE FROM loyalty_cohort_month")
            cohorts._add(SQL("TRUE"), 1)
