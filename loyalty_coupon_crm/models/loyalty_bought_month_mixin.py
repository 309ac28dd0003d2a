from odoo import fields, models


class LoyaltyBoughtMonthMixin(models.AbstractModel):
    """What somebody bought in one month, as figures that are kept say it."""

    _name = "loyalty.bought.month.mixin"
    _description = "Purchases of a Month"

    company_id = fields.Many2one("res.company", required=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    month = fields.Date(required=True, help="First day of the month.")
    purchase_count = fields.Integer(
        string="Purchases", help="Purchases that were not taken back altogether."
    )
    amount = fields.Monetary(
        string="Net Sales", help="Untaxed, net of discount and refunds."
    )
