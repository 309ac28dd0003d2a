from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged

from .backtest_common import BacktestCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignReplay(BacktestCommon):
    """Replays say what the runner would have done; other events than purchases."""

    def test_birthdays_and_anniversaries_of_the_last_days(self):
        today = self.company._loyalty_today()
        born = self.customers[:4]
        for number, customer in enumerate(born):
            day = today - timedelta(days=20 * number)
            customer.loyalty_birthday = day.replace(year=1992)
        trial = self._backtest("birthday", trigger_days=5)
        self.assertTrue(trial.campaign_id.is_replayed)
        given = {
            (born[number].id, today - timedelta(days=20 * number + 5))
            for number in (0, 1, 2)
        }
        found = {
            (one.partner_id, self.company._loyalty_local(one.moment).date())
            for one in trial._replay()
        }
        self.assertEqual(found, given)

    def test_who_came_and_left_counts(self):
        segment = self._create_segment([])
        today = self.company._loyalty_today()
        rows = self.env["loyalty.segment.member"].create(
            [
                {
                    "segment_id": segment.id,
                    "partner_id": self.customers[number].id,
                    "date_from": today - timedelta(days=first),
                    "date_to": last is not None and today - timedelta(days=last),
                }
                for number, first, last in (
                    (0, 50, 40),
                    (1, 50, None),
                    (2, 90, 10),
                    # Out and in again on one day is no change.
                    (3, 90, 20),
                    (3, 20, None),
                )
            ]
        )
        self.assertEqual(len(rows), 5)
        for trigger, expected in (
            ("segment_in", {0: 50, 1: 50}),
            ("segment_out", {0: 40, 2: 10}),
        ):
            trial = self._backtest(trigger, trigger_segment_id=segment.id)
            found = {one.partner_id: one.occasion for one in trial._replay()}
            self.assertEqual(
                found,
                {
                    self.customers[number].id: str(today - timedelta(days=days))
                    for number, days in expected.items()
                },
                trigger,
            )

    def test_stages_contacts_and_answers_of_the_last_days(self):
        today = self.company._loyalty_today()
        one, two, three = self.customers[:3]
        self.env["loyalty.stage.change"].create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "date": today - timedelta(days=days),
                    "stage_from": stage_from,
                    "stage_to": stage_to,
                }
                for partner, days, stage_from, stage_to in (
                    (one, 30, "mature", "dormant"),
                    (one, 20, "dormant", "mature"),
                    (two, 80, "mature", "dormant"),
                    (three, 10, False, "dormant"),
                )
            ]
        )
        values = {"trigger_stage": "dormant"}
        for trigger in ("stage_in", "stage_out"):
            trial = self._backtest(trigger, **values)
            self.assertEqual({row.partner_id for row in trial._replay()}, {one.id})
        survey = self.env["survey.survey"].create({"title": "How was it?"})
        self.env["survey.user_input"].create(
            {
                "survey_id": survey.id,
                "partner_id": two.id,
                "state": "done",
                "end_datetime": fields.Datetime.now() - timedelta(days=9),
            }
        )
        trial = self._backtest("survey", trigger_survey_id=survey.id)
        self.assertEqual({row.partner_id for row in trial._replay()}, {two.id})
        fresh = self._backtest("new_customer")
        self.assertEqual(
            {row.partner_id for row in fresh._replay()}, set(self.customers.ids)
        )

    def test_what_tells_of_today_only_is_not_replayed(self):
        for trigger in ("now", "points", "expiring", "follow"):
            trial = self._backtest(trigger)
            self.assertFalse(trial.campaign_id.is_replayed, trigger)
            self.assertFalse(trial._replay(), trigger)

    def test_the_runner_gives_the_same(self):
        """The same purchases day by day, looked at by the runner as they come."""
        values = {
            "control_percent": 30.0,
            "cap_count": 2,
            "cap_days": 5,
            "segment_id": self.segment.id,
            "seed": "the same for both",
        }
        for trigger, more in (
            ("purchase_amount", {"trigger_amount": 120}),
            ("nth_purchase", {"trigger_count": 2, "repeat_nth": True}),
            ("visits", {"trigger_count": 2, "interval_type": "month"}),
            ("streak", {"trigger_count": 2, "interval_type": "week"}),
        ):
            with self.subTest(trigger=trigger):
                trial = self._backtest(trigger, **values, **more)
                trial.days = 14
                expected = {
                    (offer.partner_id, self._name_purchase(offer.occasion), offer.arm)
                    for offer in trial._replay()
                }
                found = self._run_day_by_day(trigger, {**values, **more})
                self.assertEqual(found, expected)
                self.assertGreater(len(found), 10)

    def _name_purchase(self, occasion):
        day, _slash, row = occasion.partition("/")
        purchase = self.env["loyalty.purchase"].browse(int(row or 0)).exists()
        return f"{day}/{purchase.external_ref}" if purchase else occasion

    def _run_day_by_day(self, trigger, values):
        """Write the recent purchases anew under a running campaign."""
        since = fields.Datetime.now() - timedelta(days=14)
        rows = self.env["loyalty.purchase"].search(
            [("partner_id", "in", self.customers.ids), ("date", ">=", since)],
            order="date, id",
        )
        again = [
            {
                "partner": row.partner_id,
                "amount": row.amount,
                "date": row.date,
                "external_ref": row.external_ref,
            }
            for row in rows
        ]
        self.env.cr.execute(
            "DELETE FROM loyalty_purchase WHERE id = ANY(%s)", [rows.ids]
        )
        self.env.invalidate_all()
        with freeze_time(since) as clock:
            campaign = self._create_trigger(trigger, **values)
            for values in again:
                clock.move_to(values["date"] + timedelta(seconds=1))
                self._buy(**values)
                campaign.sudo()._settle_purchases()
                campaign.sudo()._look_for_events()
        self.env.flush_all()
        return {
            (
                member.partner_id.id,
                self._name_purchase(member.occasion),
                member.arm,
            )
            for member in campaign.member_ids
        }
