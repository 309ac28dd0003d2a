from odoo import api, models
from odoo.tools import SQL

# Purchases of transactions that ended while a refresh began have smaller ids.
CURSOR_OVERLAP = 200
# Tables of one transaction.
RECENT_CUSTOMERS = "loyalty_refresh_customer"
RECENT_PURCHASES = "loyalty_refresh_purchase"


class LoyaltyCustomerBasketMixin(models.AbstractModel):
    """What customers bought: the first parts of the statement of their figures.

    Purchases net of their refunds, the days on which somebody bought, the gaps between
    them, and what was spent on which category. With `recent`, only of customers with
    purchases past the cursor.
    """

    _name = "loyalty.customer.basket.mixin"
    _description = "Purchases for Customer Figures"

    @api.model
    def _zone_sql(self, companies):
        """Return the time zone, the day and the settings of each company."""
        rows = [
            SQL(
                "SELECT %s AS company_id, %s AS name, %s::date AS today,"
                " (%s::date - %s * INTERVAL '1 month')::date AS since,"
                " %s::int AS lost_days, %s::float AS lost_probability,"
                " %s::float AS dormant_factor,"
                " %s::float[] AS r_days, %s::float[] AS f_counts,"
                " %s::float[] AS m_amounts",
                company.id,
                company._loyalty_timezone(),
                company._loyalty_today(),
                company._loyalty_today(),
                company.loyalty_rfm_months,
                company.loyalty_lost_days,
                company.loyalty_lost_probability,
                company.loyalty_dormant_factor,
                *company._loyalty_rfm_thresholds(),
            )
            for company in companies
        ]
        return SQL(" UNION ALL ").join(rows)

    @api.model
    def _stage_recent(self, companies):
        """Put aside the customers with purchases past the cursor, and all their rows.

        In tables of this transaction: of a part of a statement the planner does not
        know how long it is. It would take it for one row, and join thousands to
        thousands one by one.
        """
        parts = {
            RECENT_CUSTOMERS: self._recent_customers_sql(companies),
            RECENT_PURCHASES: self._recent_purchases_sql(),
        }
        for table, query in parts.items():
            name = SQL.identifier(table)
            self.env.cr.execute(SQL("DROP TABLE IF EXISTS %s", name))
            self.env.cr.execute(
                SQL("CREATE TEMP TABLE %s ON COMMIT DROP AS %s", name, query)
            )
            self.env.cr.execute(SQL("ANALYZE %s", name))

    @api.model
    def _recent_customers_sql(self, companies):
        """Return the customers with purchases past the cursor of their company."""
        return SQL(
            """
            SELECT DISTINCT row.company_id, customer.id AS partner_id
              FROM loyalty_company_metric base
              JOIN loyalty_purchase row
                ON row.company_id = base.company_id
               AND row.id > COALESCE(base.cursor_purchase_id, 0) - %s
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             CROSS JOIN LATERAL (
                   SELECT COALESCE(origin.commercial_partner_id,
                                   row.commercial_partner_id) AS id) customer
             WHERE base.company_id = ANY(%s) AND customer.id IS NOT NULL
            """,
            CURSOR_OVERLAP,
            companies.ids,
        )

    @api.model
    def _recent_purchases_sql(self):
        """Return all purchases of these customers, and what came back of them."""
        return SQL(
            """
            WITH own AS MATERIALIZED (
                SELECT row.*
                  FROM %(customers)s touched
                  JOIN loyalty_purchase row
                    ON row.company_id = touched.company_id
                   AND row.commercial_partner_id = touched.partner_id
            ), fact AS (
                SELECT * FROM own
                 UNION
                SELECT back.*
                  FROM own JOIN loyalty_purchase back ON back.reversal_of_id = own.id
            )
            SELECT fact.*
              FROM fact
         LEFT JOIN loyalty_purchase origin ON origin.id = fact.reversal_of_id
              JOIN %(customers)s touched
                ON touched.company_id = fact.company_id
               AND touched.partner_id = COALESCE(origin.commercial_partner_id,
                                                 fact.commercial_partner_id)
            """,
            customers=SQL.identifier(RECENT_CUSTOMERS),
        )

    @api.model
    def _basket_sql(self, facts):
        """Return one row per purchase, with the refunds that belong to it.

        It is of the moment of its first row of which something is left, and of the
        channel it was bought at, wherever the goods came back.

        :param facts: SQL of the rows of `loyalty_purchase` that are looked at
        """
        customer = SQL(
            "COALESCE(origin.commercial_partner_id, row.commercial_partner_id)"
        )
        date = SQL(
            """COALESCE(MIN(clock.local) FILTER (
                            WHERE origin.id IS NULL
                              AND row.amount + COALESCE(back.amount, 0) > 0),
                        MIN(clock.local))"""
        )
        return SQL(
            """
            SELECT row.company_id, %(customer)s AS partner_id,
                   COALESCE(CASE WHEN origin.id IS NULL THEN row.order_model
                                 ELSE origin.order_model END, 'loyalty.purchase')
                       AS order_model,
                   CASE WHEN origin.id IS NULL
                        THEN COALESCE(NULLIF(row.order_id, 0), row.id)
                        ELSE COALESCE(NULLIF(origin.order_id, 0), origin.id)
                   END AS order_id,
                   %(date)s AS date,
                   %(date)s::date > MIN(zone.since) AS is_recent,
                   MIN(row.channel) FILTER (WHERE origin.id IS NULL) AS channel,
                   SUM(row.amount) AS amount,
                   CASE WHEN COUNT(row.margin) = COUNT(*) THEN SUM(row.margin) END
                       AS margin,
                   SUM(row.amount) > 0 OR (
                       BOOL_AND(row.amount = 0)
                       AND COUNT(*) > 2 * COUNT(row.reversal_of_id)) AS is_counted
              FROM %(facts)s row
              JOIN zone ON zone.company_id = row.company_id
             CROSS JOIN LATERAL (
                   SELECT row.date AT TIME ZONE 'UTC' AT TIME ZONE zone.name AS local
                   ) clock
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
         LEFT JOIN (SELECT reversal_of_id, SUM(amount) AS amount FROM %(facts)s fact
                     WHERE reversal_of_id IS NOT NULL
                  GROUP BY reversal_of_id) back ON back.reversal_of_id = row.id
             WHERE %(customer)s IS NOT NULL
          GROUP BY 1, 2, 3, 4
            """,
            customer=customer,
            date=date,
            facts=facts,
        )

    @api.model
    def _day_sql(self):
        """Return one row per customer and day with a purchase, and the gap before."""
        return SQL(
            """
            SELECT company_id, partner_id, date::date AS day, SUM(amount) AS amount,
                   date::date - LAG(date::date) OVER (
                       PARTITION BY company_id, partner_id ORDER BY date::date) AS gap
              FROM basket WHERE is_counted GROUP BY company_id, partner_id, date::date
            """
        )

    @api.model
    def _rhythm_sql(self):
        return SQL(
            """
            SELECT company_id, partner_id, COUNT(*) AS purchase_days,
                   PERCENTILE_CONT(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY gap)
                       AS gaps,
                   AVG(amount) FILTER (WHERE gap IS NOT NULL) AS repeat_amount
              FROM day GROUP BY company_id, partner_id
            """
        )

    @api.model
    def _spend_sql(self, recent):
        """Return what each customer spent on each category, refunds deducted.

        Whoever brings goods back, it is the buyer who keeps less.
        """
        customer = SQL(
            "COALESCE(origin.commercial_partner_id, row.commercial_partner_id)"
        )
        return SQL(
            """
            SELECT row.company_id, %(customer)s AS partner_id,
                   line.categ_id, SUM(line.amount) AS amount
              FROM %(facts)s row
              JOIN zone ON zone.company_id = row.company_id
              JOIN loyalty_purchase_line line ON line.purchase_id = row.id
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             WHERE %(customer)s IS NOT NULL
               AND line.categ_id IS NOT NULL
          GROUP BY 1, 2, 3
            HAVING SUM(line.amount) > 0
            """,
            customer=customer,
            facts=SQL.identifier(RECENT_PURCHASES if recent else "loyalty_purchase"),
        )
