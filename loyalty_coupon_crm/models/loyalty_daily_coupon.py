from odoo import api, fields, models
from odoo.tools import SQL

KEYS = (
    "company_id",
    "day",
    "program_id",
    "campaign_id",
    "variant_id",
    "outcome",
    "expiration_date",
    "days_to_use",
    "use_company_id",
    "card_id",
)
MEASURES = (
    "issued_count",
    "redeemed_count",
    "use_count",
    "discount_amount",
    "goods_cost",
    "net_sales",
)


class LoyaltyDailyCoupon(models.Model):
    """What became of the coupons that were issued on one day.

    Days that are over, added up. Coupons that different companies took have a row each:
    who sees some of these companies has them looked up anew. `loyalty.daily.refresh`
    writes the rows, and nobody else.
    """

    _name = "loyalty.daily.coupon"
    _description = "Coupons of a Day"
    _log_access = False
    _rec_name = "day"
    _order = "day desc, id"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    day = fields.Date(
        string="Issued on", required=True, help="In the company's time zone."
    )
    program_id = fields.Many2one("loyalty.program", ondelete="cascade", index=True)
    campaign_id = fields.Many2one("loyalty.campaign", ondelete="cascade")
    variant_id = fields.Many2one(
        "loyalty.campaign.variant", string="Arm", ondelete="cascade"
    )
    outcome = fields.Selection([("open", "Open"), ("used", "Used"), ("void", "Void")])
    expiration_date = fields.Date(
        string="Last Day", help="After it, coupons of this row have expired."
    )
    days_to_use = fields.Integer(help="Days from issue to first use.")
    use_company_id = fields.Many2one(
        "res.company",
        string="Used in",
        help="Company that took the coupons; empty without a use.",
    )
    card_id = fields.Many2one(
        "loyalty.card",
        string="Coupon",
        ondelete="cascade",
        index="btree_not_null",
        help="The one coupon of a row, when different companies took it.",
    )
    issued_count = fields.Integer(string="Issued")
    redeemed_count = fields.Integer(
        string="Coupons with a Use", help="At least one use was not reversed."
    )
    use_count = fields.Integer(
        string="Redemptions", help="Uses that were not reversed."
    )
    discount_amount = fields.Monetary(
        string="Discount Given", help="Untaxed, less what was reversed."
    )
    goods_cost = fields.Monetary(string="Cost of Free Goods")
    net_sales = fields.Monetary(
        help="Untaxed amount of the documents on which the coupons were used; a "
        "document with several coupons is shared equally between them."
    )

    _day_index = models.Index("(company_id, day)")

    @api.model
    def _replace(self, scope, removed):
        """Compute the rows of a scope anew.

        :param scope: dict as of `loyalty.daily.query`
        :param removed: SQL condition on the rows that go
        """
        self.env["loyalty.daily.query"]._replace_rows(
            self, (*KEYS, *MEASURES), self._rows_sql(scope), removed
        )

    @api.model
    def _rows_sql(self, scope, companies=None):
        """Return SQL of the rows of the days of a scope: `KEYS` and `MEASURES`.

        :param companies: list of ids; what others sold is not seen then
        """
        days = self.env["loyalty.daily.query"]
        issuer = self.env["loyalty.coupon.query"]._issuer_sql()
        near = days._is_near(SQL("card.issued_at"), scope)
        here = days._is_in(days._day(SQL("card.issued_at"), issuer), issuer, scope)
        cards = None
        if scope.get("spans") is not None:
            cards = SQL("SELECT card.id FROM loyalty_card card WHERE %s", near)
        return self._sums_sql(SQL("%s AND %s", near, here), cards, companies)

    @api.model
    def _cards_sql(self, cards, companies):
        """Return SQL as of `_rows_sql` of some coupons, whenever they were issued.

        :param cards: SQL of a query of their ids
        """
        return self._sums_sql(SQL("card.id IN (%s)", cards), cards, companies)

    @api.model
    def _sums_sql(self, where, cards, companies):
        """Return SQL of the rows of the coupons that a condition on `card` is true for.

        :param cards: SQL of a query of the ids of at least these, None for all
        """
        queries = self.env["loyalty.coupon.query"]
        sums = SQL(", ").join(
            SQL(
                "COALESCE(SUM(%s), 0) AS %s",
                SQL.identifier("uses", name),
                SQL.identifier(name),
            )
            for name in ("discount_amount", "goods_cost", "net_sales")
        )
        return SQL(
            """
            SELECT coupon.company_id, coupon.issue_date AS day, coupon.program_id,
                   coupon.campaign_id, coupon.variant_id,
                   CASE WHEN coupon.state IN ('used', 'void') THEN coupon.state
                        ELSE 'open' END AS outcome,
                   CASE WHEN coupon.state != 'void'
                         AND (coupon.state != 'used' OR coupon.used_at IS NULL)
                        THEN coupon.expiration_date END AS expiration_date,
                   uses.first_use_date - coupon.issue_date AS days_to_use,
                   CASE WHEN NOT uses.is_shared THEN uses.company_id END
                       AS use_company_id,
                   CASE WHEN uses.is_shared THEN coupon.id END AS card_id,
                   COUNT(*)::integer AS issued_count,
                   COUNT(uses.card_id)::integer AS redeemed_count,
                   COALESCE(SUM(uses.use_count), 0)::integer AS use_count, %(sums)s
              FROM (%(coupons)s OFFSET 0) coupon
              LEFT JOIN (%(uses)s) uses ON uses.card_id = coupon.id
             GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
            """,
            sums=sums,
            coupons=queries._coupons(where),
            uses=queries._uses_per_coupon(
                cards, by_document=bool(cards), companies=companies
            ),
        )
