from datetime import date

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.fields import Command

from ..tools import occasions

YEARS = 3


class LoyaltyHoliday(models.Model):
    """A day that campaigns look forward to, with its dates."""

    _name = "loyalty.holiday"
    _description = "Holiday"
    _order = "next_date, name, id"

    name = fields.Char(required=True, translate=True)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company", help="Empty for the holidays of all companies."
    )
    country_id = fields.Many2one("res.country")
    calendar = fields.Selection(
        [
            ("gregorian", "Same day every year"),
            ("lunar", "Same day of the lunar year"),
            ("list", "Dates entered one by one"),
        ],
        required=True,
        default="gregorian",
        help="Lunar dates need the Python package lunardate; without it enter the "
        "dates one by one.",
    )
    month = fields.Integer(default=1)
    day = fields.Integer(default=1)
    is_blackout = fields.Boolean(
        string="No Messages", help="Campaigns send no message on these days."
    )
    date_ids = fields.One2many("loyalty.holiday.date", "holiday_id", string="Dates")
    next_date = fields.Date(
        compute="_compute_next_date", store=True, help="The next date from today on."
    )

    @api.depends("date_ids.date")
    def _compute_next_date(self):
        for holiday in self:
            today = (holiday.company_id or self.env.company)._loyalty_today()
            coming = [row.date for row in holiday.date_ids if row.date >= today]
            holiday.next_date = min(coming, default=False)

    @api.constrains("calendar", "month", "day")
    def _check_day(self):
        longest = {"gregorian": 31, "lunar": 30}
        for holiday in self.filtered(lambda holiday: holiday.calendar != "list"):
            if not (
                1 <= holiday.month <= 12
                and 1 <= holiday.day <= longest[holiday.calendar]
            ):
                raise ValidationError(
                    self.env._(
                        "%(name)s: there is no day %(day)s in month %(month)s.",
                        name=holiday.name,
                        day=holiday.day,
                        month=holiday.month,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        """Create holidays and reckon their dates."""
        holidays = super().create(vals_list)
        holidays._fill_dates()
        return holidays

    def write(self, vals):
        """Write holidays; another day has other dates from today on."""
        result = super().write(vals)
        if {"calendar", "month", "day"} & set(vals):
            today = self.env.company._loyalty_today()
            self.date_ids.filtered(lambda row: row.date >= today).unlink()
            self._fill_dates()
        return result

    def action_fill(self):
        """Reckon the dates of this year and the next ones."""
        self._fill_dates()

    def _fill_dates(self):
        """Add the dates of this year and the next ones that are not there yet."""
        for holiday in self.filtered(lambda holiday: holiday.calendar != "list"):
            company = holiday.company_id or self.env.company
            year = company._loyalty_today().year
            known = set(holiday.date_ids.mapped("date"))
            holiday._add_dates(
                day
                for number in range(YEARS)
                for day in holiday._days_of(year + number)
                if day not in known
            )
        self._compute_next_date()

    def _add_dates(self, days):
        """Add dates to one holiday.

        :param days: dates that it does not have yet
        """
        self.ensure_one()
        if commands := [Command.create({"date": day}) for day in days]:
            self.write({"date_ids": commands})

    def _days_of(self, year):
        """Return the dates on which the holiday falls in a year."""
        self.ensure_one()
        if self.calendar == "lunar":
            return occasions.lunar_days(year, self.month, self.day)
        if self.calendar == "list":
            return []
        return [occasions.gregorian_day(year, self.month, self.day)]

    @api.model
    def _cron_fill(self):
        """Keep the dates of the coming years filled."""
        self.search([("calendar", "!=", "list")])._fill_dates()

    @api.model
    def _fill_country(self, country, language=None, years=YEARS):
        """Add the holidays of a country that the package `holidays` knows.

        Of days in a row with one name, the first one counts. Names that are there
        already for the country get the missing dates.

        :param country: `res.country` record
        :param language: code such as `en_US`, as the package knows it
        :param years: this one and the following
        :return: the holidays
        """
        # Imported here: the package is large, and nobody needs it otherwise.
        import holidays as package

        first = self.env.company._loyalty_today().year
        found = package.country_holidays(
            country.code, years=range(first, first + years), language=language
        )
        names = {}
        for day in found:
            for name in found.get_list(day):
                names.setdefault(name, []).append(day)
        return self._write_country(country, names)

    @api.model
    def _write_country(self, country, names):
        """Write holidays given as {name: dates} and return them."""
        known = self.search(
            [("country_id", "=", country.id), ("calendar", "=", "list")]
        ).grouped("name")
        result = self.browse()
        for name, days in sorted(names.items()):
            holiday = known.get(name) or self.create(
                {"name": name, "country_id": country.id, "calendar": "list"}
            )
            there = set(holiday.date_ids.mapped("date"))
            fresh = [day for day in occasions.first_days(days) if day not in there]
            holiday._add_dates(date.fromisoformat(str(day)) for day in fresh)
            result |= holiday
        result._compute_next_date()
        return result
