from odoo import api, fields, models
from odoo.tools import SQL

COLUMNS = (
    "id",
    "company_id",
    "program_id",
    "campaign_id",
    "customer_id",
    "date",
    "day",
    "before_amount",
    "after_amount",
    "before_count",
    "purchase_count",
)


class LoyaltyFirstUse(models.Model):
    """The first use of a program by a customer, with the purchases around it.

    A row has the id of the redemption. `loyalty.daily.refresh` writes the rows, and
    nobody else.
    """

    _name = "loyalty.first.use"
    _description = "First Use"
    _log_access = False
    _rec_name = "customer_id"
    _order = "day desc, id desc"

    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_id = fields.Many2one(
        "loyalty.program", required=True, ondelete="cascade", index=True
    )
    campaign_id = fields.Many2one("loyalty.campaign", index="btree_not_null")
    customer_id = fields.Many2one(
        "res.partner", required=True, ondelete="cascade", index=True
    )
    date = fields.Datetime(required=True)
    day = fields.Date(required=True, help="In the company's time zone.")
    before_amount = fields.Monetary(
        string="Spent Before",
        help="Net purchases of the customer in as many days before the first use.",
    )
    after_amount = fields.Monetary(
        string="Spent After",
        help="Net purchases of the customer in the days after the first use.",
    )
    before_count = fields.Integer(string="Purchases Before")
    purchase_count = fields.Integer(string="Purchases After")

    _day_index = models.Index("(day DESC, id DESC)")

    @api.model
    def _replace(self, removed, customers=None):
        """Compute the rows of customers anew.

        :param removed: SQL condition on the rows that go, as `kept`
        :param customers: SQL as of `loyalty.customer.query`
        """
        queries = self.env["loyalty.customer.query"]
        if customers:
            removed = self._gone(removed, customers)
        self.env["loyalty.daily.query"]._replace_rows(
            self, COLUMNS, queries._first_uses_sql(customers), removed
        )

    @api.model
    def _gone(self, removed, customers):
        """Return the SQL condition on all rows that go, as `kept`; see `_replace`."""
        # A contact may have come from another customer with its uses.
        return SQL(
            "(%s OR kept.id IN (SELECT id FROM (%s) fresh))",
            removed,
            self.env["loyalty.customer.query"]._first_uses(customers),
        )
