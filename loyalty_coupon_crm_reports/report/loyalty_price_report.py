from datetime import timedelta
from itertools import pairwise

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_customer_metric import STAGES

from ..tools.dashboard_periods import month_start
from ..tools.date_span import ALWAYS, span_of
from .rate import Rate
from .source import Source

# First year of each band but the lowest.
AGES = (18, 25, 35, 45, 55, 65)
DAY = timedelta(days=1)
# The month of a day is its first day; a moment may be of a day earlier or later.
SPANS = {
    "month": (lambda day: month_start(day - DAY, 1), lambda day: day),
    "date": (lambda at: at.date() - DAY, lambda at: at.date() + DAY),
}

# What other tables tell of a line `sold`, and how it is found there.
OF_OTHERS = {"acquaintance", "stage", "rfm_segment", "age_band", "coupon_use"}
OF_OTHERS |= {"country_id", "state_id", "lang"}
OF_METRIC = SQL(
    "metric.partner_id = sold.customer_id AND metric.company_id = sold.company_id"
)
OF_BUYER = SQL("buyer.id = sold.customer_id")
OF_USED = SQL(
    "used.order_model = sold.document_model AND used.order_id = sold.document_id"
)


class LoyaltyPriceReport(models.Model):
    """What a customer paid for a product, beside what all paid for it that month.

    For auditors who ask whether groups of customers pay different prices. Each line of
    a purchase is compared with the mean price of the same product in the same company
    and month, so that groups which buy other things, or at other times, are compared
    like for like. What was taken back later was paid all the same.
    """

    _name = "loyalty.price.report"
    _inherit = "loyalty.report.line.mixin"
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

    categ_id = fields.Many2one("product.category", string="Category", readonly=True)
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
            self.env["loyalty.customer.metric"]
            ._fields["rfm_segment"]
            ._description_selection(self.env)
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

    @api.model
    def _for_rows(self, domain, order, limit):
        report = super()._for_rows(domain, order, limit)
        names = self._domain_names(domain)
        if names == {"id"}:
            page = report._read_from(Source.PAGE)
            return page.with_context(loyalty_report_days=self._days_of(domain))
        page = limit and (not order or order == self._order)
        if report._is_whole() and page and names.isdisjoint(OF_OTHERS):
            return report._read_from(Source.PAGE)
        return report

    @api.model
    def _days_of(self, domain):
        """Return between which days rows were sold that are named by their ids."""
        parts = list(Domain(domain))
        if len(parts) != 1 or parts[0][1] != "in":
            return ALWAYS
        [days] = self.env.execute_query(
            SQL(
                """
                SELECT MIN(sale.date), MAX(sale.date)
                  FROM loyalty_purchase_line line
                  JOIN loyalty_purchase sale ON sale.id = line.purchase_id
                 WHERE line.id = ANY(%s)
                """,
                list(parts[0][2]),
            )
        )
        return tuple(
            day and day_of(day) for day, day_of in zip(days, SPANS["date"], strict=True)
        )

    @api.model
    def _for_facts(self, domain):
        # A client's context comes as JSON: it cannot hold a pair of days.
        span = span_of(list(Domain(domain).optimize_full(self)), SPANS)
        return super()._for_facts(domain).with_context(loyalty_report_days=span)

    def _query_facts(self):
        is_page = self._source() is Source.PAGE
        told = self._looked_up if is_page else lambda _table, value: value
        joins = SQL() if is_page else self._joins_sql()
        return SQL(
            """
            SELECT sold.id, sold.purchase_id, sold.product_id, sold.categ_id,
                   sold.company_id, %(currency)s AS currency_id, sold.channel,
                   sold.shop, sold.date, sold.month, sold.customer_id,
                   CASE WHEN sold.customer_id IS NULL THEN 'guest'
                        WHEN %(first_date)s < sold.local::date THEN 'known'
                        ELSE 'first' END AS acquaintance,
                   %(stage)s AS stage, %(rfm_segment)s AS rfm_segment,
                   %(age)s AS age_band, %(country)s AS country_id,
                   %(state)s AS state_id, %(lang)s AS lang,
                   CASE WHEN %(used)s THEN 'yes' ELSE 'no' END AS coupon_use,
                   sold.others, sold.quantity, sold.amount, sold.mean_amount,
                   sold.amount - sold.mean_amount AS difference,
                   sold.amount * 100.0 / NULLIF(sold.mean_amount, 0) AS price_index,
                   (sold.amount / NULLIF(sold.mean_amount, 0))::float8 AS price_ratio,
                   NULL::float8 AS standard_errors,
                   (sold.customer_id IS NOT NULL)::int AS customer_count
              FROM (%(sold)s) sold %(joins)s
            """,
            currency=self._by_company(
                SQL("sold.company_id"), lambda company: company.currency_id.id
            ),
            first_date=told("metric", SQL("metric.first_date")),
            stage=told("metric", SQL("metric.stage")),
            rfm_segment=told("metric", SQL("metric.rfm_segment")),
            age=told("buyer", self._age_sql()),
            country=told("buyer", SQL("buyer.country_id")),
            state=told("buyer", SQL("buyer.state_id")),
            lang=told("buyer", SQL("buyer.lang")),
            used=told("used", SQL("used.order_id IS NOT NULL")),
            sold=self._sold_sql(),
            joins=joins,
        )

    @api.model
    def _looked_up(self, table, value):
        """Return SQL of what another table tells of a line `sold`.

        Of a page of lines it is looked up when the page is known.
        """
        source, condition = {
            "metric": (SQL("loyalty_customer_metric metric"), OF_METRIC),
            "buyer": (SQL("res_partner buyer"), OF_BUYER),
            "used": (
                SQL("loyalty_redemption used"),
                SQL(
                    "%s AND %s",
                    OF_USED,
                    self.env["loyalty.redemption"]._live_sql("used"),
                ),
            ),
        }[table]
        return SQL("(SELECT %s FROM %s WHERE %s LIMIT 1)", value, source, condition)

    @api.model
    def _joins_sql(self):
        """Return SQL of the joins of what other tables tell of all lines `sold`."""
        return SQL(
            """
              LEFT JOIN loyalty_customer_metric metric ON %s
              LEFT JOIN res_partner buyer ON %s
              LEFT JOIN (SELECT DISTINCT order_model, order_id FROM (%s) uses) used
                     ON %s
            """,
            OF_METRIC,
            OF_BUYER,
            self.env["loyalty.redemption"]._all_live_sql(),
            OF_USED,
        )

    @api.model
    def _sold_sql(self):
        """Return SQL of lines with what they cost on average.

        Nothing else is joined, for the mean needs all the lines of a month.
        """
        return SQL(
            """
            SELECT line.id, line.purchase_id, line.product_id, line.categ_id,
                   sale.company_id, sale.channel, sale.shop, sale.date, clock.local,
                   clock.month, sale.commercial_partner_id AS customer_id,
                   COALESCE(sale.order_model, 'loyalty.purchase') AS document_model,
                   COALESCE(NULLIF(sale.order_id, 0), sale.id) AS document_id,
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
             WHERE sale.reversal_of_id IS NULL
               AND line.quantity > 0
               AND line.product_id IS NOT NULL
               AND %(months)s
            WINDOW same AS (
                   PARTITION BY sale.company_id, clock.month, line.product_id)
            """,
            local=self._local(SQL("sale.date"), SQL("sale.company_id")),
            months=self._months_sql(),
        )

    @api.model
    def _months_sql(self):
        """Return SQL of the sales of the months that are asked for, and some others.

        Of those months all sales are there, whatever the company's time zone.
        """
        days = self.env.context.get("loyalty_report_days")
        first, last = days if isinstance(days, tuple) else ALWAYS
        return SQL(
            "%s AND %s",
            SQL("sale.date >= %s", month_start(first) - DAY) if first else True,
            SQL("sale.date < %s", month_start(last, 1) + DAY) if last else True,
        )

    @api.model
    def _age_sql(self):
        """Return SQL of the age band of a `buyer` at the time `sold.local`."""
        years = SQL("EXTRACT(YEAR FROM AGE(sold.local, buyer.loyalty_birthday))")
        return SQL(
            "CASE WHEN buyer.loyalty_birthday IS NULL THEN NULL %s ELSE '0' END",
            SQL(" ").join(
                SQL("WHEN %s >= %s THEN %s", years, low, str(low))
                for low in reversed(AGES)
            ),
        )
