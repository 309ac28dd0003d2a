from datetime import date, timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError
from odoo.fields import Command
from odoo.tests import tagged

from .campaign_common import CampaignCommon

NOW = "2026-03-10 12:00:00"
# Days are planned up to the end of the eighteenth month from now.
LAST = date(2027, 9, 30)


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignPlan(CampaignCommon):
    """A calendar shows every day on which campaigns give their offer."""

    def _days(self, campaign, user=None):
        return [row.day for row in self._occasions(campaign, user)]

    def _occasions(self, campaign, user=None):
        self.env.flush_all()
        self.env.invalidate_all()
        rows = self.env["loyalty.campaign.occasion"].with_user(user or self.marketing)
        return rows.search([("campaign_id", "=", campaign.id)])

    def _holiday(self, *days):
        return self.env["loyalty.holiday"].create(
            {
                "name": "Member Day",
                "calendar": "list",
                "date_ids": [Command.create({"date": day}) for day in days],
            }
        )

    @freeze_time(NOW)
    def test_every_time_of_a_rhythm(self):
        self.company.partner_id.tz = "Asia/Shanghai"
        # 01:30 of the next day in Shanghai; short months do not lose the 31st.
        campaign = self._create_campaign(
            trigger="recurring", start_at="2026-03-30 17:30:00", interval_type="month"
        )
        rows = self._occasions(campaign)
        days = rows.mapped("day")
        self.assertEqual(len(days), 19)
        first = [date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)]
        self.assertEqual(days[:3], first)
        self.assertEqual(days[-1], LAST)
        self.assertEqual(str(rows[1].moment), "2026-04-29 17:30:00")
        self.assertEqual(rows.mapped("occasion"), days)
        campaign.date_end = "2026-05-30"
        self.assertEqual(self._days(campaign), days[:2])
        campaign.interval_number = 2
        self.assertEqual(self._days(campaign), days[:1])

    @freeze_time(NOW)
    def test_every_date_of_a_holiday(self):
        holiday = self._holiday("2026-03-11", "2026-11-11", "2027-11-11")
        campaign = self._create_campaign(
            trigger="holiday", trigger_holiday_id=holiday.id, trigger_days=2
        )
        rows = self._occasions(campaign)
        self.assertEqual(rows.mapped("day"), [date(2026, 11, 9)], "past, and too far")
        self.assertEqual(rows.occasion, date(2026, 11, 11))
        self.assertEqual(
            rows.moment, self.company._loyalty_day_start(date(2026, 11, 9))
        )
        campaign.trigger_side = "after"
        holiday.date_ids = [Command.create({"date": "2026-04-04"})]
        self.assertEqual(
            self._days(campaign),
            [date(2026, 3, 13), date(2026, 4, 6), date(2026, 11, 13)],
        )

    @freeze_time(NOW)
    def test_every_day_has_birthdays(self):
        people = self.customers[:3]
        people.loyalty_birthday = "1990-05-05"
        people[2].loyalty_birthday = "1988-02-29"
        campaign = self._create_campaign(trigger="birthday", trigger_days=5)
        rows = self._occasions(campaign)
        self.assertEqual(rows[0].day, date(2026, 3, 10))
        self.assertEqual(rows[-1].day, LAST)
        self.assertEqual(len(rows), (LAST - date(2026, 3, 10)).days + 1)
        counts = {row.occasion: row.customer_count for row in rows}
        self.assertEqual(counts[date(2026, 5, 5)], 2)
        self.assertEqual(counts[date(2027, 5, 5)], 2)
        self.assertEqual(counts[date(2027, 2, 28)], 1, "born on a leap day")
        self.assertEqual(sum(counts.values()), 5)
        [first] = [row for row in rows if row.occasion == date(2026, 5, 5)]
        self.assertEqual(first.day, date(2026, 4, 30))
        self.assertTrue(first.is_counted and first.is_all_day)

    @freeze_time(NOW)
    def test_anniversaries_of_the_first_purchase(self):
        figures = self.env["loyalty.customer.metric"].sudo()
        figures.create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": self.company.id,
                    "first_date": "2024-07-01",
                }
                for customer in self.customers[:4]
            ]
        )
        campaign = self._create_campaign(trigger="anniversary")
        counts = {row.day: row.customer_count for row in self._occasions(campaign)}
        self.assertEqual(counts[date(2026, 7, 1)], 4)
        self.assertEqual(counts[date(2026, 7, 2)], 0)

    @freeze_time(NOW)
    def test_what_follows_comes_so_many_days_later(self):
        first = self._create_campaign(
            trigger="recurring", start_at="2026-03-30 10:00:00", date_end="2026-04-30"
        )
        reminder = self._create_campaign(
            name="Reminder", trigger="follow", parent_id=first.id, trigger_days=14
        )
        self.assertEqual(
            self._days(reminder),
            [date(2026, 4, 13), date(2026, 5, 14)],
        )
        better = self._create_campaign(
            name="Better", trigger="follow", parent_id=reminder.id, trigger_days=7
        )
        self.assertEqual(self._days(better), [date(2026, 4, 20), date(2026, 5, 21)])
        first.date_end = "2026-03-31"
        self.assertEqual(self._days(reminder), [date(2026, 4, 13)])
        self.assertEqual(self._days(better), [date(2026, 4, 20)])
        first.trigger = "new_customer"
        self.assertFalse(self._days(better), "whenever somebody new comes")

    def test_once_means_one_day(self):
        with freeze_time(NOW):
            dated = self._create_campaign(
                trigger="date", start_at="2026-12-01 08:00:00"
            )
            self.assertEqual(self._days(dated), [date(2026, 12, 1)])
            self.assertEqual(self._occasions(dated).customer_count, 100)
            now = self._create_campaign()
            self.assertFalse(self._days(now), "nobody knows when it will be launched")
            now.with_user(self.marketing).action_launch()
            self.assertEqual(self._days(now), [date(2026, 3, 10)])
            self.assertFalse(self._occasions(now).is_all_day)

    def test_the_plan_moves_on_and_ends(self):
        with freeze_time(NOW):
            campaign = self._create_campaign(
                trigger="recurring", start_at="2026-03-01 10:00:00"
            )
            campaign.with_user(self.marketing).action_launch()
            self.assertEqual(self._days(campaign)[0], date(2026, 4, 1))
            self.assertEqual(self._days(campaign)[-1], date(2027, 9, 1))
        with freeze_time("2027-08-20 12:00:00"):
            self.env["loyalty.campaign"].sudo()._cron_plan()
            days = self._days(campaign)
            self.assertEqual(days[0], date(2026, 8, 1), "a year of what was given")
            self.assertEqual(days[-1], date(2029, 2, 1))
            campaign.with_user(self.marketing).action_cancel()
            self.assertEqual(self._days(campaign), [date(2026, 3, 10)])
            campaign.with_user(self.marketing).active = False
            self.assertFalse(self._days(campaign))

    def test_a_row_stays_the_same_when_days_are_added(self):
        with freeze_time(NOW):
            holiday = self._holiday("2026-11-11")
            campaign = self._create_campaign(
                trigger="holiday", trigger_holiday_id=holiday.id
            )
            row = self._occasions(campaign)
            holiday.date_ids = [Command.create({"date": "2026-06-06"})]
            self.assertIn(row, self._occasions(campaign))
            self.assertEqual(row.day, date(2026, 11, 11))
            action = row.action_open_campaign()
            self.assertEqual(action["res_id"], campaign.id)
            self.assertEqual(
                self.env["loyalty.campaign.occasion"].search(
                    campaign.action_view_planned()["domain"]
                ),
                self._occasions(campaign),
            )

    def test_rights(self):
        start = fields.Datetime.now() + timedelta(days=3)
        campaign = self._create_campaign(trigger="date", start_at=start)
        for group in ("salesperson", "marketing", "auditor", "manager"):
            user = self._create_user(
                f"plan_{group}", f"loyalty_coupon_crm.group_loyalty_{group}"
            )
            row = self._occasions(campaign, user)
            self.assertEqual(row.campaign_id, campaign, group)
            row.read()
            for operation in ("write", "create", "unlink"):
                self.assertFalse(row.has_access(operation), operation)
        other = self.env["res.company"].create({"name": "Coffee House"})
        stranger = self._create_user(
            "plan_other", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        self.assertFalse(self._occasions(campaign, stranger))
        employee = self._create_user("plan_employee", "base.group_user")
        with self.assertRaises(AccessError):
            self._occasions(campaign, employee)

    def test_calendar_of_what_is_planned(self):
        holiday = self.env["loyalty.holiday"].create(
            {
                "name": "Double 11",
                "calendar": "list",
                "date_ids": [Command.create({"date": "2126-11-11"})],
            }
        )
        campaign = self._create_campaign(
            trigger="holiday", trigger_holiday_id=holiday.id, trigger_days=2
        )
        start = self.company._loyalty_day_start(fields.Date.to_date("2126-11-09"))
        self.assertEqual(campaign.planned_at, start)
        campaign.write({"trigger": "date", "start_at": "2126-01-02 03:04:05"})
        self.assertEqual(str(campaign.planned_at), "2126-01-02 03:04:05")
