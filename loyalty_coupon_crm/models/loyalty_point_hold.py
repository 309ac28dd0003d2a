from odoo import fields, models


class LoyaltyPointHold(models.Model):
    """A short reservation of points on a card by one document."""

    _name = "loyalty.point.hold"
    _description = "Points Hold"
    _log_access = False
    _rec_name = "holder"

    card_id = fields.Many2one(
        "loyalty.card", required=True, ondelete="cascade", index=True
    )
    points = fields.Float(required=True)
    holder = fields.Char(
        required=True, help="Names the document that holds, the same on every retry."
    )
    shop = fields.Char()
    user_id = fields.Many2one("res.users")
    expires_at = fields.Datetime(string="Held until", required=True)

    _card_holder_unique = models.Constraint(
        "UNIQUE(card_id, holder)", "This document already holds points of this card."
    )
