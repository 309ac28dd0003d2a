from odoo import fields, models


class LoyaltyAdjustReason(models.Model):
    """Why points were changed by hand: one list for all companies."""

    _name = "loyalty.adjust.reason"
    _description = "Reason of a Points Change"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)

    _name_unique = models.Constraint("UNIQUE(name)", "This reason is on the list.")
