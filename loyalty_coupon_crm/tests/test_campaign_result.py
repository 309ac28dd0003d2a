from datetime import date, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..tools import campaign_statistics as figures
from .campaign_result_common import CampaignResultCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignResult(CampaignResultCommon):
    """What a campaign brought and cost, beside its control group and the holdout."""

    def test_as_a_plain_computation(self):
        campaign = self._launch()
        treated, control = self._treated(campaign), self._control(campaign)
        after, before = {}, {}
        for number, member in enumerate(treated + control):
            if number % 3 == 0:
                before[member] = 10.0 + number
                self._buy(member, -5, amount=before[member])
            if number % 4 == 0 or member in treated and number % 2:
                after[member] = 50.0 + number
                self._buy(member, 5, amount=after[member])
        row = self._result(campaign)

        def group(members):
            y = [after.get(member, 0.0) for member in members]
            x = [before.get(member, 0.0) for member in members]
            n = len(y)
            mean, mean_x = sum(y) / n, sum(x) / n
            return figures.Group(
                count=n,
                buyers=sum(value > 0 for value in y),
                mean=mean,
                variance=sum((v - mean) ** 2 for v in y) / (n - 1),
                before_mean=mean_x,
                before_variance=sum((v - mean_x) ** 2 for v in x) / (n - 1),
                covariance=sum(
                    (a - mean) * (b - mean_x) for a, b in zip(y, x, strict=True)
                )
                / (n - 1),
            )

        first, second = group(treated), group(control)
        binary = figures.binary_lift(first, second)
        amount = figures.amount_lift(*figures.cuped(first, second))
        self.assertEqual(row.treated_buyers, first.buyers)
        self.assertEqual(row.control_buyers, second.buyers)
        self.assertAlmostEqual(
            row.conversion_rate - row.control_conversion_rate, row.lift, 6
        )
        self.assertAlmostEqual(row.conversion_rate, 100 * first.buyers / first.count, 6)
        self.assertAlmostEqual(row.lift, 100 * binary.value, 6)
        self.assertAlmostEqual(row.lift_low, 100 * binary.low, 6)
        self.assertAlmostEqual(row.p_value, binary.p_value, 4)
        self.assertAlmostEqual(row.amount_lift, amount.value, 2)
        self.assertAlmostEqual(row.amount_low, amount.low, 2)
        self.assertAlmostEqual(
            row.incremental_sales, first.count * (first.mean - second.mean), 2
        )

    def test_window(self):
        """From assignment to validity and lag; a refund counts for its purchase."""
        campaign = self._launch()
        members = self._treated(campaign)
        self._buy(members[0], -1)
        self._buy(members[1], 36.9)
        self._buy(members[2], 37.1)
        bought = self._buy(members[3], 30)
        self._buy(members[3], 45, amount=-100, reversal_of_id=bought.id)
        row = self._result(campaign)
        self.assertEqual(row.treated_buyers, 1)
        self.assertEqual(row.open_count, 0)

    def test_window_ends_with_the_offer(self):
        """By the program, by the last day of a campaign that gives once; costs too."""
        campaign = self._launch(validity_days=0)
        members = self._treated(campaign)
        today = self.company._loyalty_today()
        for member, days in zip(members, (36, 50, 70, 95), strict=False):
            self._buy(member, days)
            self.env["loyalty.redemption"].create(
                {
                    "card_id": member.card_id.id,
                    "program_id": self.program.id,
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "channel": "sale",
                    "date": member.assigned_at + timedelta(days=days),
                    "points": 1,
                    "discount_amount": 10.0,
                }
            )
        # Days after the assignment: of the program's end, the validity, the last day.
        for program_end, validity, last_day, buyers in (
            (None, 0, None, 1),
            (45, 0, None, 2),
            (66, 0, None, 3),
            (66, 20, None, 0),
            (45, 365, None, 2),
            (None, 0, 66, 3),
            (45, 0, 10, 2),
            (99, 0, None, 4),
        ):
            with self.subTest(end=program_end, validity=validity, last=last_day):
                self.program.date_to = program_end and today - timedelta(
                    days=100 - program_end
                )
                campaign.sudo().write(
                    {
                        "validity_days": validity,
                        "date_end": last_day and today - timedelta(days=100 - last_day),
                    }
                )
                row = self._result(campaign)
                self.assertEqual(row.treated_buyers, buyers)
                self.assertAlmostEqual(row.discount_amount, 10.0 * buyers)
                self.assertEqual(bool(row.open_count), program_end == 99)
        self.assertAlmostEqual(campaign.spent_amount, 40.0, msg="whenever it was")

    def test_a_purchase_is_a_document(self):
        """As in the figures of customers: what was edited to nothing is none."""
        campaign = self._launch()
        members = self._treated(campaign)
        undone, edited, free, early, again = (
            {"order_model": "sale.order", "order_id": number}
            for number in range(999001, 999006)
        )
        cancelled = self._buy(members[1], -90, **again)
        self._buy(members[1], -80, amount=-100, reversal_of_id=cancelled.id, **again)
        self._buy(members[1], 6, amount=70, **again)
        self._buy(members[0], 5, **undone)
        self._buy(members[0], 6, amount=-100, **undone)
        self._buy(members[1], 35, **edited)
        self._buy(members[1], 60, amount=-40, **edited)
        self._buy(members[2], 5, amount=0, **free)
        self._buy(members[3], -90, **early)
        self._buy(members[3], 5, amount=30, **early)
        row = self._result(campaign)
        self.assertEqual(row.treated_buyers, 2)
        self.assertAlmostEqual(row.amount_treated * row.treated_count, 130.0, 0)

    def test_every_message_costs(self):
        campaign = self._launch(message_cost=2.0)
        treated = self._treated(campaign)
        states = ("queued", "sms", "sent", "bounced", "call", "printed", "outbox")
        for member, state in zip(treated, states, strict=False):
            member.sudo().message_state = state
        failed = treated[len(states)]
        failed.sudo().message_state = "outbox"
        self.env["loyalty.outbox"].create(
            [
                {
                    "gateway": "local",
                    "campaign_id": campaign.id,
                    "member_id": member.id,
                    "company_id": self.company.id,
                    "address": "a",
                    "state": state,
                }
                for member, state in (
                    (treated[len(states) - 1], "sent"),
                    (failed, "failed"),
                )
            ]
        )
        self.assertAlmostEqual(self._result(campaign).channel_cost, 2.0 * len(states))

    def test_unknown_stays_empty(self):
        campaign = self._launch()
        self._buy(self._treated(campaign)[0], 5)
        row = self._result(campaign)
        self.assertEqual(row.control_conversion_rate, 0.0)
        unknown = ["lift_relative", "margin_rate", "profit", "roi", "attributed_profit"]
        self.env.flush_all()
        row.invalidate_recordset()
        self.assertEqual(row.export_data(unknown)["datas"], [[""] * len(unknown)])
        [seen] = row.with_user(self.marketing).read([*unknown, "lift"])
        self.assertTrue(all(seen[name] is False for name in unknown), seen)
        self.assertGreater(seen["lift"], 0)
        self.assertFalse(row.search([("id", "=", row.id), ("roi", "=", 0.0)]))

    def test_profit_of_the_book(self):
        """Gross sales 100, discount 10, cost 60, control 0: profit 30."""
        campaign = self._launch()
        member = self._treated(campaign)[0]
        self._buy(member, 1, amount=90.0, discount_amount=10.0, margin=30.0)
        self.env["loyalty.redemption"].create(
            {
                "card_id": member.card_id.id,
                "program_id": self.program.id,
                "campaign_id": campaign.id,
                "partner_id": member.partner_id.id,
                "company_id": self.company.id,
                "channel": "sale",
                "date": member.assigned_at + timedelta(days=1),
                "points": 1,
                "discount_amount": 10.0,
            }
        )
        row = self._result(campaign)
        self.assertAlmostEqual(row.margin_rate, 40.0)
        self.assertAlmostEqual(row.profit, 30.0)
        self.assertAlmostEqual(row.roi, 300.0)

    def test_free_goods_cost_once(self):
        """A sale of 100 that cost 60, with a free cup that cost 8: profit 32."""
        reward = self.program.reward_ids
        reward.write({"reward_type": "product", "reward_product_id": self.gift.id})
        campaign = self._launch(days_ago=1)
        member = self._treated(campaign)[0]
        order = self._create_order(member.partner_id)
        self._apply_code(order, member.card_id.code)
        order.action_confirm()
        self.assertIn(self.gift, order.order_line.product_id)
        row = self._result(campaign)
        self.assertAlmostEqual(row.goods_cost, 8.0)
        self.assertAlmostEqual(row.margin_rate, 40.0)
        self.assertAlmostEqual(row.profit, 32.0)
        self.assertAlmostEqual(row.roi, 400.0)
        order._action_cancel()
        row = self._result(campaign)
        self.assertFalse(row.treated_buyers or row.goods_cost or row.profit)
        self.assertIs(row.roi, False)

    def test_overlapping_windows_count_a_purchase_once(self):
        campaign = self._launch()
        member = self._treated(campaign)[0]
        again = [
            member.sudo().copy(
                {
                    "occasion": f"2026-01-{day}/1",
                    "assigned_at": member.assigned_at + timedelta(days=day),
                }
            )
            for day in (10, 20)
        ]
        member.sudo().occasion = "2026-01-01/1"
        self._buy(member, 25)
        self._buy(member, 20 + 36.9)
        row = self._result(campaign)
        self.assertEqual(row.treated_count, len(self._treated(campaign)) - len(again))
        self.assertEqual(row.treated_buyers, 1)
        self.assertAlmostEqual(
            row.amount_treated, 200.0 / row.treated_count, 2, "both, and each once"
        )

    def test_window_grows_when_issuing_lagged(self):
        campaign = self._launch()
        member = self._treated(campaign)[0]
        self._buy(member, 40)
        self.assertEqual(self._result(campaign).treated_buyers, 0)
        member.sudo().issued_at = member.assigned_at + timedelta(days=4)
        self.assertEqual(self._result(campaign).treated_buyers, 1)

    def test_without_control_group_nothing_is_claimed(self):
        campaign = self._launch(control_percent=0, no_control_reason="A test")
        self._buy(self._treated(campaign)[0], 5, margin=50.0, discount_amount=10.0)
        row = self._result(campaign)
        for name in ("incremental_sales", "profit", "roi", "lift", "p_value"):
            self.assertIs(row[name], False, name)
        self.assertEqual(row.treated_buyers, 1)
        self.assertAlmostEqual(row.attributed_sales, 100.0)
        self.assertAlmostEqual(row.attributed_profit, 60.0)

    def test_points_cost_what_they_paid_for(self):
        program = self._create_coupon_program(
            name="Points", program_type="loyalty", applies_on="both"
        )
        campaign = self._launch(program_id=program.id, points=30)
        member = self._treated(campaign)[0]
        card = member.card_id
        with self.env["loyalty.card"]._wallet_scope("adjust", reason="A test"):
            card.points += 30
        origin = {"order_model": "sale.order", "order_id": 9200}
        card._post_move("spend", -60, **origin)
        use = {
            "card_id": card.id,
            "program_id": program.id,
            "company_id": self.company.id,
            "channel": "sale",
            "points": 60,
            "date": member.assigned_at + timedelta(days=1),
            **origin,
        }
        self.env["loyalty.redemption"].create(
            {**use, "discount_amount": 8.0, "goods_cost": 2.0}
        )
        row = self._result(campaign)
        self.assertAlmostEqual(row.discount_amount, 4.0, 2)
        self.assertAlmostEqual(row.goods_cost, 1.0, 2)
        self.assertAlmostEqual(campaign.spent_amount, 5.0, 2)

    def test_without_control_group(self):
        campaign = self._launch(control_percent=0, no_control_reason="A test")
        self._buy(self._treated(campaign)[0], 1)
        row = self._result(campaign)
        self.assertFalse(row.is_conclusive)
        self.assertIn("attributed", row.verdict)

    def test_contacts_of_a_company_are_one_customer(self):
        firm = self._create_customers(1)
        people = self._create_customers(3, parent_id=firm.id)
        segment = self._create_segment(people)
        campaign = self._launch(
            segment_id=segment.id, control_percent=0, no_control_reason="A test"
        )
        row = self._result(campaign)
        self.assertEqual(len(campaign.member_ids), 3)
        self.assertEqual(row.treated_count, 1)

    def test_nobody_writes_results(self):
        campaign = self._launch()
        row = self._result(campaign)
        for group in ("salesperson", "auditor", "manager"):
            user = self._create_user(
                f"r_{group}", f"loyalty_coupon_crm.group_loyalty_{group}"
            )
            theirs = row.with_user(user)
            self.assertEqual(theirs.treated_count, row.treated_count)
            with self.assertRaises(AccessError):
                theirs.lift = 99

    def test_holdout_is_the_same_in_all_campaigns(self):
        self.company.loyalty_holdout_percent = 30
        held = [
            self._launch()
            .member_ids.filtered(lambda member: member.arm == "holdout")
            .partner_id
            for _turn in range(2)
        ]
        self.assertEqual(held[0], held[1])
        self.assertTrue(10 <= len(held[0]) <= 50)

    def test_all_campaigns_of_a_year_beside_the_holdout(self):
        self.company.loyalty_holdout_percent = 30
        first, second = (self._launch(days_ago=0) for _turn in range(2))
        now = fields.Datetime.now()
        year = self.company._loyalty_today().year
        start = self.company._loyalty_day_start(date(year, 1, 1))
        wanted = max(start, now - timedelta(hours=2))
        first.member_ids.sudo().write({"assigned_at": wanted})
        second.member_ids.sudo().write({"assigned_at": now - timedelta(seconds=1)})
        after = dict.fromkeys((True, False), ())
        for number, member in enumerate(first.member_ids):
            amount = 50.0 + number if number % 3 else 0.0
            is_out = member.arm == "holdout"
            after[is_out] += (amount,)
            if amount:
                self._buy(member, 0, amount=amount)
            else:
                # An order that was edited to nothing is none.
                order = {"order_model": "sale.order", "order_id": 999000 + number}
                for part in (70.0, -70.0):
                    self._buy(member, 0, amount=part, **order)
            self._buy(member, -30, amount=1000)
        self.company._loyalty_refresh_holdout()
        results = self.env["loyalty.campaign.result"].with_user(self.marketing)
        row = results.search([("campaign_id", "=", False), ("year", "=", str(year))])
        counts = [len(after[is_out]) for is_out in (False, True)]
        self.assertEqual([row.treated_count, row.control_count], counts)
        means = [sum(after[is_out]) / len(after[is_out]) for is_out in (False, True)]
        self.assertAlmostEqual(row.amount_treated, means[0], 2)
        self.assertAlmostEqual(row.amount_control, means[1], 2)
        buyers = [sum(map(bool, after[is_out])) for is_out in (False, True)]
        lift = figures.binary_lift(
            *(
                figures.Group(count=count, buyers=bought)
                for count, bought in zip(counts, buyers, strict=True)
            )
        )
        self.assertAlmostEqual(row.lift, 100 * lift.value, 6)
        self.assertEqual(row.open_count, sum(counts), "until the year is over")
        self.assertEqual(row.display_name, f"All campaigns of {year}")
        self.company._loyalty_refresh_holdout()
        self.assertEqual(results.search_count([("campaign_id", "=", False)]), 1)
        other = self.env["res.company"].create({"name": "Coffee House"})
        other.loyalty_holdout_percent = 30
        self.assertFalse(other._prepare_holdout_results(year), "nobody held out")
