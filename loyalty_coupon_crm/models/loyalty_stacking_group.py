from odoo import api, fields, models
from odoo.exceptions import ValidationError


class LoyaltyStackingGroup(models.Model):
    """Programs of which an order takes one.

    Groups may also exclude other groups, always both ways and never further: when A
    excludes B and B excludes C, A and C go together.
    """

    _name = "loyalty.stacking.group"
    _description = "Stacking Group"
    _order = "name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one("res.company")
    program_ids = fields.One2many(
        "loyalty.program", "stacking_group_id", string="Programs"
    )
    excluded_group_ids = fields.Many2many(
        "loyalty.stacking.group",
        "loyalty_stacking_group_excluded_rel",
        "group_id",
        "excluded_id",
        string="Not together with",
        help="Programs of these groups are not combined with programs of this one, "
        "whichever of the two groups says so.",
    )

    @api.constrains("excluded_group_ids")
    def _check_excluded_groups(self):
        for group in self:
            if group in group.excluded_group_ids:
                raise ValidationError(
                    self.env._(
                        "%s excludes itself already: an order takes one program of a "
                        "group.",
                        group.name,
                    )
                )

    def _excludes(self, other):
        """Return whether programs of two groups are not combined.

        :param other: `loyalty.stacking.group` record, may be empty
        """
        if not self or not other:
            return False
        return (
            self == other
            or other in self.excluded_group_ids
            or self in other.excluded_group_ids
        )
