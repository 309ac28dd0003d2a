from odoo import api, fields, models
from odoo.tools import SQL

from .rate import Rate

SUMS = (
    "purchase_count",
    "coupon_purchase_count",
    "amount",
    "coupon_amount",
    "discount_amount",
    "coupon_discount",
)


class LoyaltyBasketReport(models.Model):
    """One purchase as it stands after edits and refunds, with or without a coupon.

    All rows of a document are one basket. A purchase that was taken back altogether,
    and a refund of nothing we know, are none.
    """

    _name = "loyalty.basket.report"
    _inherit = "loyalty.report.shop.mixin"
    _description = "Basket with and without Coupon"
    _auto = False
    _rec_name = "purchase_id"
    _order = "id desc"
    _depends = {
        "loyalty.purchase": [
            "commercial_partner_id",
            "company_id",
            "date",
            "amount",
            "discount_amount",
            "margin",
            "channel",
            "shop",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
        "loyalty.redemption": ["order_model", "order_id", "points", "reversal_of_id"],
    }

    purchase_id = fields.Many2one("loyalty.purchase", readonly=True)
    order_model = fields.Char(string="Document Model", readonly=True)
    order_id = fields.Many2oneReference(
        string="Document", model_field="order_model", readonly=True
    )
    customer_id = fields.Many2one("res.partner", readonly=True)
    purchase_date = fields.Date(
        string="Day of Purchase", readonly=True, help="In the company's time zone."
    )
    coupon = fields.Selection(
        selection=[("with", "With coupon"), ("without", "Without coupon")],
        readonly=True,
        help="With coupon: at least one redemption on the purchase was not reversed.",
    )
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Purchases that were not taken back altogether; all rows of one document "
        "count once.",
    )
    customer_count = fields.Integer(
        string="Customers", readonly=True, help="Different commercial customers."
    )
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, in company currency.",
    )
    average_amount = Rate(
        "Mean Basket",
        digits=(16, 2),
        help="Net sales ÷ purchases, in company currency; the discount is already "
        "deducted.",
    )
    discount_amount = fields.Monetary(
        string="Discount Given",
        readonly=True,
        help="Discount given by coupons and points, untaxed, less refunds.",
    )
    discount_rate = Rate(
        "Discount Rate (%)",
        help="Discount given ÷ (net sales + discount given) of the purchases, in "
        "percent.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "customer_count": self._distinct("customer_id"),
            "average_amount": self._ratio("amount", "purchase_count"),
            "discount_rate": (
                "SUM(%(discount)s) * 100.0"
                " / NULLIF(SUM(%(discount)s) + SUM(%(amount)s), 0)",
                {"discount": "discount_amount", "amount": "amount"},
            ),
        }

    @api.model
    def _row_columns(self):
        return ("purchase_date",)

    @api.model
    def _added_up_by(self):
        names = ("company_id", "currency_id", "channel", "shop")
        return (*names, "purchase_date", "coupon")

    @api.model
    def _added_up_sums(self):
        sums = ("purchase_count", "amount", "discount_amount")
        return (*sums, "average_amount", "discount_rate")

    def _query_added_up(self):
        return SQL(
            """
            SELECT day.company_id, %(currency)s AS currency_id, day.channel, day.shop,
                   day.day AS purchase_date, part.coupon, part.facts,
                   part.facts AS purchase_count, part.amount, part.discount_amount,
                   NULL::numeric AS average_amount, NULL::numeric AS discount_rate
              FROM (%(days)s) day
             CROSS JOIN LATERAL (
                   VALUES ('with', coupon_purchase_count, coupon_amount,
                           coupon_discount),
                          ('without', purchase_count - coupon_purchase_count,
                           amount - coupon_amount, discount_amount - coupon_discount)
                   ) part (coupon, facts, amount, discount_amount)
             WHERE part.facts > 0
            """,
            currency=self._by_company(
                SQL("day.company_id"), lambda company: company.currency_id.id
            ),
            days=self._query_days(),
        )

    def _query_days(self):
        """Return SQL of the daily figures and those of the live days."""
        sums = SQL(", ").join(
            SQL("COALESCE(%(name)s, 0) AS %(name)s", name=SQL.identifier(name))
            for name in SUMS
        )
        return SQL(
            "SELECT company_id, day, channel, shop, %(sums)s FROM %(stored)s stored"
            " UNION ALL"
            " SELECT company_id, day, channel, shop, %(sums)s FROM (%(live)s) live",
            sums=sums,
            stored=self._stored_days("loyalty.daily.figure"),
            live=self._live_days("_purchase_part"),
        )

    def _select(self):
        return SQL(
            """
            SELECT basket.id, basket.id AS purchase_id,
                   basket.order_model, basket.order_id,
                   basket.customer_id, basket.company_id, company.currency_id,
                   basket.channel, basket.shop,
                   %(local)s::date AS purchase_date,
                   CASE WHEN redeemed.uses IS NULL THEN 'without' ELSE 'with' END
                       AS coupon,
                   1 AS purchase_count,
                   (basket.customer_id IS NOT NULL)::int AS customer_count,
                   basket.amount, basket.amount AS average_amount,
                   basket.discount_amount,
                   basket.discount_amount * 100.0
                       / NULLIF(basket.discount_amount + basket.amount, 0)
                       AS discount_rate
            """,
            local=self._local(SQL("basket.date"), SQL("basket.company_id")),
        )

    def _from(self):
        return SQL(
            """
              FROM %s
              LEFT JOIN LATERAL (%s) redeemed
                ON redeemed.order_model = basket.order_model
               AND redeemed.order_id = basket.order_id
              JOIN res_company company ON company.id = basket.company_id
            """,
            self._baskets(),
            self._uses_per_document("basket"),
        )

    def _baskets(self):
        """Return SQL of the baskets; of few of them, each from its first row on."""
        queries = self.env["loyalty.fact.query"]
        if self._is_whole():
            return SQL("(%s) basket", queries._baskets())
        rows = SQL(
            """
            SELECT head.id
             UNION
            SELECT same.id FROM loyalty_purchase same
             WHERE same.order_model = head.order_model
               AND same.order_id = head.order_id AND head.order_id > 0
            """
        )
        return SQL(
            """
            loyalty_purchase head
              JOIN LATERAL (%s) basket
                ON basket.id = head.id AND head.reversal_of_id IS NULL
            """,
            queries._baskets(rows),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the purchase rows, edits and refunds included, behind the baskets."""
        purchases = self.env["loyalty.purchase"]
        for model, baskets in self.grouped("order_model").items():
            ids = baskets.mapped("order_id")
            key = "id" if model == purchases._name else "order_id"
            purchases |= purchases.search(
                [(key, "in", ids)]
                if key == "id"
                else [("order_model", "=", model), ("order_id", "in", ids)]
            )
        purchases |= purchases.search([("reversal_of_id", "in", purchases.ids)])
        return self._open_action(purchases, self.env._("Purchases"))
