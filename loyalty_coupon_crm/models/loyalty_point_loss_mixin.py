from odoo import fields, models


class LoyaltyPointLossMixin(models.AbstractModel):
    """What the ledger says of points that could not be taken back."""

    _name = "loyalty.point.loss.mixin"
    _description = "Lost Points"

    charge_amount = fields.Float(
        string="To Charge",
        help="Money to charge for points that were spent before they had to be taken "
        "back, in the currency of the program.",
    )
    reversed_by_ids = fields.One2many(
        "loyalty.point.move", "reversal_of_id", string="Reversed by"
    )
