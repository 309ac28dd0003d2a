from odoo import api, fields, models
from odoo.exceptions import ValidationError


class LoyaltyProgramLiabilityMixin(models.AbstractModel):
    """What a program's points are expected to owe, before its own history tells."""

    _name = "loyalty.program.liability.mixin"
    _description = "Liability of a Program"

    expected_breakage = fields.Float(
        help="Percent of the points earned that you expect to lapse unused. Counts "
        "until all points of a month were spent or have lapsed: from then on the "
        "program's own history does.",
    )

    @api.constrains("expected_breakage")
    def _check_expected_breakage(self):
        for program in self:
            if not 0 <= program.expected_breakage < 100:
                raise ValidationError(
                    self.env._(
                        "%(percent)s %% of points that lapse are not possible: enter 0 "
                        "or more and less than 100.",
                        percent=program.expected_breakage,
                    )
                )
