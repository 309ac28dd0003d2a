from odoo import fields, models


class LoyaltyPointLiabilityLine(models.Model):
    """The points of one month of earning within a points liability."""

    _name = "loyalty.point.liability.line"
    _description = "Month of a Points Liability"
    _log_access = False
    _rec_name = "cohort"
    _order = "liability_id, cohort desc"

    liability_id = fields.Many2one(
        "loyalty.point.liability",
        required=True,
        ondelete="cascade",
        index=True,
        readonly=True,
    )
    company_id = fields.Many2one(related="liability_id.company_id", store=True)
    cohort = fields.Date(
        string="Month", required=True, readonly=True, help="Month of earning."
    )
    earned = fields.Float(
        readonly=True, help="Points, less what refunds and adjustments took back."
    )
    used = fields.Float(string="Redeemed", readonly=True)
    lapsed = fields.Float(readonly=True)
    open_points = fields.Float(string="Open", readonly=True)
    expected_use = fields.Float(
        readonly=True,
        aggregator=None,
        help="Share of the open points that is expected to be spent.",
    )
    breakage_rate = fields.Float(
        readonly=True,
        aggregator=None,
        help="Points that lapsed ÷ points that cannot be open any more.",
    )
