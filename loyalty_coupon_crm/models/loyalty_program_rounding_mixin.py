from odoo import fields, models

from ..tools.rounding import round_earned, round_spent

STEPS = [("0.01", "Hundredths"), ("0.1", "Tenths"), ("1", "Whole points")]


class LoyaltyProgramRoundingMixin(models.AbstractModel):
    """In which parts the points of a program are counted, everywhere."""

    _name = "loyalty.program.rounding.mixin"
    _description = "Rounding of Points"

    points_step = fields.Selection(
        STEPS,
        string="Points Counted in",
        required=True,
        default="0.01",
        help="What an order earns is rounded down to it, what it spends is rounded up; "
        "the same in orders, on the website and at the till.",
    )

    def _rounds_points(self):
        """Return whether our rule rounds the points: of strict points cards."""
        self.ensure_one()
        return self.strict and not self.is_payment_program

    def _round_earned(self, points):
        """Return points that are given, at the precision of the program."""
        self.ensure_one()
        return round_earned(points, float(self.points_step))

    def _round_spent(self, points):
        """Return points that are taken, at the precision of the program."""
        self.ensure_one()
        return round_spent(points, float(self.points_step))
