from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .trigger_common import TriggerCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestDayTrigger(TriggerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"

    def test_on_a_date(self):
        with freeze_time("2026-11-01 00:00:00"):
            campaign = self._create_trigger(
                "date", segment_id=self.segment.id, start_at="2026-11-11 00:00:00"
            )
            self._look()
            self.assertFalse(campaign.member_ids)
        with freeze_time("2026-11-11 00:00:01"):
            self._look()
            self.assertEqual(len(campaign.member_ids), 100)
            self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.issued_count, 100)

    def test_recurring_when_the_clock_changes(self):
        self.company.partner_id.tz = "Europe/Berlin"
        with freeze_time("2026-03-20 00:00:00"):
            # 9:00 in Berlin, winter time.
            campaign = self._create_trigger(
                "recurring",
                segment_id=self.segment.id,
                start_at="2026-03-22 08:00:00",
                interval_number=1,
                interval_type="week",
            )
        for moment, occasions in (
            ("2026-03-22 07:59:00", 0),
            ("2026-03-22 08:00:00", 1),
            ("2026-03-29 06:59:00", 1),
            ("2026-03-29 07:00:00", 2),
        ):
            with freeze_time(moment):
                self._look()
            found = set(campaign.member_ids.mapped("occasion"))
            self.assertEqual(len(found), occasions, moment)

    def test_birthday_days_before_in_three_zones(self):
        auckland, shanghai, honolulu = self.customers[:3]
        for partner, zone in (
            (auckland, "Pacific/Auckland"),
            (shanghai, False),
            (honolulu, "Pacific/Honolulu"),
        ):
            partner.write({"tz": zone, "loyalty_birthday": "1990-01-01"})
        with freeze_time("2026-12-01 00:00:00"):
            campaign = self._create_trigger("birthday", trigger_days=1)
        seen = {}
        for hour in range(0, 72):
            moment = fields.Datetime.to_datetime("2026-12-30 00:00:00")
            moment += timedelta(hours=hour)
            with freeze_time(moment):
                self._look()
            for partner in self._who(campaign):
                seen.setdefault(partner, str(moment))
        self.assertEqual(
            seen,
            {
                auckland: "2026-12-30 11:00:00",
                shanghai: "2026-12-30 16:00:00",
                honolulu: "2026-12-31 10:00:00",
            },
        )
        self.assertEqual(set(campaign.member_ids.mapped("occasion")), {"2027-01-01"})

    def test_birthday_after_a_long_stop(self):
        partner, long_gone = self.customers[:2]
        partner.loyalty_birthday = "1990-11-20"
        long_gone.loyalty_birthday = "1990-11-01"
        with freeze_time("2026-10-01 00:00:00"):
            campaign = self._create_trigger("birthday")
        with freeze_time("2026-11-24 00:00:00"):
            self._look()
            self._look()
        self.assertEqual(self._who(campaign), partner)

    def test_birthday_after_days(self):
        self.customers[0].loyalty_birthday = "1992-02-29"
        with freeze_time("2027-01-01 00:00:00"):
            campaign = self._create_trigger(
                "birthday", trigger_days=2, trigger_side="after"
            )
        for moment, count in (("2027-03-01 10:00:00", 0), ("2027-03-02 10:00:00", 1)):
            with freeze_time(moment):
                self._look()
            self.assertEqual(len(campaign.member_ids), count)
        self.assertEqual(campaign.member_ids.occasion, "2027-02-28")

    def test_holiday(self):
        holiday = self.env["loyalty.holiday"].create(
            {
                "name": "Member Day",
                "calendar": "list",
                "date_ids": [
                    Command.create({"date": day})
                    for day in ("2026-12-08", "2027-01-08")
                ],
            }
        )
        with freeze_time("2026-12-01 00:00:00"):
            campaign = self._create_trigger(
                "holiday",
                segment_id=self.segment.id,
                trigger_holiday_id=holiday.id,
                trigger_days=3,
            )
            self.assertIn("Member Day", campaign.trigger_sentence)
        for moment, count in (
            ("2026-12-04 15:59:00", 0),
            ("2026-12-04 16:00:00", 100),
            ("2026-12-20 00:00:00", 100),
            ("2027-01-05 00:00:00", 200),
        ):
            with freeze_time(moment):
                self._look()
            self.assertEqual(len(campaign.member_ids), count, moment)

    def test_new_customer(self):
        campaign = self._create_trigger("new_customer")
        # Rows of one test share the moment of its transaction.
        campaign.sudo().launched_at = self.env.cr.now() - timedelta(seconds=1)
        new = self._create_customers(2)
        self.env["res.partner"].create(
            {"name": "Address", "parent_id": new[0].id, "type": "delivery"}
        )
        self.customers.flush_recordset()
        self.env.cr.execute(
            "UPDATE res_partner SET create_date = create_date - interval '1 day' "
            "WHERE id != ALL(%s)",
            [new.ids],
        )
        self._look()
        self._look()
        self.assertEqual(self._who(campaign), new)

    def test_points_reached(self):
        points = self._create_points_program()
        rich, poor = self.customers[:2]
        self._create_card(points, rich, 500)
        self._create_card(points, poor, 499)
        campaign = self._create_trigger(
            "points", trigger_program_id=points.id, trigger_points=500
        )
        self._look()
        self._look()
        self.assertEqual(self._who(campaign), rich)

    def test_no_purchase_for_days(self):
        now = fields.Datetime.now()
        silent, recent, back, ancient = self.customers[:4]
        for partner, days in ((silent, 61), (recent, 20), (back, 61), (ancient, 500)):
            self._buy(partner, date=now - timedelta(days=days))
        self.env["loyalty.customer.metric"].sudo()._refresh()
        self._buy(back)
        campaign = self._create_trigger(
            "inactive", trigger_days=60, trigger_days_max=365
        )
        self._look()
        self._look()
        self.assertEqual(self._who(campaign) & self.customers, silent)

    def test_segment_entered_and_left(self):
        segment = self._create_segment(self.customers[:2])
        entered = self._create_trigger("segment_in", trigger_segment_id=segment.id)
        left = self._create_trigger("segment_out", trigger_segment_id=segment.id)
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            segment._add_members(self.customers[5])
            # Stays a member, and is only marked as added by hand.
            segment._add_members(self.customers[0])
            segment._exclude_members(self.customers[1])
            gone = segment.member_ids.filtered(
                lambda row: row.partner_id == self.customers[5]
            )
            self._look()
            self.assertEqual(self._who(entered), self.customers[5])
            self.assertFalse(left.member_ids, "excluded by hand is not left")
            gone.sudo().date_to = self.company._loyalty_today()
            self._look()
        self.assertEqual(self._who(left), self.customers[5])

    def test_a_tier_by_spending_is_reached_and_left(self):
        gold, almost, before = self.customers[:3]
        tier = self.env["loyalty.segment"].create(
            {
                "name": "Gold",
                "company_id": self.company.id,
                "domain": "[('loyalty_amount', '>=', 1000)]",
            }
        )

        def spend(*amounts):
            rows = [self._buy(who, amount=amount) for who, amount in amounts]
            self.env["loyalty.customer.metric"]._refresh(self.company)
            tier.refresh()
            return rows

        spend((before, 1500), (gold, 600), (almost, 600))
        reached = self._create_trigger("segment_in", trigger_segment_id=tier.id)
        left = self._create_trigger("segment_out", trigger_segment_id=tier.id)
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            purchase, _other = spend((gold, 400), (almost, 399))
            self._look()
            self.assertEqual(self._who(reached) & self.customers, gold)
        with freeze_time(fields.Datetime.now() + timedelta(days=2)):
            self._buy(gold, amount=-400, reversal_of_id=purchase.id)
            spend()
            self._look()
        self.assertEqual(self._who(left) & self.customers, gold)
        self.assertEqual(self._who(reached) & self.customers, gold)

    def test_stage_entered_and_left(self):
        new, back, lost, found = self.customers[:4]
        other = self.env["res.company"].create({"name": "Elsewhere"})
        stages = self.env["loyalty.stage.change"].sudo()

        def pass_to(partner, before, after, company=self.company):
            stages.create(
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "date": self.company._loyalty_today(),
                    "stage_from": before,
                    "stage_to": after,
                }
            )

        pass_to(self.customers[9], "growing", "dormant")
        fresh = self._create_trigger("stage_in", trigger_stage="new")
        silent = self._create_trigger("stage_in", trigger_stage="dormant")
        awake = self._create_trigger("stage_out", trigger_stage="dormant")
        self.assertIn("enters the stage Dormant", silent.trigger_sentence)
        self._buy(new)
        self.env["loyalty.customer.metric"].sudo()._refresh()
        pass_to(back, "growing", "dormant")
        pass_to(back, "dormant", "won_back")
        pass_to(lost, "slowing", "dormant")
        pass_to(found, False, "dormant")
        pass_to(self.customers[5], "slowing", "dormant", other)
        for _twice in range(2):
            self._look()
        self.assertEqual(self._who(fresh) & self.customers, new)
        self.assertEqual(self._who(silent), lost, "still in it, and came there")
        self.assertEqual(self._who(awake), back)
        pass_to(back, "won_back", "dormant")
        self._look()
        self.assertEqual(self._who(silent), lost | back)

    def test_who_left_before_the_launch_did_not_leave_since(self):
        segment = self._create_segment(self.customers[:2])
        segment.member_ids[0].sudo().date_to = self.company._loyalty_today()
        left = self._create_trigger("segment_out", trigger_segment_id=segment.id)
        self._look()
        self.assertFalse(left.member_ids)

    def test_who_joins_after_the_holiday_gets_nothing(self):
        holiday = self.env["loyalty.holiday"].create(
            {
                "name": "Double 11",
                "calendar": "list",
                "date_ids": [Command.create({"date": "2026-11-11"})],
            }
        )
        with freeze_time("2026-11-01 10:00:00"):
            campaign = self._create_trigger(
                "holiday", trigger_holiday_id=holiday.id, segment_id=self.segment.id
            )
        joining = self._create_customers(1)
        with freeze_time("2026-11-11 10:00:00"):
            self._look()
        self.segment._add_members(joining)
        with freeze_time("2026-11-14 10:00:00"):
            self._look()
        self.assertEqual(len(campaign.member_ids), 100)

    def test_anniversary_of_the_first_purchase(self):
        self._buy(self.customers[0], date="2024-02-29 12:00:00")
        self._buy(self.customers[1], date="2026-02-28 12:00:00")
        self.env["loyalty.customer.metric"].sudo()._refresh()
        with freeze_time("2026-02-01 00:00:00"):
            campaign = self._create_trigger("anniversary")
        with freeze_time("2026-02-28 12:00:00"):
            self._look()
        self.assertEqual(self._who(campaign) & self.customers, self.customers[0])

    def test_last_day(self):
        with freeze_time("2026-11-01 00:00:00"):
            campaign = self._create_trigger("first_purchase", date_end="2026-11-30")
        with freeze_time("2026-11-30 15:00:00"):
            self._look()
            self.assertEqual(campaign.state, "running")
        with freeze_time("2026-12-01 18:00:00"):
            self._look()
            self._look()
            self.assertEqual(campaign.state, "done")

    def test_settings_are_asked_for(self):
        for trigger in (
            "date",
            "recurring",
            "holiday",
            "purchase_amount",
            "purchase_product",
            "points",
            "inactive",
            "segment_in",
            "segment_out",
            "stage_in",
            "stage_out",
            "follow",
        ):
            campaign = self._create_trigger(
                trigger, launch=False, segment_id=self.segment.id
            )
            self.assertTrue(campaign.trigger_sentence)
            with self.assertRaises(UserError, msg=trigger):
                campaign.action_launch()
        with self.assertRaises(ValidationError):
            self._create_trigger("inactive", launch=False, trigger_days=-1)

    def test_every_trigger_has_sentence_and_method(self):
        campaigns = self.env["loyalty.campaign"]
        for trigger, _label in campaigns._fields["trigger"].selection:
            campaign = campaigns.new({"name": "X", "trigger": trigger})
            self.assertTrue(campaign.trigger_sentence, trigger)
            if trigger != "now":
                self.assertTrue(hasattr(campaigns, f"_candidates_{trigger}"), trigger)

    def test_trigger_is_frozen_and_bookkeeping_closed(self):
        campaign = self._create_trigger("inactive", trigger_days=60)
        mine = campaign.with_user(self.marketing)
        with self.assertRaises(UserError):
            mine.trigger_days = 1
        with self.assertRaises(UserError):
            mine.write({"cursor_purchase_id": 1})
        salesperson = self._create_user(
            "sp", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            campaign.with_user(salesperson).action_trigger_now()
        mine.action_trigger_now()
