from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..tools import award_terms

MONTHS = [
    ("1", "January"),
    ("2", "February"),
    ("3", "March"),
    ("4", "April"),
    ("5", "May"),
    ("6", "June"),
    ("7", "July"),
    ("8", "August"),
    ("9", "September"),
    ("10", "October"),
    ("11", "November"),
    ("12", "December"),
]
LEAP_YEAR = 2024


class LoyaltyProgramTermsMixin(models.AbstractModel):
    """The terms under which a wallet's points are given.

    Every award keeps the terms of its day: the last day and the first day are written
    on it as dates. Inactivity cannot be a date beforehand, each purchase moves it; the
    award keeps the number of days instead, so that a program that becomes stricter
    takes nothing from points that were given before.
    """

    _name = "loyalty.program.terms.mixin"
    _description = "Terms of Points"

    expire_after = fields.Integer(
        string="Points Expire After", help="Days after they were earned; 0 for never."
    )
    expire_month = fields.Selection(
        MONTHS,
        string="Points Expire in",
        help="Month of the day on which points lapse every year; empty for none.",
    )
    expire_day = fields.Integer(
        string="Expiry Day",
        default=31,
        help="Last day on which they can be spent; 28 February where there is no 29th.",
    )
    expire_years = fields.Integer(
        string="Expiry Years",
        default=1,
        help="1: on the day lapse the points of the year before; 0: those of the same "
        "year.",
    )
    expire_inactive_days = fields.Integer(
        string="Points Expire Without Purchase",
        help="Days without a purchase, points earned or points spent, after which all "
        "points of the wallet lapse; 0 for never.",
    )
    pending_days = fields.Integer(
        string="Points Pending for",
        help="Days after the purchase until its points can be spent; 0 for at once.",
    )
    expiry_reminder_days = fields.Integer(
        string="Remind of Expiry",
        help="Days before points lapse on which the customer gets an e-mail; 0 for "
        "none.",
    )
    expiry_template_id = fields.Many2one(
        "mail.template",
        string="Reminder E-mail",
        domain="[('model', '=', 'loyalty.card')]",
        help="Empty for the standard e-mail.",
    )

    @api.constrains(
        "expire_after",
        "expire_month",
        "expire_day",
        "expire_years",
        "expire_inactive_days",
        "pending_days",
        "expiry_reminder_days",
    )
    def _check_terms(self):
        for program in self:
            problem = program._terms_problem()
            if problem:
                raise ValidationError(problem)

    def _terms_problem(self):
        """Return what is wrong with the terms, as a sentence, or None."""
        numbers = (
            self.expire_after,
            self.expire_years,
            self.expire_inactive_days,
            self.pending_days,
            self.expiry_reminder_days,
        )
        if min(numbers) < 0:
            return self.env._(
                "Days and years of the terms of %s are zero or more.", self.name
            )
        if self.expire_month:
            month = int(self.expire_month)
            longest = award_terms.fixed_day(LEAP_YEAR, month, 31).day
            if not 1 <= self.expire_day <= longest:
                return self.env._(
                    "The month in which points of %(program)s lapse has no day "
                    "%(day)s. Enter a day from 1 to %(last)s.",
                    program=self.name,
                    day=self.expire_day,
                    last=longest,
                )
        if 0 < self.expire_after <= self.pending_days:
            return self.env._(
                "Points of %(program)s would lapse after %(expire)s days, before they "
                "can be spent after %(pending)s days. Shorten the waiting time.",
                program=self.name,
                expire=self.expire_after,
                pending=self.pending_days,
            )
        return None

    def _award_terms(self, today, earned=True):
        """Return the terms of points that a wallet of the program gets.

        :param today: the company's day of the award
        :param earned: by a purchase; other points can be spent at once
        :return: dict of `expiration_date`, `available_date` (dates or False) and
            `inactive_days` for the award
        """
        self.ensure_one()
        if not self.is_nominative:
            return {
                "expiration_date": False,
                "available_date": False,
                "inactive_days": 0,
            }
        waits = earned and self.pending_days
        spendable = fields.Date.add(today, days=self.pending_days) if waits else today
        last = award_terms.last_day(
            today,
            spendable,
            after_days=self.expire_after,
            month=int(self.expire_month or 0),
            day=self.expire_day,
            years=self.expire_years,
        )
        return {
            "expiration_date": last or False,
            "available_date": spendable if waits else False,
            "inactive_days": self.expire_inactive_days,
        }
