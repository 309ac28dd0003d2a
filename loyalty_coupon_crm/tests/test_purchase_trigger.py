from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.fields import Command
from odoo.tests import tagged

from .trigger_common import TriggerCommon


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
