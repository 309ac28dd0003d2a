from odoo import fields, models


class LoyaltyHolidayDate(models.Model):
    """One date of a holiday."""

    _name = "loyalty.holiday.date"
    _description = "Date of a Holiday"
    _order = "date, id"
    _rec_name = "date"

    holiday_id = fields.Many2one(
        "loyalty.holiday", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="holiday_id.company_id", store=True)
    date = fields.Date(required=True)

    _date_unique = models.Constraint(
        "UNIQUE(holiday_id, date)", "The holiday has this date already."
    )
