from babel.dates import format_skeleton

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import babel_locale_parse, format_date
from odoo.tools.misc import get_lang

from ..tools import usage_window

MAX_DAYS = 36500


class LoyaltyGateTimeMixin(models.AbstractModel):
    """When a program may be used: its dates, weekdays, hours and closed days.

    First and last day are included; days and hours are those of the company that sells
    (`res.company._loyalty_timezone`), on days with a time change too.
    """

    _name = "loyalty.gate.time.mixin"
    _description = "The Gate: Time"

    validity_from = fields.Selection(
        [("issue", "Issue"), ("first_use", "First use")],
        string="Validity Counts from",
        required=True,
        default="issue",
        help="Issue: the days of the validity begin when a coupon is issued. First "
        "use: they begin when a coupon for several uses is used first.",
    )
    validity_start_days = fields.Integer(
        string="Starts after",
        help="Days after issue on which a coupon can be used first; 0 for at once.",
    )
    usage_window_ids = fields.One2many(
        "loyalty.usage.window",
        "program_id",
        string="Usage Windows",
        copy=True,
        help="Days and hours in which the program may be used, and days on which it "
        "may not. Without a valid window it may be used all week.",
    )

    @api.constrains("validity_days", "validity_start_days", "validity_from")
    def _check_validity(self):
        for program in self:
            start, days = program.validity_start_days, program.validity_days
            if not (0 <= start <= MAX_DAYS and 0 <= days <= MAX_DAYS):
                raise ValidationError(
                    self.env._(
                        "A validity of %(days)s days that starts after %(start)s days "
                        "is none: give numbers from 0 to %(most)s.",
                        days=days,
                        start=start,
                        most=MAX_DAYS,
                    )
                )
            if program.validity_from == "issue" and 0 < days < start:
                raise ValidationError(
                    self.env._(
                        "Coupons of %(program)s would lapse after %(days)s days, "
                        "before they can be used (after %(start)s days).",
                        program=program.name,
                        days=days,
                        start=start,
                    )
                )

    def _issue_validity_days(self):
        """Return after how many days a coupon issued now lapses; 0 for never."""
        self.ensure_one()
        return self.validity_days if self.validity_from == "issue" else 0

    def _issue_last_day(self):
        """Return the last day of a coupon issued now, False for one without end."""
        days = self._issue_validity_days()
        company = self.company_id or self.env.company
        return days and fields.Date.add(company._loyalty_today(), days=days)

    @api.model
    def _gate_time(self, use):
        """Return blockers of the program's dates, weekdays, hours and closed days."""
        return [*self._gate_dates(use), *self._gate_windows(use)]

    @api.model
    def _gate_dates(self, use):
        program = use.program
        blockers = []
        if program.date_from and use.today < program.date_from:
            message = self.env._(
                "%(program)s starts on %(day)s.",
                program=program.name,
                day=format_date(self.env, program.date_from),
            )
            blockers.append(("not_started", message))
        if program.date_to and program.date_to < use.today:
            message = self.env._(
                "%(program)s ended on %(day)s. It can no longer be used.",
                program=program.name,
                day=format_date(self.env, program.date_to),
            )
            blockers.append(("ended", message))
        return blockers

    @api.model
    def _gate_windows(self, use):
        """Return a blocker outside the weekdays and hours, with the next opening."""
        rows = use.program.usage_window_ids
        if not rows:
            return []
        windows, closed = rows._weekly(), rows._closed_days()
        if usage_window.is_open(windows, closed, use.local):
            return []
        opening = usage_window.next_opening(windows, closed, use.local)
        return [("closed", self._gate_window_message(use, rows, closed, opening))]

    @api.model
    def _gate_window_message(self, use, rows, closed, opening):
        program = use.program.name
        if usage_window.closing_day(closed, use.today):
            note = rows.filtered(
                lambda row: (
                    row.kind == "closed"
                    and row.date_from <= use.today <= (row.date_to or row.date_from)
                )
            )[:1].note
            day = self._gate_day(use.today)
            return self.env._(
                "%(program)s cannot be used on %(day)s. %(next)s",
                program=program,
                day=f"{day} ({note})" if note else day,
                next=self._gate_opening(use, opening),
            )
        return self.env._(
            "%(program)s cannot be used at this time. %(next)s",
            program=program,
            next=self._gate_opening(use, opening),
        )

    @api.model
    def _gate_opening(self, use, opening):
        """Return from when the program can be used, as a sentence."""
        if not opening:
            return self.env._("No later hour is planned.")
        hour = opening.strftime("%H:%M")
        if opening.date() == use.today:
            return self.env._("It can be used from %(hour)s.", hour=hour)
        return self.env._(
            "It can be used from %(day)s, %(hour)s.",
            day=self._gate_day(opening.date()),
            hour=hour,
        )

    @api.model
    def _gate_day(self, day):
        """Return a date with its weekday, as people say it: Sun, Mar 1."""
        locale = babel_locale_parse(get_lang(self.env).code)
        return format_skeleton("MMMMEEEEd", day, locale=locale)
