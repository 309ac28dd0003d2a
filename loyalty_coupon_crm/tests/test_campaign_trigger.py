from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged
from odoo.tools import SQL

from .campaign_common import CampaignCommon


class TriggerCommon(CampaignCommon):
    """Campaigns that react; no control group unless a test asks for one."""

    @classmethod
    def _create_trigger(cls, trigger, launch=True, **values):
        """Return a launched campaign without control group."""
        campaign = cls._create_campaign(
            **{
                "name": trigger,
                "trigger": trigger,
                "control_percent": 0,
                "no_control_reason": "A test",
                "segment_id": False,
                **values,
            }
        )
        if launch:
            campaign.with_user(cls.marketing).action_launch()
        return campaign

    @classmethod
    def _buy(cls, partner, amount=100.0, **values):
        """Return a purchase of today."""
        return cls.env["loyalty.purchase"].create(
            {
                "partner_id": partner.id,
                "commercial_partner_id": partner.commercial_partner_id.id,
                "company_id": cls.company.id,
                "date": fields.Datetime.now(),
                "amount": amount,
                "channel": "sale",
                **values,
            }
        )

    def _look(self):
        """Look for events, as the cron would."""
        # Tests cannot commit; what a commit separates is tested by processes.
        with patch.object(
            type(self.env["ir.cron"]), "_commit_progress", lambda *args, **kw: 1e9
        ):
            self.env["loyalty.campaign"].sudo()._cron_trigger()

    def _who(self, campaign):
        return campaign.member_ids.partner_id


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPurchaseTrigger(TriggerCommon):
    def test_first_purchase(self):
        old, new = self.customers[:2]
        self._buy(old, date="2026-01-01 10:00:00")
        campaign = self._create_trigger("first_purchase")
        self._buy(old)
        self._buy(new)
        self._buy(new)
        self._look()
        self.assertEqual(self._who(campaign), new)
        self.assertEqual(campaign.treated_count, 1)
        self.assertEqual(campaign.state, "running")
        campaign.sudo()._run_batch()
        self.assertEqual(campaign.member_ids.card_id.partner_id, new)
        self.assertEqual(campaign.state, "running", "more may come")
        self._look()
        self.assertEqual(len(campaign.member_ids), 1)

    def test_only_purchases_since_the_launch(self):
        before = fields.Datetime.now() - timedelta(days=1)
        self._buy(self.customers[0])
        campaign = self._create_trigger("purchase_amount", trigger_amount=1)
        self._buy(self.customers[1], date=before)
        self._look()
        self.assertFalse(campaign.member_ids)

    def test_amount_counts_additions_and_refunds(self):
        campaign = self._create_trigger("purchase_amount", trigger_amount=150)
        grown, shrunk, small, cancelled = self.customers[:4]
        for number, partner in enumerate((grown, shrunk, small, cancelled)):
            self._buy(
                partner,
                amount=160 if partner in (shrunk, cancelled) else 100,
                order_model="sale.order",
                order_id=9000 + number,
            )
        self._buy(grown, amount=50, order_model="sale.order", order_id=9000)
        for partner, amount in ((shrunk, -20), (cancelled, -160)):
            row = self.env["loyalty.purchase"].search([("partner_id", "=", partner.id)])
            self._buy(partner, amount=amount, reversal_of_id=row.id)
        self._look()
        self.assertEqual(self._who(campaign), grown)

    def test_a_growing_order_triggers_once(self):
        campaign = self._create_trigger("purchase_amount", trigger_amount=100)
        order = {"order_model": "sale.order", "order_id": 9100}
        self._buy(self.customers[0], amount=120, **order)
        self._look()
        self._buy(self.customers[0], amount=30, **order)
        self._look()
        self.assertEqual(len(campaign.member_ids), 1)

    def test_an_order_that_grows_on_another_day_triggers_once(self):
        campaign = self._create_trigger("purchase_amount", trigger_amount=100)
        order = {"order_model": "sale.order", "order_id": 9101}
        self._buy(self.customers[0], amount=120, **order)
        self._look()
        tomorrow = fields.Datetime.now() + timedelta(days=1)
        self._buy(self.customers[0], amount=30, date=tomorrow, **order)
        self._look()
        self.assertEqual(len(campaign.member_ids), 1)

    def test_confirmed_again_counts_once(self):
        campaign = self._create_trigger("first_purchase")
        order = {"order_model": "sale.order", "order_id": 9102}
        row = self._buy(self.customers[0], **order)
        self._buy(self.customers[0], amount=-100, reversal_of_id=row.id, **order)
        self._look()
        self.assertFalse(campaign.member_ids)
        self._buy(self.customers[0], **order)
        self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_refunds_in_parts_and_of_edited_orders(self):
        campaign = self._create_trigger("first_purchase")
        parts, edited, withdrawn = self.customers[:3]
        row = self._buy(parts)
        self._buy(parts, amount=-60, reversal_of_id=row.id)
        self._buy(parts, amount=-40, reversal_of_id=row.id)
        order = {"order_model": "sale.order", "order_id": 9103}
        row = self._buy(edited, **order)
        self._buy(edited, amount=50, **order)
        self._buy(edited, amount=-150, reversal_of_id=row.id)
        row = self._buy(withdrawn)
        self._buy(withdrawn, amount=-100, reversal_of_id=row.id)
        self._buy(withdrawn, amount=100, reversal_of_id=row.id)
        self._look()
        self.assertEqual(self._who(campaign), withdrawn)

    def test_a_till_that_tells_late(self):
        campaign = self._create_trigger("nth_purchase", trigger_count=3)
        now = fields.Datetime.now()
        for hours in (1, 3):
            self._buy(self.customers[0], date=now + timedelta(hours=hours))
            self._look()
        self._buy(self.customers[0], date=now + timedelta(hours=2))
        self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_a_day_of_a_visit_that_is_told_late(self):
        with freeze_time("2026-06-01 10:00:00"):
            campaign = self._create_trigger(
                "visits", trigger_count=3, interval_type="month"
            )
        for day in (10, 12, 11):
            self._buy(self.customers[0], date=f"2026-06-{day} 10:00:00")
            with freeze_time("2026-06-12 12:00:00"):
                self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_the_last_evening_counts(self):
        with freeze_time("2026-11-01 00:00:00"):
            campaign = self._create_trigger("first_purchase", date_end="2026-11-30")
        end = campaign._purchases_until()
        self._buy(self.customers[0], date=end - timedelta(minutes=1))
        self._buy(self.customers[1], date=end + timedelta(minutes=1))
        with freeze_time(end + timedelta(minutes=30)):
            self._look()
            campaign.sudo()._run_batch()
            self.assertEqual(campaign.state, "running", "tills may tell for an hour")
        self._buy(self.customers[2], date=end - timedelta(minutes=2))
        with freeze_time(end + timedelta(hours=9)):
            self._look()
            self._look()
            campaign.sudo()._run_batch()
        self.assertEqual(self._who(campaign), self.customers[0] + self.customers[2])
        self.assertEqual(campaign.state, "done")

    def test_product_and_category(self):
        coffee = self._create_product("Coffee", 10, 5)
        child = self.env["product.category"].create(
            {"name": "Hot Drinks", "parent_id": self.category.id}
        )
        by_product = self._create_trigger(
            "purchase_product", trigger_product_ids=[Command.link(coffee.id)]
        )
        by_category = self._create_trigger(
            "purchase_product", trigger_categ_ids=[Command.link(self.category.id)]
        )

        def line(product, categ):
            return {
                "line_ids": [
                    Command.create(
                        {
                            "product_id": product.id,
                            "categ_id": categ.id,
                            "quantity": 1,
                            "amount": 10,
                        }
                    )
                ]
            }

        other = self.env["product.category"].create({"name": "Food"})
        self._buy(self.customers[0], **line(coffee, other))
        self._buy(self.customers[1], **line(self.product, child))
        self._buy(self.customers[2], **line(self.product, other))
        self._look()
        self.assertEqual(self._who(by_product), self.customers[0])
        self.assertEqual(self._who(by_category), self.customers[1])

    def test_nth_purchase(self):
        once = self._create_trigger("nth_purchase", trigger_count=3)
        again = self._create_trigger("nth_purchase", trigger_count=3, repeat_nth=True)
        for _turn in range(7):
            self._buy(self.customers[0])
        self._buy(self.customers[1])
        self._look()
        self.assertEqual(len(once.member_ids), 1)
        self.assertEqual(self._who(once), self.customers[0])
        self.assertEqual(len(again.member_ids), 2)

    def test_nth_purchase_in_pieces(self):
        again = self._create_trigger("nth_purchase", trigger_count=2, repeat_nth=True)
        for _turn in range(5):
            self._buy(self.customers[0])
            self._look()
            self._look()
        self.assertEqual(len(again.member_ids), 2)

    def test_visits_in_a_period(self):
        campaign = self._create_trigger(
            "visits", trigger_count=3, interval_type="month"
        )
        campaign.sudo().launched_at = "2025-01-01 00:00:00"
        partner, other = self.customers[:2]
        for moment in (
            "2025-12-30 12:00:00",
            "2025-12-31 12:00:00",
            "2026-01-01 12:00:00",
            "2026-01-01 13:00:00",
            "2026-01-09 12:00:00",
        ):
            self._buy(partner, date=moment)
        for day in (3, 4, 5, 6):
            self._buy(other, date=f"2026-01-0{day} 12:00:00")
        self._look()
        self.assertEqual(self._who(campaign), other)
        self.assertEqual(campaign.member_ids.mapped("occasion"), ["2026-01-01"])

    def test_streak_starts_anew(self):
        campaign = self._create_trigger(
            "streak", trigger_count=2, interval_type="month"
        )
        campaign.sudo().launched_at = "2025-01-01 00:00:00"
        partner, gap = self.customers[:2]
        for month in ("2025-11", "2025-12", "2026-01", "2026-02", "2026-03"):
            self._buy(partner, date=f"{month}-15 12:00:00")
        for month in ("2025-11", "2026-01", "2026-03"):
            self._buy(gap, date=f"{month}-15 12:00:00")
        self._look()
        self.assertEqual(self._who(campaign), partner)
        self.assertEqual(
            campaign.member_ids.sorted("occasion").mapped("occasion"),
            ["2025-12-01", "2026-02-01"],
        )

    def test_audience_limits(self):
        inside, outside = self.customers[:2]
        segment = self._create_segment(inside)
        campaign = self._create_trigger("first_purchase", segment_id=segment.id)
        self._buy(inside)
        self._buy(outside)
        self._look()
        self.assertEqual(self._who(campaign), inside)

    def test_other_company_is_left_alone(self):
        other = self.env["res.company"].create({"name": "Other"})
        campaign = self._create_trigger("first_purchase")
        self._buy(self.customers[0], company_id=other.id)
        self._look()
        self.assertFalse(campaign.member_ids)

    def test_transaction_that_ends_late(self):
        """A purchase below the last id is not missed while it is being written."""
        campaign = self._create_trigger("first_purchase")
        models = type(self.env["loyalty.campaign"])
        self._buy(self.customers[0])
        with patch.object(
            models,
            "_read_purchase_horizon",
            lambda campaigns: (campaign.cursor_purchase_id + 1000, ["3/17", "4/2"]),
        ):
            self._look()
            self.assertFalse(campaign.member_ids, "somebody is still writing")
        with patch.object(
            models,
            "_read_purchase_horizon",
            lambda campaigns: (campaign.cursor_purchase_id + 2000, ["4/2", "5/1"]),
        ):
            self._look()
            self.assertFalse(campaign.member_ids, "one of the two is still there")
        self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_new_writers_do_not_hold_it_up(self):
        campaign = self._create_trigger("first_purchase")
        models = type(self.env["loyalty.campaign"])
        last, _holders = self.env["loyalty.campaign"]._read_purchase_horizon()
        self._buy(self.customers[0])
        for turn in range(2):
            holders = [f"{turn}/1"]
            with patch.object(
                models,
                "_read_purchase_horizon",
                lambda campaigns, holders=holders: (last + 1, holders),
            ):
                self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_nothing_is_missed_while_stopped(self):
        campaign = self._create_trigger("first_purchase")
        campaign.with_user(self.marketing).action_stop()
        self._buy(self.customers[0])
        self._look()
        self.assertFalse(campaign.member_ids)
        # Meanwhile the database moved to another server: nobody has these any more.
        campaign.sudo().horizon_waits = "9999/1 9999/2"
        campaign.with_user(self.marketing).action_resume()
        self._look()
        self.assertEqual(self._who(campaign), self.customers[0])

    def test_failing_trigger_stops_one_campaign_only(self):
        broken = self._create_trigger("first_purchase")
        fine = self._create_trigger("purchase_amount", trigger_amount=1)
        self._buy(self.customers[0])
        with (
            patch.object(
                type(broken),
                "_candidates_first_purchase",
                side_effect=ValueError("no such thing"),
            ),
            self.assertLogs("odoo.addons.loyalty_coupon_crm", "ERROR"),
        ):
            self._look()
        self.assertEqual(broken.state, "paused")
        self.assertIn("no such thing", broken.stop_reason)
        self.assertEqual(self._who(fine), self.customers[0])
        broken.with_user(self.marketing).action_resume()
        self._look()
        self.assertEqual(self._who(broken), self.customers[0])

    def test_control_group_per_occasion(self):
        campaign = self._create_trigger(
            "purchase_amount", trigger_amount=1, control_percent=50
        )
        for customer in self.customers:
            self._buy(customer)
        self._look()
        control = self._control(campaign)
        self.assertTrue(30 <= len(control) <= 70, len(control))
        self.assertEqual(len(campaign.member_ids), 100)
        for customer in self.customers:
            self._buy(customer)
        self._look()
        arms = {}
        for member in campaign.member_ids:
            arms.setdefault(member.partner_id, set()).add(member.arm)
        self.assertTrue(all(len(found) == 1 for found in arms.values()))

    def test_cap_per_customer(self):
        campaign = self._create_trigger(
            "purchase_amount", trigger_amount=1, cap_count=2, cap_days=30
        )
        for _turn in range(3):
            self._buy(self.customers[0])
        self._look()
        self.assertEqual(len(campaign.member_ids), 2)
        self._buy(self.customers[0])
        self._look()
        self.assertEqual(len(campaign.member_ids), 2)
        campaign.member_ids.sudo().write(
            {"assigned_at": fields.Datetime.now() - timedelta(days=31)}
        )
        self._buy(self.customers[0])
        self._look()
        self.assertEqual(len(campaign.member_ids), 3)

    def test_priority_and_cap_across_campaigns(self):
        self.company.loyalty_cap_count = 1
        second = self._create_trigger("purchase_amount", trigger_amount=1)
        first = self._create_trigger("first_purchase", priority="1")
        legal = self._create_trigger(
            "purchase_amount", trigger_amount=1, ignore_cap=True
        )
        self._buy(self.customers[0])
        self._look()
        self.assertTrue(first.member_ids)
        self.assertFalse(second.member_ids)
        self.assertTrue(legal.member_ids)

    def test_own_offers_count_for_the_company(self):
        self.company.loyalty_cap_count = 2
        campaign = self._create_trigger("purchase_amount", trigger_amount=1)
        for _turn in range(3):
            self._buy(self.customers[0])
        self._look()
        self.assertEqual(len(campaign.member_ids), 2)
        campaign.member_ids.sudo().write({"state": "skipped"})
        self._buy(self.customers[0])
        self._look()
        self.assertEqual(
            len(campaign.member_ids), 3, "nothing was given: nothing counts"
        )

    def test_members_take_no_place_of_the_budget_again(self):
        program = self.env["loyalty.program"].create(
            {"name": "Wallet", "program_type": "loyalty", "applies_on": "both"}
        )
        campaign = self._create_trigger(
            "points",
            trigger_program_id=program.id,
            trigger_points=10,
            budget_coupons=40,
        )
        for start in (0, 30):
            self.env["loyalty.card"].create(
                [
                    {"program_id": program.id, "partner_id": customer.id, "points": 20}
                    for customer in self.customers[start : start + 30]
                ]
            )
            self._look()
        self.assertEqual(len(campaign.member_ids), 40)

    def test_budget_of_a_standing_campaign(self):
        campaign = self._create_trigger(
            "purchase_amount", trigger_amount=1, budget_coupons=5
        )
        for customer in self.customers[:4]:
            self._buy(customer)
        self._look()
        self.assertTrue(campaign.budget_alerted)
        self.assertTrue(campaign.activity_ids)
        for customer in self.customers[4:10]:
            self._buy(customer)
        self._look()
        self.assertEqual(campaign.treated_count, 5)
        campaign.sudo()._run_batch()
        self._look()
        self.assertEqual(campaign.state, "paused")
        self.assertIn("budget", campaign.stop_reason)


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


