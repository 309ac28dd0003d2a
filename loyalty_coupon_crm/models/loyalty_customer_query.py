from odoo import api, models
from odoo.tools import SQL

DEFAULT_DAYS = 30


class LoyaltyCustomerQuery(models.AbstractModel):
    """SQL that computes from the facts what some customers did over time.

    `customers` is SQL of a query of ids of commercial partners, empty for all of them.
    """

    _name = "loyalty.customer.query"
    _inherit = "loyalty.fact.query"
    _description = "Queries of Customers"

    @api.model
    def _after_days(self):
        """Return how many days before and after a first use are looked at."""
        # Only administrators read settings; this number is in the reports' texts.
        setting = self.env["ir.config_parameter"].sudo()
        text = setting.get_param("loyalty.spend_after_days", "")
        return int(text) if text.isdecimal() and int(text) else DEFAULT_DAYS

    @api.model
    def _ids_sql(self, ids):
        """Return SQL of a query of ids that are known."""
        return SQL("SELECT UNNEST(%s::integer[])", list(ids))

    @api.model
    def _touched_sql(self, done_ids):
        """Return SQL of the customers that facts after the given ones say more of.

        :param done_ids: dict of table name to the last id that is known
        """
        return SQL(
            """
            WITH hit AS MATERIALIZED (
                SELECT row.commercial_partner_id, row.order_model, row.order_id
                  FROM loyalty_purchase row WHERE row.id > %(purchase)s
                 UNION ALL
                SELECT origin.commercial_partner_id, origin.order_model, origin.order_id
                  FROM loyalty_purchase row
                  JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
                 WHERE row.id > %(purchase)s
            ), used AS MATERIALIZED (
                SELECT row.partner_id, row.reversal_of_id
                  FROM loyalty_redemption row WHERE row.id > %(redemption)s
            ), touched (customer_id) AS (
                SELECT commercial_partner_id FROM hit
                 UNION
                SELECT same.commercial_partner_id
                  FROM hit
                  JOIN loyalty_purchase same ON same.order_model = hit.order_model
                                            AND same.order_id = hit.order_id
                 WHERE hit.order_id > 0
                 UNION
                SELECT customer.commercial_partner_id
                  FROM used JOIN res_partner customer ON customer.id = used.partner_id
                 UNION
                SELECT customer.commercial_partner_id
                  FROM used
                  JOIN loyalty_redemption origin ON origin.id = used.reversal_of_id
                  JOIN res_partner customer ON customer.id = origin.partner_id
            )
            SELECT customer_id FROM touched WHERE customer_id IS NOT NULL
            """,
            purchase=done_ids.get("loyalty_purchase", 0),
            redemption=done_ids.get("loyalty_redemption", 0),
        )

    @api.model
    def _customer_baskets(self, customers=None):
        """Return SQL of the baskets of customers, as of `_baskets`."""
        if not customers:
            return SQL(
                "SELECT * FROM (%s) known WHERE customer_id IS NOT NULL",
                self._baskets(),
            )
        rows = SQL(
            """
            SELECT hit.id FROM loyalty_purchase hit
             WHERE hit.commercial_partner_id IN (%(customers)s)
             UNION
            SELECT same.id
              FROM loyalty_purchase hit
              JOIN loyalty_purchase same ON same.order_model = hit.order_model
                                        AND same.order_id = hit.order_id
             WHERE hit.commercial_partner_id IN (%(customers)s) AND hit.order_id > 0
            """,
            customers=customers,
        )
        return SQL(
            "SELECT * FROM (%s) known WHERE customer_id IN (%s)",
            self._baskets(rows),
            customers,
        )

    @api.model
    def _months_sql(self, customers=None):
        """Return SQL of the months in which customers bought, with their first one."""
        return SQL(
            """
            SELECT company_id, customer_id,
                   MIN(month) OVER (PARTITION BY company_id, customer_id)
                       AS cohort_month,
                   month, purchase_count, amount
              FROM (SELECT basket.company_id, basket.customer_id,
                           DATE_TRUNC('month', %(local)s)::date AS month,
                           COUNT(*)::integer AS purchase_count,
                           SUM(basket.amount) AS amount
                      FROM (%(baskets)s) basket
                     GROUP BY 1, 2, 3) bought
            """,
            local=self._local(SQL("basket.date"), SQL("basket.company_id")),
            baskets=self._customer_baskets(customers),
        )

    @api.model
    def _first_uses(self, customers=None):
        """Return SQL of the first live use of each customer, program and company."""
        only = None
        if customers:
            only = SQL(
                """
                SELECT used.id
                  FROM loyalty_redemption used
                  JOIN res_partner contact ON contact.id = used.partner_id
                 WHERE contact.commercial_partner_id IN (%s)
                """,
                customers,
            )
        return SQL(
            """
            SELECT DISTINCT ON (live.company_id, live.program_id, 1)
                   customer.commercial_partner_id AS customer_id, live.id,
                   live.program_id, live.campaign_id, live.company_id,
                   live.order_model, live.order_id, live.date
              FROM (%s) live
              JOIN res_partner customer ON customer.id = live.partner_id
             WHERE live.company_id IS NOT NULL
             ORDER BY live.company_id, live.program_id, 1, live.date, live.id
            """,
            self._live_uses(only),
        )

    @api.model
    def _first_days_sql(self, customers=None):
        """Return SQL of the first uses of `_first_uses` with their local days."""
        return SQL(
            """
            SELECT first.company_id, first.program_id, first.customer_id,
                   %(local)s::date AS day
              FROM (%(first)s) first
            """,
            local=self._local(SQL("first.date"), SQL("first.company_id")),
            first=self._first_uses(customers),
        )

    @api.model
    def _baskets_around(self):
        """Return the condition that `basket` is of the days around the use `first`."""
        return SQL(
            """
            basket.customer_id = first.customer_id
            AND basket.company_id = first.company_id
            AND basket.date >= first.date - %(span)s
            AND basket.date <= first.date + %(span)s
            AND (basket.order_model, basket.order_id)
                IS DISTINCT FROM (first.order_model, first.order_id)
            """,
            span=SQL("%s * INTERVAL '1 day'", self._after_days()),
        )

    @api.model
    def _first_uses_sql(self, customers=None):
        """Return SQL of first uses with what was bought in the days around them."""
        return SQL(
            """
            WITH first AS MATERIALIZED (%(first)s),
            basket AS MATERIALIZED (%(baskets)s)
            SELECT first.id, first.company_id, first.program_id, first.campaign_id,
                   first.customer_id, first.date, %(local)s::date AS day,
                   COALESCE(SUM(basket.amount) FILTER (
                       WHERE basket.date < first.date), 0) AS before_amount,
                   COALESCE(SUM(basket.amount) FILTER (
                       WHERE basket.date > first.date), 0) AS after_amount,
                   (COUNT(*) FILTER (WHERE basket.date < first.date))::integer
                       AS before_count,
                   (COUNT(*) FILTER (WHERE basket.date > first.date))::integer
                       AS purchase_count
              FROM first
              LEFT JOIN basket ON %(around)s
             GROUP BY first.id, first.company_id, first.program_id, first.campaign_id,
                      first.customer_id, first.date
            """,
            first=self._first_uses(customers),
            baskets=self._customer_baskets(customers),
            local=self._local(SQL("first.date"), SQL("first.company_id")),
            around=self._baskets_around(),
        )
