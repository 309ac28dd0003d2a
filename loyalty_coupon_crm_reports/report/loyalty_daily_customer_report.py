from odoo import api, fields, models
from odoo.tools import SQL


class LoyaltyDailyCustomerReport(models.Model):
    """Who bought at which shop on which day, today computed while you look.

    The dashboard counts different customers of any days from it.
    """

    _name = "loyalty.daily.customer.report"
    _inherit = "loyalty.report.mixin"
    _description = "Customers of a Day with Today"
    _auto = False
    _rec_name = "customer_id"
    _order = "day desc, id"
    _depends = {
        "loyalty.daily.customer": ["company_id", "day", "shop", "partner_id"],
        "loyalty.daily.refresh": ["refreshed_at"],
        "loyalty.purchase": [
            "commercial_partner_id",
            "company_id",
            "date",
            "amount",
            "shop",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
    }

    company_id = fields.Many2one("res.company", readonly=True)
    day = fields.Date(readonly=True, help="In the company's time zone.")
    shop = fields.Char(readonly=True)
    customer_id = fields.Many2one("res.partner", readonly=True)

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT id, company_id, day, shop, partner_id AS customer_id
              FROM %s stored
             UNION ALL
            SELECT -(ROW_NUMBER() OVER (ORDER BY day, company_id, shop, partner_id)
                     )::integer AS id, company_id, day, shop,
                   partner_id AS customer_id
              FROM (%s) live
            """,
            self._stored_days("loyalty.daily.customer"),
            self._live_days("_customers_sql"),
        )

    @api.model
    def _count_customers(self, domain):
        """Return how many different customers there are among rows.

        PostgreSQL sorts all rows to count different ones; those it finds by itself it
        keeps apart by hashing, in a third of the time.
        """
        query = self._search(domain)
        customer = self._field_to_sql(self._table, "customer_id", query)
        [[count]] = self.env.execute_query(
            SQL(
                "SELECT COUNT(id) FROM (%s) customer",
                query.select(SQL("DISTINCT %s AS id", customer)),
            )
        )
        return count
