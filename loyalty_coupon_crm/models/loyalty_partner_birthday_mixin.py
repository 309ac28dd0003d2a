from odoo import api, fields, models

from ..tools import occasions


class LoyaltyPartnerBirthdayMixin(models.AbstractModel):
    """The birthday of a customer, by the Gregorian or the lunar calendar."""

    _name = "loyalty.partner.birthday.mixin"
    _description = "Birthday of Customers"

    loyalty_birthday = fields.Date(
        string="Date of Birth", help="By the Gregorian calendar."
    )
    loyalty_birthday_lunar = fields.Boolean(
        string="Celebrates by the Lunar Calendar",
        help="The birthday falls on the same day of the lunar year. Needs the Python "
        "package lunardate.",
    )
    loyalty_birthday_key = fields.Char(
        compute="_compute_loyalty_birthday_key",
        store=True,
        index="btree_not_null",
        help="Day of the year, by its calendar.",
    )

    @api.depends("loyalty_birthday", "loyalty_birthday_lunar")
    def _compute_loyalty_birthday_key(self):
        for partner in self:
            birthday = partner.loyalty_birthday
            partner.loyalty_birthday_key = birthday and occasions.birthday_key(
                birthday, partner.loyalty_birthday_lunar
            )
