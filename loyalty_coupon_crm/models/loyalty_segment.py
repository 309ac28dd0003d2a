from odoo import fields, models


class LoyaltySegment(models.Model):
    """A named audience: a rule on customers, people added and excluded by hand."""

    _name = "loyalty.segment"
    _description = "Customer Segment"
    _order = "name"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company", default=lambda self: self.env.company)
    kind = fields.Selection(
        [("dynamic", "Rule"), ("static", "Fixed list")],
        required=True,
        default="dynamic",
    )
    domain = fields.Char(default="[]", help="Customers that belong, for a rule.")
    member_ids = fields.One2many(
        "loyalty.segment.member", "segment_id", string="Members"
    )
    refreshed_at = fields.Datetime(string="Refreshed on", readonly=True)
