from odoo import fields, models
from odoo.exceptions import UserError


class LoyaltyHolidayFill(models.TransientModel):
    """Adds the public holidays of a country to the calendar."""

    _name = "loyalty.holiday.fill"
    _description = "Fill the Holidays of a Country"

    country_id = fields.Many2one(
        "res.country",
        required=True,
        default=lambda self: self.env.company.country_id,
    )
    years = fields.Integer(default=3, help="This year and the next ones.")

    def action_fill(self):
        """Add the holidays and show them.

        :raise UserError: when the package is missing or does not know the country
        """
        self.ensure_one()
        if not 1 <= self.years <= 20:
            raise UserError(self.env._("Enter 1 to 20 years."))
        try:
            found = self.env["loyalty.holiday"]._fill_country(
                self.country_id, self.env.lang, self.years
            )
        except ImportError as error:
            raise UserError(
                self.env._(
                    "The Python package holidays is not installed: ask your "
                    "administrator for it, or enter the holidays by hand."
                )
            ) from error
        except NotImplementedError as error:
            raise UserError(
                self.env._(
                    "The holidays of %(country)s are not known: enter them by hand.",
                    country=self.country_id.name,
                )
            ) from error
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_holiday_action"
        )
        return {**action, "domain": [("id", "in", found.ids)]}
