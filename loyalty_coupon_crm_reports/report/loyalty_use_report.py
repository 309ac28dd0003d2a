from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_customer_metric import WEEKDAYS
from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_use import KEYS, MEASURES

from .rate import Rate


class LoyaltyUseReport(models.Model):
    """One use of a card that was not reversed, with the hour and weekday it fell on."""

    _name = "loyalty.use.report"
    _inherit = "loyalty.report.shop.mixin"
    _description = "Use by Hour and Weekday"
    _auto = False
    _rec_name = "card_id"
    _order = "date desc, id desc"
    _depends = {
        "loyalty.redemption": [
            "card_id",
            "program_id",
            "campaign_id",
            "partner_id",
            "company_id",
            "channel",
            "shop",
            "user_id",
            "order_model",
            "order_id",
            "date",
            "points",
            "discount_amount",
            "goods_cost",
            "order_amount",
            "reversal_of_id",
        ],
        "loyalty.program": ["program_type"],
        "res.partner": ["commercial_partner_id"],
    }

    redemption_id = fields.Many2one("loyalty.redemption", readonly=True)
    card_id = fields.Many2one("loyalty.card", readonly=True)
    program_id = fields.Many2one("loyalty.program", readonly=True)
    program_type = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.program"]
            ._fields["program_type"]
            ._description_selection(self.env)
        ),
        readonly=True,
    )
    campaign_id = fields.Many2one("loyalty.campaign", readonly=True)
    customer_id = fields.Many2one(
        "res.partner",
        readonly=True,
        help="The commercial customer who used the card.",
    )
    user_id = fields.Many2one("res.users", readonly=True)
    date = fields.Datetime(string="Used on", readonly=True)
    use_date = fields.Date(
        string="Day of Use", readonly=True, help="In the company's time zone."
    )
    weekday = fields.Selection(
        WEEKDAYS, readonly=True, help="Weekday of the use in the company's time zone."
    )
    hour = fields.Selection(
        selection=[(f"{hour:02}", f"{hour:02}:00") for hour in range(24)],
        readonly=True,
        help="Hour of the use, 0 to 23, in the company's time zone.",
    )
    use_count = fields.Integer(
        string="Redemptions",
        readonly=True,
        help="Uses that were not reversed; a partly refunded use counts once.",
    )
    customer_count = fields.Integer(
        string="Customers",
        readonly=True,
        help="Different commercial customers with at least one use.",
    )
    points = fields.Float(
        string="Points Spent",
        readonly=True,
        help="Points spent, less those given back.",
    )
    discount_amount = fields.Monetary(
        string="Discount Given",
        readonly=True,
        help="Discount given, untaxed, in company currency, less what was reversed.",
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        readonly=True,
        help="Cost of goods given free, in company currency.",
    )
    cost_per_use = Rate(
        "Cost per Redemption",
        digits=(16, 2),
        help="Discount given and cost of free goods, as it was at that moment, ÷ "
        "redemptions, in company currency.",
    )
    net_sales = fields.Monetary(
        readonly=True,
        help="Untaxed amount of the documents with a use, net of discount. A document "
        "with several uses is shared equally between them, so that it counts once.",
    )

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "customer_count": self._distinct("customer_id"),
            "cost_per_use": (
                "(SUM(%(discount)s) + SUM(%(goods)s)) / NULLIF(SUM(%(uses)s), 0)",
                {
                    "discount": "discount_amount",
                    "goods": "goods_cost",
                    "uses": "use_count",
                },
            ),
        }

    @api.model
    def _row_columns(self):
        return ("program_id", "campaign_id", "card_id", "user_id", "use_date", "date")

    @api.model
    def _added_up_by(self):
        names = ("program_id", "program_type", "campaign_id", "channel", "shop")
        times = ("use_date", "weekday", "hour")
        return (*names, *times, "user_id", "company_id", "currency_id")

    @api.model
    def _added_up_sums(self):
        sums = ("use_count", "points", "discount_amount", "goods_cost", "net_sales")
        return (*sums, "cost_per_use")

    def _query_added_up(self):
        return SQL(
            """
            SELECT day.company_id, %(currency)s AS currency_id, day.program_id,
                   program.program_type, day.campaign_id, day.channel, day.shop,
                   day.user_id, day.day AS use_date,
                   EXTRACT(ISODOW FROM day.day)::text AS weekday, day.hour,
                   day.use_count AS facts, day.use_count, day.points,
                   day.discount_amount, day.goods_cost, day.net_sales,
                   NULL::numeric AS cost_per_use
              FROM (SELECT %(names)s FROM %(stored)s stored
                     UNION ALL
                    SELECT %(names)s FROM (%(live)s) live) day
              LEFT JOIN loyalty_program program ON program.id = day.program_id
            """,
            currency=self._by_company(
                SQL("day.company_id"), lambda company: company.currency_id.id
            ),
            names=SQL(", ").join(map(SQL.identifier, (*KEYS, *MEASURES))),
            stored=self._stored_days("loyalty.daily.use"),
            live=self._live_days("_rows_sql", "loyalty.daily.use"),
        )

    def _select(self):
        local = self._local(SQL("live.date"), SQL("live.company_id"))
        return SQL(
            """
            SELECT live.id, live.id AS redemption_id, live.card_id, live.program_id,
                   program.program_type, live.campaign_id, live.company_id,
                   COALESCE(customer.commercial_partner_id, customer.id)
                       AS customer_id,
                   company.currency_id, live.channel, live.shop, live.user_id,
                   %(moment)s AS date,
                   %(local)s::date AS use_date,
                   EXTRACT(ISODOW FROM %(local)s)::text AS weekday,
                   TO_CHAR(%(local)s, 'HH24') AS hour,
                   1 AS use_count,
                   (customer.id IS NOT NULL)::int AS customer_count,
                   live.points, live.discount_amount, live.goods_cost,
                   live.discount_amount + live.goods_cost AS cost_per_use,
                   live.order_amount / COALESCE(document.uses, 1) AS net_sales
            """,
            local=local,
            # The index on it serves a page of rows.
            moment=SQL("live.date") if self._is_whole() else SQL("head.date"),
        )

    def _from(self):
        return SQL(
            """
              FROM %s
              LEFT JOIN LATERAL (%s) document
                ON document.order_model = live.order_model
               AND document.order_id = live.order_id
              LEFT JOIN loyalty_program program ON program.id = live.program_id
              LEFT JOIN res_partner customer ON customer.id = live.partner_id
              LEFT JOIN res_company company
                ON company.id = COALESCE(live.company_id, %s)
            """,
            self._query_uses(),
            self._uses_per_document("live"),
            self.env.company.id,
        )

    def _query_uses(self):
        """Return SQL of the uses that count; of few of them, each looked up."""
        if self._is_whole():
            return SQL("(%s) live", self._live_uses())
        return SQL(
            """
            loyalty_redemption head
              JOIN LATERAL (%s) live
                ON live.id = head.id AND head.reversal_of_id IS NULL
            """,
            self._live_uses(SQL("head.id")),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the redemptions behind the rows."""
        return self._open_action(self.redemption_id, self.env._("Redemptions"))
