from datetime import timedelta

import pytz
from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ..tools import occasions
from .loyalty_campaign_trigger_mixin import AUDIENCE_TRIGGERS

# Whole months, so that the days of a campaign that runs change once a month.
MONTHS_BACK = 12
MONTHS_AHEAD = 18
# Every day may be the day of somebody.
DAILY_TRIGGERS = ("birthday", "anniversary")


class LoyaltyCampaignPlanMixin(models.AbstractModel):
    """On which days a campaign gives its offer, as far as days are known beforehand.

    `loyalty.campaign.occasion` reads them, a row for each, for calendars.
    """

    _name = "loyalty.campaign.plan.mixin"
    _description = "Planned Days of Campaigns"

    planned_days = fields.Json(
        compute="_compute_planned_days",
        store=True,
        recursive=True,
        prefetch=False,
        help="Of each day on which the offer is given: the moment in UTC, the day and "
        "the day of the occasion, in the company's time zone.",
    )

    @api.depends(
        "company_id",
        "date_end",
        "interval_number",
        "interval_type",
        "launched_at",
        "parent_id.planned_days",
        "parent_id.trigger",
        "start_at",
        "state",
        "trigger",
        "trigger_days",
        "trigger_holiday_id.date_ids.date",
        "trigger_side",
    )
    def _compute_planned_days(self):
        for campaign in self:
            campaign.planned_days = [
                [str(moment), str(day), str(day + timedelta(days=shift))]
                for moment, day, shift in campaign._plan()
            ]

    def _plan(self):
        """Return [(moment in UTC, day of giving, days from it to the occasion)]."""
        self.ensure_one()
        company = self.company_id or self.env.company
        ended = self.state in ("done", "cancelled")
        plan = not ended and getattr(self, f"_plan_{self.trigger}", None)
        days = plan() if plan else None
        if days is not None:
            return days
        moment = self.start_at if self.trigger == "date" else self.launched_at
        return [(moment, company._loyalty_today(moment), 0)] if moment else []

    def _plan_days(self):
        """Return the first and the last day that are planned."""
        company = self.company_id or self.env.company
        today = company._loyalty_today()
        first = today
        if self.launched_at:
            oldest = today.replace(day=1) - relativedelta(months=MONTHS_BACK)
            first = max(company._loyalty_today(self.launched_at), oldest)
        last = today.replace(day=1) + relativedelta(months=MONTHS_AHEAD + 1, days=-1)
        return first, min(last, self.date_end or last)

    def _plan_recurring(self):
        if not self.start_at or self.interval_number < 1:
            return []
        company = self.company_id or self.env.company
        zone = pytz.timezone(company._loyalty_timezone())
        start = pytz.utc.localize(self.start_at).astimezone(zone)
        first, last = self._plan_days()
        days = occasions.recurring_days(
            start.date(),
            self.interval_number,
            self.interval_type,
            max(first, start.date()),
            last,
        )
        return [(self._moment(day, start.time(), zone), day, 0) for day in days]

    def _plan_holiday(self):
        first, last = self._plan_days()
        shift = self._shift()
        days = {day - timedelta(days=shift) for day in self._holiday_days()}
        return self._plan_whole_days(
            sorted(day for day in days if first <= day <= last), shift
        )

    def _plan_birthday(self):
        first, last = self._plan_days()
        length = (last - first).days + 1
        return self._plan_whole_days(
            [first + timedelta(days=number) for number in range(length)], self._shift()
        )

    def _plan_anniversary(self):
        return self._plan_birthday()

    def _plan_whole_days(self, days, shift):
        company = self.company_id or self.env.company
        return [(company._loyalty_day_start(day), day, shift) for day in days]

    def _plan_follow(self):
        """The days of the campaign it follows, so many days later.

        None when those who get that one do not get it together.
        """
        if self.parent_id.trigger not in (*AUDIENCE_TRIGGERS, "follow"):
            return None
        first, last = self._plan_days()
        later = timedelta(days=self.trigger_days)
        rows = [
            (
                fields.Datetime.to_datetime(moment) + later,
                fields.Date.to_date(day) + later,
                0,
            )
            for moment, day, _occasion in self.parent_id.planned_days or []
        ]
        return [row for row in rows if first <= row[1] <= last]

    @api.model
    def _cron_plan(self):
        """Plan the days that have come into reach."""
        campaigns = self.search([("state", "not in", ("done", "cancelled"))])
        self.env.add_to_compute(self._fields["planned_days"], campaigns)
        campaigns.flush_recordset(["planned_days"])

    def _count_planned(self, days):
        """Return how many customers the campaign would reach, as things stand now.

        :param days: dates of occasions
        :return: {date: customers, the control group included}; nothing where only the
            day itself tells
        """
        self.ensure_one()
        if self.trigger in AUDIENCE_TRIGGERS:
            return dict.fromkeys(days, self._audience_size())
        if self.trigger not in DAILY_TRIGGERS:
            return {}
        self._flush_audience()
        candidates = getattr(self, f"_candidates_{self.trigger}")(days)
        rows = self.env.execute_query(
            SQL(
                "SELECT occasion::date, COUNT(*) FROM (%s) audience GROUP BY 1",
                self._audience_query(candidates),
            )
        )
        return {**dict.fromkeys(days, 0), **dict(rows)}

    def action_view_planned(self):
        """Open the days on which the campaigns give their offer."""
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_occasion_action"
        )
        return {**action, "domain": [("campaign_id", "in", self.ids)], "context": {}}
