from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import usage_window

WEEKDAYS = [
    ("0", "Monday"),
    ("1", "Tuesday"),
    ("2", "Wednesday"),
    ("3", "Thursday"),
    ("4", "Friday"),
    ("5", "Saturday"),
    ("6", "Sunday"),
]


class LoyaltyUsageWindow(models.Model):
    """When the coupons of a program may be used, or days on which they may not.

    Hours and days are those of the company that sells.
    """

    _name = "loyalty.usage.window"
    _description = "Usage Window"
    _order = "program_id, kind desc, date_from, weekday, hour_from, id"
    _rec_name = "kind"

    program_id = fields.Many2one(
        "loyalty.program", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="program_id.company_id", store=True)
    kind = fields.Selection(
        [("open", "Valid"), ("closed", "Not valid")],
        required=True,
        default="open",
        help="Valid: every week on this day and in these hours. Not valid: on these "
        "days, whatever the hours say.",
    )
    weekday = fields.Selection(WEEKDAYS, help="Empty for every day.")
    hour_from = fields.Float(string="From", help="The hour is included.")
    hour_to = fields.Float(
        string="To",
        default=24.0,
        help="The hour is excluded. Before the hour From, it is that of the next day.",
    )
    date_from = fields.Date(string="First Day")
    date_to = fields.Date(string="Last Day", help="The day is included.")
    note = fields.Char(help="What the day is, as the cashier reads it: New Year.")

    @api.constrains("kind", "hour_from", "hour_to", "date_from", "date_to")
    def _check_times(self):
        for window in self:
            problem = window._problem()
            if problem:
                raise ValidationError(problem)

    def _problem(self):
        """Return what is wrong with the window, as a sentence, or None."""
        self.ensure_one()
        if self.kind == "closed":
            if not self.date_from:
                return self.env._("Say on which day the program is not valid.")
            if self.date_to and self.date_to < self.date_from:
                return self.env._(
                    "The last day %(last)s lies before the first one %(first)s.",
                    last=self.date_to,
                    first=self.date_from,
                )
            return None
        if not (0 <= self.hour_from < 24 and 0 <= self.hour_to <= 24):
            return self.env._(
                "The hours %(start)s to %(end)s are none of a day: give hours from "
                "0:00 to 24:00.",
                start=self.hour_from,
                end=self.hour_to,
            )
        return None

    def _weekly(self):
        """Return the open windows, as of `tools/usage_window.py`."""
        return [
            usage_window.Window(
                int(window.weekday) if window.weekday else None,
                window.hour_from,
                window.hour_to,
            )
            for window in self
            if window.kind == "open"
        ]

    def _closed_days(self):
        """Return the (first, last) days on which it is closed."""
        return [
            (window.date_from, window.date_to or window.date_from)
            for window in self
            if window.kind == "closed"
        ]
