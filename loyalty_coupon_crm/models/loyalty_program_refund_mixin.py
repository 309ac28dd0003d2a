from odoo import api, fields, models
from odoo.exceptions import ValidationError


class LoyaltyProgramRefundMixin(models.AbstractModel):
    """What a program does when a purchase is refunded or cancelled."""

    _name = "loyalty.program.refund.mixin"
    _description = "Terms of Refunds"

    refund_grace_days = fields.Integer(
        string="Grace After a Refund",
        default=30,
        help="Points and coupons that come back after their last day can be used for "
        "so many days; 0: they lapse as if they had not been used.",
    )
    clawback_policy = fields.Selection(
        [
            ("negative", "Let the balance go below zero"),
            ("floor", "Stop at zero and record the loss"),
            ("charge", "Stop at zero and charge the customer"),
        ],
        string="Points Spent Before a Refund",
        required=True,
        default="negative",
        help="What happens when a refund must take back points that the customer has "
        "spent already. A loss is a line of its own in the statement; an amount to "
        "charge (points × value of a point) is also written on the refund.",
    )
    clawback_limit = fields.Float(
        string="Lowest Balance",
        help="Points that the balance may go below zero; what exceeds them is recorded "
        "as a loss. 0 for no limit.",
    )

    @api.constrains("refund_grace_days", "clawback_limit", "clawback_policy")
    def _check_refund_terms(self):
        for program in self:
            if program.refund_grace_days < 0 or program.clawback_limit < 0:
                raise ValidationError(
                    self.env._(
                        "Grace days and lowest balance of %s are zero or more.",
                        program.name,
                    )
                )
            charge = program.clawback_policy == "charge"
            if charge and not program._point_worth():
                raise ValidationError(
                    self.env._(
                        "%s charges points that were spent before a refund: enter the "
                        "value of a point.",
                        program.name,
                    )
                )

    def _clawback_lowest(self, parts):
        """Return the lowest balance that a refund may leave on a card, None for any.

        :param parts: whether parts of the points count; a coupon has no debts
        """
        self.ensure_one()
        if not parts or self.clawback_policy != "negative":
            return 0.0
        return -self.clawback_limit or None

    def _clawback_charge(self, points):
        """Return the money for points that cannot be taken, in program currency."""
        self.ensure_one()
        return self.currency_id.round(points * self._point_worth())

    def _point_worth(self):
        """Return what one point is worth, in program currency."""
        self.ensure_one()
        return 1.0 if self.is_payment_program else self.points_value
