from odoo import fields, models


class LoyaltyPointAllocation(models.Model):
    """Which award a spend drew from; given back with a negative number of points."""

    _name = "loyalty.point.allocation"
    _description = "Points Allocation"
    _log_access = False

    spend_id = fields.Many2one(
        "loyalty.point.move",
        required=True,
        ondelete="restrict",
        index=True,
    )
    award_id = fields.Many2one(
        "loyalty.point.move",
        required=True,
        ondelete="restrict",
        index=True,
    )
    points = fields.Float(required=True, help="Points drawn from the award.")