@tagged("post_install", "-at_install", "loyalty_plain")
class TestJourney(TriggerCommon):
    def _step(self, parent, days, **values):
        return self._create_trigger(
            "follow", parent_id=parent.id, trigger_days=days, **values
        )

    def test_remind_then_better_offer_then_end(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        better = self._create_coupon_program(percent=30)
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            remind = self._step(
                start, 14, is_reminder=True, mail_template_id=template.id
            )
            improve = self._step(start, 21, program_id=better.id)
            thanks = self._step(start, 1, follow_condition="used")
            self._run(start)
        used = self._treated(start)[0]
        with freeze_time("2026-01-05 10:00:00"):
            self._use(used.card_id)
            self._look()
        self.assertEqual(self._who(thanks), used.partner_id)
        self.assertFalse(remind.member_ids)
        with freeze_time("2026-01-15 10:00:01"):
            self._look()
            self.assertEqual(len(remind.member_ids), 99)
            self.assertFalse(improve.member_ids)
            self.assertNotIn(used.partner_id, self._who(remind))
            self.assertEqual(
                remind.member_ids.card_id, start.member_ids.card_id - used.card_id
            )
            late = remind.member_ids[0]
            self._use(late.card_id)
            while remind._send_message_batch():
                pass
            self.assertEqual(late.message_state, "skipped")
            self.assertEqual(
                len(remind.member_ids.filtered(lambda m: m.message_state == "queued")),
                98,
            )
        with freeze_time("2026-01-22 10:00:01"):
            self._look()
            self.assertEqual(len(improve.member_ids), 98)
        with freeze_time("2026-01-24 10:00:01"):
            self._look()
            self._look()
            self._run(improve)
            self.assertEqual(improve.state, "done")
            self.assertEqual(remind.state, "done")

    def _use(self, card):
        order = self._create_order(card.partner_id)
        self.assertNotIn("error", self._apply_code(order, card.code))
        order.action_confirm()
        self.assertTrue(card.redemption_ids)

    def test_a_stop_ends_no_journey(self):
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            step = self._step(start, 14)
            self._run(start)
            self._look()
            step.action_stop()
        with freeze_time("2026-02-01 10:00:00"):
            step.action_resume()
            step.sudo()._run_batch()
            self.assertEqual(step.state, "running")
            self._look()
            self.assertEqual(len(step.member_ids), 100)

    def test_reminders_wait_as_their_arm_says(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(control_percent=0, no_control_reason="A test")
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            self._run(start)
            remind = self._step(
                start,
                14,
                is_reminder=True,
                mail_template_id=template.id,
                variant_ids=[Command.create({"name": "Late", "send_after_hours": 5})],
            )
        with freeze_time("2026-01-15 10:00:01"):
            self._look()
        moments = set(remind.member_ids.mapped("message_at"))
        self.assertEqual(moments, {fields.Datetime.to_datetime("2026-01-15 15:00:01")})

    def test_no_circle(self):
        first = self._create_campaign()
        second = self._create_campaign(trigger="follow", parent_id=first.id)
        with self.assertRaises(ValidationError):
            first.write({"trigger": "follow", "parent_id": second.id})

    def test_coupon_about_to_lapse(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        start = self._create_campaign(
            control_percent=0, no_control_reason="A test", validity_days=30
        )
        with freeze_time("2026-01-01 10:00:00"):
            start.action_launch()
            self._run(start)
            remind = self._create_trigger(
                "expiring",
                trigger_days=7,
                is_reminder=True,
                mail_template_id=template.id,
            )
            self._look()
            self.assertFalse(remind.member_ids)
            program = self._create_coupon_program(name="By hand")
            day = {"expiration_date": "2026-01-30"}
            by_hand = self._create_card(program, self.customers[0], **day)
            used = self._create_card(program, self.customers[1], points=0, **day)
            narrow = self._create_trigger(
                "expiring",
                trigger_days=7,
                trigger_program_id=program.id,
                is_reminder=True,
                mail_template_id=template.id,
            )
            self.assertIn("coupon of By hand lapses", narrow.trigger_sentence)
        with freeze_time("2026-01-25 10:00:00"):
            self._look()
            self._look()
        self.assertEqual(len(remind.member_ids), 101)
        self.assertEqual(remind.issued_count, 101)
        self.assertEqual(narrow.member_ids.card_id, by_hand)
        self.assertNotIn(used, remind.member_ids.card_id)
        self.assertFalse(
            self.env["loyalty.card"].search([("campaign_id", "=", remind.id)])
        )

    def test_coupons_of_shared_programs_are_reminded_of(self):
        template = self.env.ref("loyalty_coupon_crm.mail_template_coupon")
        day = fields.Date.today() + timedelta(days=3)
        shared = self._create_coupon_program(
            name="Everywhere", company_id=False, currency_id=self.company.currency_id.id
        )
        card = self._create_card(shared, self.customers[0], expiration_date=day)
        own = self._create_card(self.program, self.customers[1], expiration_date=day)
        self.assertFalse(card.company_id or card.campaign_id or own.campaign_id)
        remind = self._create_trigger(
            "expiring",
            trigger_days=7,
            is_reminder=True,
            segment_id=self.segment.id,
            mail_template_id=template.id,
        )
        self._look()
        self.assertEqual(remind.member_ids.card_id, card | own)
        # A company of its own tree reminds its own customers alone.
        other = self.env["res.company"].create({"name": "Coffee House"})
        stranger = self._create_customers(1)
        foreign = self._create_card(shared, stranger, expiration_date=day)
        self._buy(stranger, company_id=other.id)
        self._buy(self.customers[2])
        regular = self._create_card(shared, self.customers[2], expiration_date=day)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE res_partner SET create_uid = NULL WHERE id = ANY(%s)",
            [(stranger | self.customers[2]).ids],
        )
        again = self._create_trigger(
            "expiring", trigger_days=7, is_reminder=True, mail_template_id=template.id
        )
        self._look()
        self.assertIn(regular, again.member_ids.card_id)
        self.assertNotIn(foreign, again.member_ids.card_id)

    def test_what_lapses_is_found_by_its_index(self):
        self.env.cr.execute(
            """
            INSERT INTO loyalty_card (program_id, company_id, partner_id, active, code,
                                      points, issued_at, expiration_date)
            SELECT %s, %s, (%s)[1 + number %% 100], TRUE, 'plan-' || number, 1, NOW(),
                   CURRENT_DATE + number %% 700 - 350
              FROM generate_series(1, 30000) number
            """,
            [self.program.id, self.company.id, self.customers.ids],
        )
        self.env.cr.execute("ANALYZE loyalty_card")
        campaign = self._create_trigger("expiring", launch=False, trigger_days=7)
        plan = self.env.execute_query(
            SQL("EXPLAIN %s", campaign._candidates_expiring())
        )
        text = "\n".join(row[0] for row in plan)
        self.assertIn("loyalty_card_lapse_index", text)
        self.assertNotIn("Seq Scan on loyalty_card card", text)
