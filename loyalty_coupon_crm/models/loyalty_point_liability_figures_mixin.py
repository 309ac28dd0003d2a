from odoo import fields, models


class LoyaltyPointLiabilityFiguresMixin(models.AbstractModel):
    """Figures that mean the same in a proposed liability and in that of today."""

    _name = "loyalty.point.liability.figures.mixin"
    _description = "Figures of a Points Liability"

    company_id = fields.Many2one("res.company", readonly=True)
    currency_id = fields.Many2one(related="company_id.currency_id")
    program_id = fields.Many2one("loyalty.program", readonly=True)
    points_value = fields.Float(
        string="Value of a Point",
        digits=(16, 4),
        readonly=True,
        aggregator=None,
        help="In company currency, at the rate of the day.",
    )
    outstanding = fields.Float(readonly=True, help="Points earned that are still open.")
    outstanding_all = fields.Float(
        string="Balance of All Cards",
        readonly=True,
        help="Positive balances: points that were given free, or imported as opening "
        "balances, included.",
    )
    expiring = fields.Float(
        string="Expiring in 90 Days", readonly=True, help="Of the points outstanding."
    )
    breakage_rate = fields.Float(
        readonly=True,
        aggregator=None,
        help="Points that lapsed ÷ points that cannot be open any more.",
    )
    expected_use = fields.Float(
        readonly=True,
        aggregator=None,
        help="Share of the points outstanding that is expected to be spent: by the "
        "redemption curve of months of which nothing is open any more.",
    )
    fair_amount = fields.Monetary(
        string="Value Outstanding",
        readonly=True,
        help="Points outstanding × expected use × value of a point.",
    )
