from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

CHANNEL_SELECTION = [
    ("sale", "Sales"),
    ("website", "Website"),
    ("pos", "Point of Sale"),
    ("import", "Imported"),
]
WEEKDAYS = [
    ("1", "Monday"),
    ("2", "Tuesday"),
    ("3", "Wednesday"),
    ("4", "Thursday"),
    ("5", "Friday"),
    ("6", "Saturday"),
    ("7", "Sunday"),
]


class LoyaltyCustomerMetric(models.Model):
    """The figures of one customer (commercial partner) in one company."""

    _name = "loyalty.customer.metric"
    _description = "Customer Figures"
    _log_access = False
    _rec_name = "partner_id"
    _order = "last_date desc, id"

    partner_id = fields.Many2one(
        "res.partner", string="Customer", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    first_date = fields.Date(string="First Purchase")
    last_date = fields.Date(string="Last Purchase")
    recency_days = fields.Integer(
        string="Days Since Last Purchase", help="At the last refresh."
    )
    purchase_count = fields.Integer(
        string="Purchases", help="A purchase that was refunded in full does not count."
    )
    amount = fields.Monetary(
        string="Net Purchases", help="Untaxed, net of discount, less refunds."
    )
    average_basket = fields.Monetary(
        aggregator="avg", help="Net amount per purchase; empty without a purchase."
    )
    r_score = fields.Integer(string="Recency Score")
    f_score = fields.Integer(string="Frequency Score")
    m_score = fields.Integer(string="Amount Score")
    favourite_category_id = fields.Many2one(
        "product.category",
    )
    favourite_channel = fields.Selection(CHANNEL_SELECTION)
    favourite_weekday = fields.Selection(WEEKDAYS)
    favourite_hour = fields.Integer(aggregator=None)
    coupon_share = fields.Float(
        aggregator="avg", help="Share of purchases on which a coupon was used."
    )
    computed_at = fields.Datetime(string="Computed on")

    _partner_company_unique = models.Constraint(
        "UNIQUE(company_id, partner_id)",
        "A customer has one row of figures per company.",
    )

    def action_refresh(self):
        """Compute the figures of the companies the user works in.

        :raise AccessError: for whoever is not in marketing
        """
        if not self.env.user.has_group("loyalty_coupon_crm.group_loyalty_marketing"):
            raise AccessError(
                self.env._("Only marketing refreshes the figures of all customers.")
            )
        self._refresh(self.env.companies)

    def action_open_partner(self):
        """Open the customer the figures are of."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "res.partner",
            "res_id": self.partner_id.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    @api.model
    def _cron_refresh_figures(self):
        """Compute the figures of every company, then have the segments follow."""
        self._refresh()
        self.env.ref("loyalty_coupon_crm.ir_cron_loyalty_segment")._trigger()

    @api.model
    def _refresh(self, companies=None):
        """Compute the figures of all customers in one statement.

        Frequency, recency and amount as in RFM: refunds reduce the amount, a purchase
        refunded in full does not count. Days, weekdays and hours are those of the
        company's time zone. A customer without a purchase left loses the row.

        :param companies: `res.company` records, every company by default
        """
        # Figures are of the company, whoever presses the button; companies are few.
        # pylint: disable-next=no-search-all
        companies = companies or self.env["res.company"].sudo().search([])
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """
                WITH zone (company_id, name, today) AS (VALUES %(zones)s),
                basket AS (%(baskets)s),
                customer AS (%(customers)s),
                taste AS (%(tastes)s),
                gone AS (
                    DELETE FROM loyalty_customer_metric metric
                     USING zone
                     WHERE zone.company_id = metric.company_id
                       AND NOT EXISTS (
                           SELECT FROM customer
                            WHERE customer.company_id = metric.company_id
                              AND customer.partner_id = metric.partner_id))
                %(upsert)s
                """,
                zones=self._zone_sql(companies),
                baskets=self._basket_sql(),
                customers=self._customer_sql(),
                tastes=self._taste_sql(),
                upsert=self._upsert_sql(),
            )
        )
        self.invalidate_model()
        self.env["res.partner"].invalidate_model(["loyalty_metric_ids"])

    def _zone_sql(self, companies):
        """Return the time zone and the day it is in each company."""
        return SQL(", ").join(
            SQL(
                "(%s, %s, %s::date)",
                company.id,
                company._loyalty_timezone(),
                company._loyalty_today(),
            )
            for company in companies
        )

    def _basket_sql(self):
        """Return one row per purchase, with the refunds that belong to it."""
        return SQL(
            """
            SELECT row.company_id,
                   COALESCE(origin.commercial_partner_id, row.commercial_partner_id)
                       AS partner_id,
                   COALESCE(CASE WHEN origin.id IS NULL THEN row.order_model
                                 ELSE origin.order_model END, 'loyalty.purchase')
                       AS order_model,
                   CASE WHEN origin.id IS NULL THEN COALESCE(row.order_id, row.id)
                        ELSE COALESCE(origin.order_id, origin.id) END AS order_id,
                   MIN(row.date AT TIME ZONE 'UTC' AT TIME ZONE zone.name) AS date,
                   MIN(row.channel) AS channel,
                   SUM(row.amount) AS amount,
                   SUM(row.amount) > 0 OR (
                       BOOL_AND(row.amount = 0)
                       AND COUNT(*) > 2 * COUNT(row.reversal_of_id)) AS is_counted
              FROM loyalty_purchase row
              JOIN zone ON zone.company_id = row.company_id
         LEFT JOIN loyalty_purchase origin ON origin.id = row.reversal_of_id
             WHERE COALESCE(origin.commercial_partner_id, row.commercial_partner_id)
                   IS NOT NULL
          GROUP BY 1, 2, 3, 4
            """
        )

    def _customer_sql(self):
        """Return the figures of each customer; the most frequent is the favourite."""
        return SQL(
            """
            SELECT basket.company_id, basket.partner_id, SUM(basket.amount) AS amount,
                   COUNT(*) FILTER (WHERE is_counted) AS purchases,
                   MIN(date) FILTER (WHERE is_counted)::date AS first_date,
                   MAX(date) FILTER (WHERE is_counted)::date AS last_date,
                   MODE() WITHIN GROUP (ORDER BY channel)
                       FILTER (WHERE is_counted) AS channel,
                   MODE() WITHIN GROUP (ORDER BY EXTRACT(ISODOW FROM date)::int)
                       FILTER (WHERE is_counted) AS weekday,
                   MODE() WITHIN GROUP (ORDER BY EXTRACT(HOUR FROM date)::int)
                       FILTER (WHERE is_counted) AS hour,
                   AVG((used.order_id IS NOT NULL)::int)
                       FILTER (WHERE is_counted) AS coupon_share
              FROM basket
         LEFT JOIN (SELECT DISTINCT use.order_model, use.order_id
                      FROM (%s) use) used
                ON used.order_model = basket.order_model
               AND used.order_id = basket.order_id
          GROUP BY 1, 2
            """,
            self.env["loyalty.redemption"]._all_live_sql(),
        )

    def _taste_sql(self):
        """Return the category on which each customer spent most."""
        return SQL(
            """
            SELECT DISTINCT ON (row.company_id, row.commercial_partner_id)
                   row.company_id, row.commercial_partner_id AS partner_id,
                   line.categ_id
              FROM loyalty_purchase row
              JOIN zone ON zone.company_id = row.company_id
              JOIN loyalty_purchase_line line ON line.purchase_id = row.id
             WHERE row.commercial_partner_id IS NOT NULL
               AND line.categ_id IS NOT NULL
          GROUP BY row.company_id, row.commercial_partner_id, line.categ_id
            HAVING SUM(line.amount) > 0
          ORDER BY row.company_id, row.commercial_partner_id,
                   SUM(line.amount) DESC, line.categ_id
            """
        )

    def _upsert_sql(self):
        """Write the figures over those of the last refresh."""
        return SQL(
            """
            INSERT INTO loyalty_customer_metric
                   (company_id, partner_id, amount, purchase_count, first_date,
                    last_date, recency_days, average_basket, favourite_category_id,
                    favourite_channel, favourite_weekday, favourite_hour,
                    coupon_share, computed_at)
            SELECT customer.company_id, customer.partner_id, customer.amount,
                   purchases, first_date, last_date, zone.today - last_date,
                   ROUND(customer.amount / NULLIF(purchases, 0), 2), taste.categ_id,
                   channel, weekday::text, hour, coupon_share, %s
              FROM customer
              JOIN zone ON zone.company_id = customer.company_id
         LEFT JOIN taste ON taste.company_id = customer.company_id
                        AND taste.partner_id = customer.partner_id
                ON CONFLICT (company_id, partner_id) DO UPDATE SET
                   amount = EXCLUDED.amount,
                   purchase_count = EXCLUDED.purchase_count,
                   first_date = EXCLUDED.first_date,
                   last_date = EXCLUDED.last_date,
                   recency_days = EXCLUDED.recency_days,
                   average_basket = EXCLUDED.average_basket,
                   favourite_category_id = EXCLUDED.favourite_category_id,
                   favourite_channel = EXCLUDED.favourite_channel,
                   favourite_weekday = EXCLUDED.favourite_weekday,
                   favourite_hour = EXCLUDED.favourite_hour,
                   coupon_share = EXCLUDED.coupon_share,
                   computed_at = EXCLUDED.computed_at
            """,
            fields.Datetime.now(),
        )
