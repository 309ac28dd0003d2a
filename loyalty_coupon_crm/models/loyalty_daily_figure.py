from odoo import api, fields, models

from .loyalty_daily_query import KEYS, MEASURES


class LoyaltyDailyFigure(models.Model):
    """What happened on one day of a company at one shop with one program.

    Days that are over, added up, so that nobody adds up millions of facts to look at a
    year. Facts that arrive late, or take back earlier ones, have their days computed
    anew. `loyalty.daily.refresh` writes the rows, and nobody else.
    """

    _name = "loyalty.daily.figure"
    _description = "Daily Figures"
    _log_access = False
    _rec_name = "day"
    _order = "day desc, id"

    company_id = fields.Many2one("res.company")
    currency_id = fields.Many2one(related="company_id.currency_id")
    day = fields.Date(required=True, help="In the company's time zone.")
    channel = fields.Selection(
        selection=lambda self: (
            self.env["loyalty.purchase"]
            ._fields["channel"]
            ._description_selection(self.env)
        )
    )
    shop = fields.Char()
    program_id = fields.Many2one("loyalty.program", ondelete="cascade", index=True)

    purchase_count = fields.Integer(
        string="Purchases",
        help="Purchases that were not taken back altogether, on the day of the "
        "purchase.",
    )
    coupon_purchase_count = fields.Integer(
        string="Purchases with Coupon",
        help="Purchases with at least one redemption that was not reversed.",
    )
    amount = fields.Monetary(
        string="Net Sales",
        help="Untaxed, net of discount and refunds, on the day of the purchase.",
    )
    coupon_amount = fields.Monetary(
        string="Net Sales with Coupon",
        help="Net sales of the purchases with at least one redemption.",
    )
    discount_amount = fields.Monetary(
        string="Discount on Purchases",
        help="Discount given by coupons and points, untaxed, less refunds.",
    )
    coupon_discount = fields.Monetary(
        string="Discount on Purchases with Coupon",
        help="Discount on the purchases with at least one redemption.",
    )
    row_count = fields.Integer(
        string="Rows of Purchases",
        help="Purchases, edits and refunds, each on its own day.",
    )
    sale_count = fields.Integer(
        string="Sales", help="Rows of purchases that are no refunds, on their own day."
    )
    row_amount = fields.Monetary(
        string="Net Sales of the Day",
        help="Untaxed, net of discount; refunds and edits on their own day.",
    )
    row_discount = fields.Monetary(
        string="Discount of the Day",
        help="Discount given by coupons and points; refunds on their own day.",
    )
    use_count = fields.Integer(
        string="Redemptions", help="Uses that were not reversed, on the day of the use."
    )
    reversal_count = fields.Integer(
        string="Reversals",
        help="Times a use was taken back, in part or altogether, on the day of that.",
    )
    refusal_count = fields.Integer(
        string="Refusals", help="Redemptions that were refused."
    )
    use_discount = fields.Monetary(
        string="Discount Given",
        help="Discount of the redemptions, untaxed, less what was reversed.",
    )
    goods_cost = fields.Monetary(
        string="Cost of Free Goods",
        help="Cost of goods given free, as it was at that moment.",
    )
    issued_count = fields.Integer(
        string="Coupons Issued", help="Coupons issued on the day, whatever came after."
    )
    used_count = fields.Integer(
        string="Of Them Used", help="Coupons issued on the day that are used up by now."
    )
    move_count = fields.Integer(string="Points Movements")
    points_issued = fields.Float(
        help="Points put on cards when they were issued, opening balances included."
    )
    points_earned = fields.Float(
        help="Points earned by purchases, less what refunds took back."
    )
    points_spent = fields.Float(
        help="Points spent on rewards, less what refunds gave back."
    )
    points_lapsed = fields.Float(
        help="Points that lapsed or were on cards that were voided."
    )
    points_adjusted = fields.Float(
        help="Balance of manual adjustments and transfers; may be negative."
    )
    points_change = fields.Float(
        string="Change of Points",
        help="By how much the positive balances rose on the day.",
    )

    _day_index = models.Index("(company_id, day)")

    @api.model
    def _replace(self, scope, removed):
        """Compute the rows of a scope anew.

        :param scope: dict as of `loyalty.daily.query`
        :param removed: SQL condition on the rows that go
        """
        queries = self.env["loyalty.daily.query"]
        figures = queries._figures_sql(scope)
        queries._replace_rows(self, (*KEYS, *MEASURES), figures, removed)
