from odoo import api, fields, models
from odoo.tools import SQL

KEYS = (
    "company_id",
    "day",
    "hour",
    "program_id",
    "campaign_id",
    "channel",
    "shop",
    "user_id",
)
MEASURES = ("use_count", "points", "discount_amount", "goods_cost", "net_sales")


class LoyaltyDailyUse(models.Model):
    """The uses of one program in one hour of a day, at one shop, by one person.

    Days that are over, added up. `loyalty.daily.refresh` writes the rows, and nobody
    else.
    """

    _name = "loyalty.daily.use"
    _description = "Uses of a Day"
    _log_access = False
    _rec_name = "day"
    _order = "day desc, hour, id"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    day = fields.Date(required=True, help="In the company's time zone.")
    hour = fields.Char(required=True, help="00 to 23, in the company's time zone.")
    program_id = fields.Many2one("loyalty.program", ondelete="cascade", index=True)
    campaign_id = fields.Many2one("loyalty.campaign", ondelete="cascade")
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users", ondelete="set null")
    use_count = fields.Integer(
        string="Redemptions", help="Uses that were not reversed."
    )
    points = fields.Float(string="Points Spent", help="Less those given back.")
    discount_amount = fields.Monetary(
        string="Discount Given", help="Untaxed, less what was reversed."
    )
    goods_cost = fields.Monetary(string="Cost of Free Goods")
    net_sales = fields.Monetary(
        help="Untaxed amount of the documents; one with several uses is shared equally."
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
    def _rows_sql(self, scope):
        """Return SQL of the rows of the days of a scope: `KEYS` and `MEASURES`."""
        queries = self.env["loyalty.daily.query"]
        company = SQL("live.company_id")
        day = queries._day(SQL("live.date"), company)
        near = queries._near_ids("loyalty_redemption", scope)
        documents = near and queries._same_document("live")
        return SQL(
            """
            SELECT live.company_id, %(day)s AS day,
                   TO_CHAR(%(local)s, 'HH24') AS hour, live.program_id,
                   live.campaign_id, live.channel, live.shop, live.user_id,
                   COUNT(*)::integer AS use_count,
                   SUM(live.points) AS points,
                   SUM(live.discount_amount) AS discount_amount,
                   SUM(live.goods_cost) AS goods_cost,
                   SUM(live.order_amount / COALESCE(document.uses, 1)) AS net_sales
              FROM (%(uses)s) live
              LEFT JOIN LATERAL (%(documents)s) document
                ON document.order_model = live.order_model
               AND document.order_id = live.order_id
             WHERE %(here)s
             GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
            """,
            day=day,
            local=queries._local(SQL("live.date"), company),
            uses=queries._live_uses(near),
            documents=queries._uses_per_document(documents),
            here=queries._is_in(day, company, scope),
        )
