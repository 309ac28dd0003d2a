from itertools import pairwise

from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_customer_metric import STAGES

from .rate import Rate

# First year of each band but the lowest.
AGES = (18, 25, 35, 45, 55, 65)


class LoyaltyPriceReport(models.Model):
    """What a customer paid for a product, beside what all paid for it that month.

    For auditors who ask whether groups of customers pay different prices. Each line of
    a purchase is compared with the mean price of the same product in the same company
    and month, so that groups which buy other things, or at other times, are compared
    like for like. What was taken back later was paid all the same.
    """

    _name = "loyalty.price.report"
    _inherit = "loyalty.report.mixin"
    _description = "Price Differences"
    _auto = False
    _rec_name = "product_id"
    _order = "date desc, id desc"
    _depends = {
        "loyalty.customer.metric": [
            "company_id",
            "first_date",
            "partner_id",
            "rfm_segment",
            "stage",
        ],
        "loyalty.purchase": [
            "channel",
            "commercial_partner_id",
            "company_id",
            "date",
            "order_id",
            "order_model",
            "reversal_of_id",
            "shop",
        ],
        "loyalty.purchase.line": [
            "amount",
            "categ_id",
            "product_id",
            "purchase_id",
            "quantity",
        ],
        "loyalty.redemption": ["order_id", "order_model", "points", "reversal_of_id"],
        "res.partner": ["country_id", "lang", "loyalty_birthday", "state_id"],
    }

    purchase_id = fields.Many2one("loyalty.purchase", readonly=True)
    product_id = fields.Many2one("product.product", readonly=True)
    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]._fields["channel"].selection
        ),
        readonly=True,
    )
    shop = fields.Char(readonly=True)
    date = fields.Datetime(string="Bought on", readonly=True)
    month = fields.Date(
        readonly=True, help="First day of the month, in the company's time zone."
    )
    acquaintance = fields.Selection(
        [
            ("first", "First purchase"),
            ("known", "Bought before"),
            ("guest", "Without a customer"),
        ],
        string="New or Known",
        readonly=True,
        help="Whether the customer had bought on an earlier day.",
    )
    stage = fields.Selection(STAGES, readonly=True, help="Of the life cycle, today.")
    rfm_segment = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.customer.metric"]._fields["rfm_segment"].selection
        ),
        string="RFM Segment",
        readonly=True,
        help="Today.",
    )
    age_band = fields.Selection(
        [
            ("0", "Below 18"),
            *((str(low), f"{low}–{high - 1}") for low, high in pairwise(AGES)),
            (str(AGES[-1]), "65 and above"),
        ],
        string="Age",
        readonly=True,
        help="On the day of the purchase; empty where no date of birth is known.",
    )
    country_id = fields.Many2one("res.country", readonly=True)
    state_id = fields.Many2one("res.country.state", readonly=True)
    lang = fields.Selection(
        selection=lambda self: self.env["res.lang"].get_installed(),
        string="Language",
        readonly=True,
    )
    coupon_use = fields.Selection(
        [("yes", "With coupon or points"), ("no", "Without")],
        string="Offer Used",
        readonly=True,
        help="Whether a coupon, voucher or points were used in the purchase: where "
        "prices differ without them, too, it is not the offers.",
    )
    others = fields.Integer(
        string="Other Sales",
        aggregator=None,
        readonly=True,
        help="Other sales of the product in the company and month; without any there "
        "is nothing to compare with.",
    )
    quantity = fields.Float(readonly=True)
    amount = fields.Monetary(
        string="Paid",
        readonly=True,
        help="Untaxed, net of discount, in company currency.",
    )
    mean_amount = fields.Monetary(
        string="At the Mean Price",
        readonly=True,
        help="Quantity × what all customers paid for a piece of the product in the "
        "company and month.",
    )
    difference = fields.Monetary(
        readonly=True, help="Paid less what the mean price comes to."
    )
    price_index = Rate(
        "Price Index",
        help="Paid ÷ at the mean price, in percent: 100 where a group pays what all "
        "pay for the same products in the same months.",
    )
    price_ratio = fields.Float(
        string="Price to Mean Price",
        aggregator="avg",
        digits=(16, 4),
        readonly=True,
        help="Of the single sale: 1 at the mean price.",
    )
    standard_errors = Rate(
        "Standard Errors from 1",
        digits=(16, 2),
        help="How far the mean of price to mean price lies from 1, in standard errors: "
        "beyond -3 or 3 chance hardly explains the difference. Sales of one customer "
        "count each, so be careful with groups of few customers.",
    )
    customer_id = fields.Many2one("res.partner", readonly=True)
    customer_count = fields.Integer(
        string="Customers", readonly=True, help="Different customers of the group."
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "customer_count": self._distinct("customer_id"),
            "price_index": self._ratio("amount", "mean_amount", 100),
            "standard_errors": (
                """
                (AVG(%(ratio)s) - 1)
                / NULLIF(STDDEV_SAMP(%(ratio)s) / SQRT(COUNT(%(ratio)s)), 0)
                """,
                {"ratio": "price_ratio"},
            ),
        }

    def _query_facts(self):
        return SQL(
            """
            SELECT sold.*, sold.amount - sold.mean_amount AS difference,
                   sold.amount * 100.0 / NULLIF(sold.mean_amount, 0) AS price_index,
                   (sold.amount / NULLIF(sold.mean_amount, 0))::float8 AS price_ratio,
                   NULL::float8 AS standard_errors,
                   (sold.customer_id IS NOT NULL)::int AS customer_count
              FROM (%s) sold
            """,
            self._sold_sql(),
        )

    @api.model
    def _sold_sql(self):
        """Return SQL of lines with their customer, and what they cost on average."""
        return SQL(
            """
            SELECT line.id, line.purchase_id, line.product_id, line.categ_id,
                   sale.company_id, %(currency)s AS currency_id, sale.channel,
                   sale.shop, sale.date, clock.month,
                   sale.commercial_partner_id AS customer_id,
                   CASE WHEN sale.commercial_partner_id IS NULL THEN 'guest'
                        WHEN metric.first_date < clock.local::date THEN 'known'
                        ELSE 'first' END AS acquaintance,
                   metric.stage, metric.rfm_segment, %(age)s AS age_band,
                   buyer.country_id, buyer.state_id, buyer.lang,
                   CASE WHEN used.order_id IS NULL THEN 'no' ELSE 'yes' END
                       AS coupon_use,
                   line.quantity, line.amount,
                   COUNT(*) OVER same - 1 AS others,
                   line.quantity::numeric * SUM(line.amount) OVER same
                       / NULLIF(SUM(line.quantity) OVER same, 0)::numeric
                       AS mean_amount
              FROM loyalty_purchase sale
              JOIN loyalty_purchase_line line ON line.purchase_id = sale.id
             CROSS JOIN LATERAL (
                   SELECT moment AS local, DATE_TRUNC('month', moment)::date AS month
                     FROM (SELECT %(local)s AS moment) zoned) clock
              LEFT JOIN loyalty_customer_metric metric
                     ON metric.partner_id = sale.commercial_partner_id
                    AND metric.company_id = sale.company_id
              LEFT JOIN res_partner buyer ON buyer.id = sale.commercial_partner_id
              LEFT JOIN (SELECT DISTINCT order_model, order_id FROM (%(uses)s) uses)
                        used ON used.order_model = COALESCE(sale.order_model,
                                                            'loyalty.purchase')
                            AND used.order_id = COALESCE(NULLIF(sale.order_id, 0),
                                                         sale.id)
             WHERE sale.reversal_of_id IS NULL
               AND line.quantity > 0
               AND line.product_id IS NOT NULL
            WINDOW same AS (
                   PARTITION BY sale.company_id, clock.month, line.product_id)
            """,
            currency=self._by_company(
                SQL("sale.company_id"), lambda company: company.currency_id.id
            ),
            age=self._age_sql(),
            local=self._local(SQL("sale.date"), SQL("sale.company_id")),
            uses=self.env["loyalty.redemption"]._all_live_sql(),
        )

    @api.model
    def _age_sql(self):
        """Return SQL of the age band of a `buyer` at the time `clock.local`."""
        years = SQL("EXTRACT(YEAR FROM AGE(clock.local, buyer.loyalty_birthday))")
        return SQL(
            "CASE WHEN buyer.loyalty_birthday IS NULL THEN NULL %s ELSE '0' END",
            SQL(" ").join(
                SQL("WHEN %s >= %s THEN %s", years, low, str(low))
                for low in reversed(AGES)
            ),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the purchases behind a figure."""
        return self._open_action(self.purchase_id, self.env._("Purchases"))
