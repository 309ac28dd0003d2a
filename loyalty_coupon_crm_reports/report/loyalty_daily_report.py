from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.models.loyalty_card_state_mixin import STATE_FIELDS
from odoo.addons.loyalty_coupon_crm.models.loyalty_daily_query import KEYS, MEASURES

from .rate import Rate

RATES = ("coupon_share", "basket_with", "basket_without", "discount_rate", "used_rate")


class LoyaltyDailyReport(models.Model):
    """The daily figures of the base, and those of today, computed while you look.

    One row is a day of a company at one shop with one program. Purchases know no
    program, coupons no shop they were issued at; points have the shop of the document
    they were earned or spent on.
    """

    _name = "loyalty.daily.report"
    _inherit = "loyalty.report.shop.mixin"
    _description = "Daily Figures with Today"
    _auto = False
    _rec_name = "day"
    _order = "day desc, id"
    _depends = {
        "loyalty.daily.figure": [*KEYS, *MEASURES],
        "loyalty.daily.refresh": ["refreshed_at"],
        "loyalty.purchase": [
            "company_id",
            "date",
            "amount",
            "discount_amount",
            "channel",
            "shop",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
        "loyalty.redemption": [
            "program_id",
            "company_id",
            "channel",
            "shop",
            "order_model",
            "order_id",
            "date",
            "points",
            "discount_amount",
            "goods_cost",
            "reversal_of_id",
        ],
        "loyalty.point.move": [
            "program_id",
            "company_id",
            "date",
            "kind",
            "points",
            "balance_after",
            "order_model",
            "order_id",
            "reversal_of_id",
        ],
        "loyalty.refusal": ["company_id", "date", "channel", "shop", "program_id"],
        "loyalty.card": [*STATE_FIELDS, "campaign_id", "reissued_from_id"],
        "loyalty.campaign": ["company_id"],
        "loyalty.program": ["applies_on", "program_type"],
        "loyalty.reward": ["active", "program_id", "required_points"],
        "loyalty.point.hold": ["card_id", "expires_at"],
    }

    day = fields.Date(readonly=True, help="In the company's time zone.")
    program_id = fields.Many2one("loyalty.program", readonly=True)
    purchase_count = fields.Integer(
        string="Purchases",
        readonly=True,
        help="Purchases that were not taken back altogether, on the day of the "
        "purchase.",
    )
    coupon_purchase_count = fields.Integer(
        string="Purchases with Coupon",
        readonly=True,
        help="Purchases with at least one redemption that was not reversed.",
    )
    amount = fields.Monetary(
        string="Net Sales",
        readonly=True,
        help="Untaxed, net of discount and refunds, on the day of the purchase.",
    )
    coupon_amount = fields.Monetary(
        string="Net Sales with Coupon",
        readonly=True,
        help="Net sales of the purchases with at least one redemption.",
    )
    coupon_share = Rate(
        "Share with Coupon (%)",
        help="Net sales with coupon ÷ net sales, in percent.",
    )
    basket_with = Rate(
        "Mean Basket with Coupon",
        digits=(16, 2),
        help="Net sales with coupon ÷ purchases with coupon, in company currency; the "
        "discount is already deducted.",
    )
    basket_without = Rate(
        "Mean Basket without Coupon",
        digits=(16, 2),
        help="The same of the purchases without a redemption.",
    )
    discount_amount = fields.Monetary(
        string="Discount on Purchases",
        readonly=True,
        help="Discount given by coupons and points, untaxed, less refunds.",
    )
    coupon_discount = fields.Monetary(
        string="Discount on Purchases with Coupon",
        readonly=True,
        help="Discount on the purchases with at least one redemption.",
    )
    discount_rate = Rate(
        "Discount Rate (%)",
        help="Discount on purchases ÷ (net sales + discount on purchases), in percent.",
    )
    row_count = fields.Integer(
        string="Rows of Purchases",
        readonly=True,
        help="Purchases, edits and refunds, each on its own day.",
    )
    sale_count = fields.Integer(
        string="Sales",
        readonly=True,
        help="Rows of purchases that are no refunds, on their own day.",
    )
    row_amount = fields.Monetary(
        string="Net Sales of the Day",
        readonly=True,
        help="Untaxed, net of discount; refunds and edits on their own day.",
    )
    row_discount = fields.Monetary(
        string="Discount of the Day",
        readonly=True,
        help="Discount given by coupons and points; refunds on their own day.",
    )
    use_count = fields.Integer(
        string="Redemptions",
        readonly=True,
        help="Uses that were not reversed, on the day of the use.",
    )
    reversal_count = fields.Integer(
        string="Reversals",
        readonly=True,
        help="Times a use was taken back, in part or altogether, on the day of that.",
    )
    refusal_count = fields.Integer(
        string="Refusals", readonly=True, help="Redemptions that were refused."
    )
    use_discount = fields.Monetary(
        string="Discount Given",
        readonly=True,
        help="Discount of the redemptions, untaxed, less what was reversed.",
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        readonly=True,
        help="Cost of goods given free, as it was at that moment.",
    )
    issued_count = fields.Integer(
        string="Coupons Issued",
        readonly=True,
        help="Coupons issued on the day, whatever became of them.",
    )
    used_count = fields.Integer(
        string="Of Them Used",
        readonly=True,
        help="Coupons issued on the day that are used up by now.",
    )
    used_rate = Rate(
        "Redemption Rate (%)",
        help="Coupons issued on these days that are used up by now ÷ coupons issued, "
        "in percent.",
    )
    move_count = fields.Integer(string="Points Movements", readonly=True)
    points_issued = fields.Float(
        readonly=True,
        help="Points put on cards when they were issued, opening balances included.",
    )
    points_earned = fields.Float(
        readonly=True, help="Points earned by purchases, less what refunds took back."
    )
    points_spent = fields.Float(
        readonly=True, help="Points spent on rewards, less what refunds gave back."
    )
    points_lapsed = fields.Float(
        readonly=True, help="Points that lapsed or were on cards that were voided."
    )
    points_adjusted = fields.Float(
        readonly=True,
        help="Balance of manual adjustments and transfers; may be negative.",
    )
    points_change = fields.Float(
        string="Change of Points",
        readonly=True,
        help="By how much the positive balances rose.",
    )

    @api.model
    def _measures(self):
        amounts = {"amount": "amount", "with": "coupon_amount"}
        counts = {"count": "purchase_count", "with_count": "coupon_purchase_count"}
        return {
            **super()._measures(),
            "coupon_share": self._ratio("coupon_amount", "amount", 100),
            "basket_with": self._ratio("coupon_amount", "coupon_purchase_count"),
            "basket_without": (
                "(SUM(%(amount)s) - SUM(%(with)s))"
                " / NULLIF(SUM(%(count)s) - SUM(%(with_count)s), 0)",
                amounts | counts,
            ),
            "discount_rate": (
                "SUM(%(discount)s) * 100.0"
                " / NULLIF(SUM(%(discount)s) + SUM(%(amount)s), 0)",
                {"discount": "discount_amount", "amount": "amount"},
            ),
            "used_rate": self._ratio("used_count", "issued_count", 100),
        }

    @property
    def _table_query(self):
        columns = SQL(", ").join(map(SQL.identifier, (*KEYS, *MEASURES)))
        currency = self._by_company(
            SQL("company_id"), lambda company: company.currency_id.id
        )
        empty = SQL(", ").join(
            SQL("NULL::numeric AS %s", SQL.identifier(name)) for name in RATES
        )
        return SQL(
            """
            SELECT id, %(columns)s, %(currency)s AS currency_id, %(empty)s
              FROM %(stored)s stored
             UNION ALL
            SELECT -(ROW_NUMBER() OVER (ORDER BY %(keys)s))::integer AS id, %(columns)s,
                   %(currency)s AS currency_id, %(empty)s
              FROM (%(live)s) live
            """,
            columns=columns,
            keys=SQL(", ").join(map(SQL.identifier, KEYS)),
            currency=currency,
            empty=empty,
            stored=self._stored_days("loyalty.daily.figure"),
            live=self._live_days("_figures_sql"),
        )

    @api.readonly
    def action_open_rows(self):
        """Open the redemptions behind the rows."""
        uses = self.env["loyalty.use.report"].search(
            Domain.OR(
                Domain(
                    [
                        ("use_date", "=", row.day),
                        ("company_id", "=", row.company_id.id),
                        ("shop", "=", row.shop),
                        ("program_id", "=", row.program_id.id),
                    ]
                )
                for row in self
            )
        )
        return uses.action_open_rows()
