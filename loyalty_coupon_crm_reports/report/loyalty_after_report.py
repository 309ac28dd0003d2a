from odoo import api, fields, models
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_first_use import COLUMNS

from .rate import Rate


class LoyaltyAfterReport(models.Model):
    """What a customer bought before and after the first use of a program's card.

    The purchase on which the card was used counts neither before nor after. The number
    of days is a setting of all companies, 30 unless set.
    """

    _name = "loyalty.after.report"
    _inherit = "loyalty.report.mixin"
    _description = "Spend after Use"
    _auto = False
    _rec_name = "customer_id"
    _order = "use_date desc, id desc"
    _depends = {
        "loyalty.daily.refresh": ["done_ids", "after_days"],
        "loyalty.first.use": [*COLUMNS[1:]],
        "loyalty.purchase": [
            "commercial_partner_id",
            "company_id",
            "date",
            "amount",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
        "loyalty.redemption": [
            "program_id",
            "campaign_id",
            "partner_id",
            "company_id",
            "order_model",
            "order_id",
            "date",
            "points",
            "reversal_of_id",
        ],
        "res.partner": ["commercial_partner_id"],
    }

    redemption_id = fields.Many2one(
        "loyalty.redemption", string="First Use", readonly=True
    )
    program_id = fields.Many2one("loyalty.program", readonly=True)
    campaign_id = fields.Many2one("loyalty.campaign", readonly=True)
    customer_id = fields.Many2one("res.partner", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one("res.currency", readonly=True)
    use_date = fields.Date(
        string="Day of First Use", readonly=True, help="In the company's time zone."
    )
    is_complete = fields.Boolean(
        string="Window Is Over",
        readonly=True,
        help="The days after the use have passed; otherwise more may come.",
    )
    customer_count = fields.Integer(
        string="Customers", readonly=True, help="Different commercial customers."
    )
    before_amount = fields.Monetary(
        string="Spent Before",
        readonly=True,
        help="Net purchases of the customer in as many days before the first use.",
    )
    after_amount = fields.Monetary(
        string="Spent After",
        readonly=True,
        help="Net purchases of the customer in the days after the first use (30 unless "
        "set otherwise); the purchase with the use itself does not count.",
    )
    mean_before = Rate(
        "Spent Before per First Use",
        digits=(16, 2),
        help="Spent before ÷ first uses. Who used cards of two programs has two.",
    )
    mean_after = Rate(
        "Spent After per First Use",
        digits=(16, 2),
        help="Spent after ÷ first uses. Who used cards of two programs has two.",
    )
    before_count = fields.Integer(
        string="Purchases Before",
        readonly=True,
        help="Purchases of the customer in as many days before the first use.",
    )
    after_count = fields.Integer(
        string="Purchases After",
        readonly=True,
        help="Purchases of the customer in the days after the first use.",
    )
    frequency_before = Rate(
        "Purchases Before per First Use",
        digits=(16, 2),
        help="Purchases before ÷ first uses, those with none included.",
    )
    frequency_after = Rate(
        "Purchases After per First Use",
        digits=(16, 2),
        help="Purchases after ÷ first uses, those with none included.",
    )
    basket_before = Rate(
        "Average Basket Before",
        digits=(16, 2),
        help="Spent before ÷ purchases before.",
    )
    basket_after = Rate(
        "Average Basket After",
        digits=(16, 2),
        help="Spent after ÷ purchases after.",
    )
    active_count = fields.Integer(
        string="Had Bought",
        readonly=True,
        help="First uses with a purchase in as many days before.",
    )
    active_rate = Rate(
        "Had Bought (%)",
        help="First uses with a purchase before ÷ first uses, in percent.",
    )
    return_count = fields.Integer(
        string="Came Again",
        readonly=True,
        help="First uses that were followed by a purchase.",
    )
    return_rate = Rate(
        "Came Again (%)",
        help="First uses followed by a purchase ÷ first uses, in percent.",
    )
    use_count = fields.Integer(string="First Uses", readonly=True)

    @api.model
    def _measures(self):
        return {
            **super()._measures(),
            "customer_count": self._distinct("customer_id"),
            "mean_before": self._ratio("before_amount", "use_count"),
            "mean_after": self._ratio("after_amount", "use_count"),
            "frequency_before": self._ratio("before_count", "use_count"),
            "frequency_after": self._ratio("after_count", "use_count"),
            "basket_before": self._ratio("before_amount", "before_count"),
            "basket_after": self._ratio("after_amount", "after_count"),
            "active_rate": self._ratio("active_count", "use_count", 100),
            "return_rate": self._ratio("return_count", "use_count", 100),
        }

    @property
    def _table_query(self):
        return SQL(
            """
            SELECT first.id, first.id AS redemption_id, first.program_id,
                   first.campaign_id, first.customer_id, first.company_id,
                   %(currency)s AS currency_id, first.day AS use_date,
                   first.date < %(end)s AS is_complete,
                   1 AS customer_count, 1 AS use_count,
                   first.before_amount, first.after_amount,
                   first.before_amount AS mean_before, first.after_amount AS mean_after,
                   first.before_count, first.purchase_count AS after_count,
                   first.before_count AS frequency_before,
                   first.purchase_count AS frequency_after,
                   first.before_amount / NULLIF(first.before_count, 0)
                       AS basket_before,
                   first.after_amount / NULLIF(first.purchase_count, 0)
                       AS basket_after,
                   (first.before_count > 0)::int AS active_count,
                   (first.before_count > 0)::int * 100.0 AS active_rate,
                   (first.purchase_count > 0)::int AS return_count,
                   (first.purchase_count > 0)::int * 100.0 AS return_rate
              FROM (%(first)s) first
            """,
            currency=self._by_company(
                SQL("first.company_id"), lambda company: company.currency_id.id
            ),
            end=fields.Datetime.subtract(
                fields.Datetime.now(),
                days=self.env["loyalty.customer.query"]._after_days(),
            ),
            first=self._by_customers("loyalty.first.use", COLUMNS, "_first_uses_sql"),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the purchases that the figures hold, edits and refunds included."""
        queries = self.env["loyalty.customer.query"]
        customers = queries._ids_sql(self.customer_id.ids)
        self.env.flush_all()
        rows = self.env.execute_query(
            SQL(
                """
                WITH first AS (%(first)s), basket AS (%(baskets)s), found AS (
                    SELECT basket.order_model, basket.order_id
                      FROM first
                      JOIN basket ON %(around)s AND basket.date != first.date
                     WHERE first.id = ANY(%(uses)s)),
                row AS (
                    SELECT purchase.id FROM loyalty_purchase purchase
                      JOIN found
                        ON found.order_model = COALESCE(purchase.order_model,
                                                        'loyalty.purchase')
                       AND found.order_id = COALESCE(NULLIF(purchase.order_id, 0),
                                                     purchase.id))
                SELECT id FROM row
                 UNION
                SELECT back.id FROM loyalty_purchase back
                  JOIN row ON row.id = back.reversal_of_id
                """,
                first=queries._first_uses(customers),
                baskets=queries._customer_baskets(customers),
                around=queries._baskets_around(),
                uses=self.redemption_id.ids,
            )
        )
        purchases = self.env["loyalty.purchase"].browse(row[0] for row in rows)
        return self._open_action(purchases, self.env._("Purchases"))
