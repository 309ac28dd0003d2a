from odoo import api, fields, models

CUSTOMER_COLUMNS = ("company_id", "day", "shop", "partner_id")


class LoyaltyDailyCustomer(models.Model):
    """A customer who bought at a shop on a day that is over.

    Different customers of a month are not the sum of those of its days: they are
    counted from these rows.
    """

    _name = "loyalty.daily.customer"
    _description = "Customers of a Day"
    _log_access = False
    _rec_name = "partner_id"
    _order = "day desc, id"

    company_id = fields.Many2one("res.company")
    day = fields.Date(required=True, help="In the company's time zone.")
    shop = fields.Char()
    partner_id = fields.Many2one(
        "res.partner",
        string="Customer",
        required=True,
        ondelete="cascade",
        index=True,
    )

    _day_index = models.Index("(company_id, day) INCLUDE (partner_id, shop)")

    @api.model
    def _replace(self, scope, removed):
        """Compute the rows of a scope anew.

        :param scope: dict as of `loyalty.daily.query`
        :param removed: SQL condition on the rows that go
        """
        queries = self.env["loyalty.daily.query"]
        customers = queries._customers_sql(scope)
        queries._replace_rows(self, CUSTOMER_COLUMNS, customers, removed)
