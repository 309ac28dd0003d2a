import math
from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .backtest_common import BacktestCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignBacktest(BacktestCommon):
    def test_amount_as_a_plain_computation(self):
        trial = self._backtest("purchase_amount", trigger_amount=150)
        expected = [partner for _at, partner, amount in self._recent() if amount >= 150]
        self.assertEqual(trial.occasion_count, len(expected))
        action = trial.action_view_customers()
        found = self.env["res.partner"].search(action["domain"])
        self.assertEqual(set(found), set(expected))
        self.assertEqual(trial.treated_count, len(expected))
        self.assertAlmostEqual(
            trial.expected_uses,
            len(expected) * trial.campaign_id.redemption_percent / 100,
        )
        self.assertFalse(trial.campaign_id.member_ids)

    def test_nth_purchase_as_a_plain_computation(self):
        trial = self._backtest("nth_purchase", trigger_count=4)
        seen, expected = {}, set()
        since = fields.Datetime.now() - timedelta(days=60)
        for moment, partner, _amount in self.history:
            seen[partner] = seen.get(partner, 0) + 1
            if seen[partner] == 4 and moment >= since:
                expected.add(partner)
        self.assertTrue(expected)
        self.assertEqual(
            {offer.partner_id for offer in trial._replay()},
            {partner.id for partner in expected},
        )

    def test_silence_as_a_plain_computation(self):
        local = self.company._loyalty_local
        days = {}
        for moment, partner, _amount in self.history:
            days.setdefault(partner, set()).add(local(moment).date())
        since = fields.Datetime.now() - timedelta(days=60)
        first, today = local(since).date(), local(fields.Datetime.now()).date()
        for most in (0, 40):
            expected = set()
            for partner, bought in days.items():
                day = first
                while day <= today:
                    last = max((one for one in bought if one < day), default=None)
                    silent = (day - last).days if last else 0
                    if silent >= 30 and (not most or silent <= most):
                        expected.add((partner.id, str(last)))
                    day += timedelta(days=1)
            trial = self._backtest("inactive", trigger_days=30, trigger_days_max=most)
            found = {(one.partner_id, one.occasion) for one in trial._replay()}
            self.assertEqual(found, expected, most)
            self.assertGreater(len(expected), 10)

    def test_free_goods_of_the_arms(self):
        self._gift_trial()

    def _gift_trial(self):
        gift = self.env["loyalty.program"].create(
            {
                "name": "Two cups",
                "program_type": "coupons",
                "company_id": self.company.id,
                "reward_ids": [
                    Command.create(
                        {
                            "reward_type": "product",
                            "reward_product_id": self.product.id,
                            "reward_product_qty": 2,
                        }
                    )
                ],
            }
        )
        trial = self._backtest(
            "purchase_amount",
            trigger_amount=150,
            variant_ids=[
                Command.create({"name": "Money", "share": 3}),
                Command.create({"name": "Cups", "share": 1, "program_id": gift.id}),
            ],
        )
        self.assertTrue(trial.expected_uses)
        self.assertAlmostEqual(trial.goods_needed, trial.expected_uses * 2 / 4)
        return trial

    def test_stock_for_free_goods(self):
        trial = self._gift_trial()
        campaign = trial.campaign_id
        name = self.product.display_name
        needed = math.ceil(trial.goods_needed)
        for on_hand, sentence, missing in (
            ({}, f"{name}: {needed} needed.", 0),
            (
                {self.product.id: 1.0},
                f"{name}: {needed} needed, 1 in stock, {needed - 1} missing.",
                trial.goods_needed - 1,
            ),
            (
                {self.product.id: 5000.0},
                f"{name}: {needed} needed, 5000 in stock.",
                0,
            ),
        ):
            with patch.object(
                type(campaign), "_stock_on_hand", lambda *args, found=on_hand: found
            ):
                trial.invalidate_recordset()
                campaign.invalidate_recordset()
                self.assertEqual(trial.goods_summary, sentence)
                self.assertAlmostEqual(trial.goods_missing, missing)
                self.assertEqual(trial.stock_is_known, bool(on_hand))
                uses = campaign.preview_treated * campaign.redemption_percent / 100
                self.assertAlmostEqual(campaign.goods_needed, uses / 2)
                self.assertIn(f"{name}: ", campaign.goods_summary)
        plain = self._backtest("purchase_amount", trigger_amount=150)
        self.assertFalse(plain.goods_summary)
        self.assertFalse(plain.stock_is_known)

    def test_cap_and_overlap(self):
        trial = self._backtest("purchase_amount", trigger_amount=1, cap_count=1)
        buyers = {partner for _at, partner, _amount in self._recent()}
        self.assertEqual(trial.occasion_count, len(buyers))
        self.assertEqual(trial.overlap_count, 0)
        other = self._create_campaign(control_percent=0, no_control_reason="A test")
        other.action_launch()
        trial.invalidate_recordset()
        self.assertEqual(trial.overlap_count, len(buyers))

    def _capped(self, events, count, days, given=None):
        """Return the (customer, moment) that a cap leaves, by going through them."""
        given = given or {}
        kept = []
        for moment, partner in events:
            mine = given.setdefault(partner, [])
            near = [one for one in mine if moment - one < timedelta(days=days)]
            if len(near) < count:
                mine.append(moment)
                kept.append((partner.id, moment))
        return kept

    def _found(self, trial):
        return [(offer.partner_id, offer.moment) for offer in trial._replay()]

    def test_cap_of_a_period_that_is_over(self):
        trial = self._backtest(
            "purchase_amount", trigger_amount=1, cap_count=2, cap_days=20
        )
        events = [row[:2] for row in self._recent()]
        expected = self._capped(events, 2, 20)
        self.assertEqual(self._found(trial), expected)
        self.assertEqual(trial.occasion_count, len(expected))
        self.assertLess(len(expected), len(events))
        customers = {partner for partner, _moment in expected}
        self.assertGreater(len(expected), 2 * len(customers), "more than one period")

    def test_offers_of_other_campaigns_count_on_their_days(self):
        self.company.write({"loyalty_cap_count": 2, "loyalty_cap_days": 15})
        other = self._create_campaign(control_percent=0, no_control_reason="A test")
        other.action_launch()
        now = fields.Datetime.now()
        members = other.member_ids
        members.assigned_at = now - timedelta(days=30)
        skipped = members[:20]
        skipped.state = "skipped"
        events = [row[:2] for row in self._recent()]
        given = {
            member.partner_id: [now - timedelta(days=30)]
            for member in members - skipped
        }
        # An offer of a later day takes no place of an earlier one.
        expected, taken = [], {}
        for moment, partner in events:
            mine = taken.setdefault(partner, [])
            there = mine + [one for one in given.get(partner, []) if one <= moment]
            if sum(moment - one < timedelta(days=15) for one in there) < 2:
                mine.append(moment)
                expected.append((partner.id, moment))
        trial = self._backtest("purchase_amount", trigger_amount=1)
        self.assertEqual(self._found(trial), expected)
        alone = self._capped(events, 2, 15)
        self.assertLess(len(expected), len(alone))
        trial.campaign_id.ignore_cap = True
        self.assertEqual(len(trial._replay()), len(events))

    def test_visits_count_in_each_period_from_the_day_they_were_reached(self):
        values = {"trigger_count": 2, "interval_type": "week"}
        since = fields.Datetime.now() - timedelta(days=60)
        reached, visits = {}, {}
        for moment, partner, _amount in self.history:
            day = self.company._loyalty_local(moment).date()
            key = partner, day - timedelta(days=day.weekday())
            days = visits.setdefault(key, set())
            days.add(day)
            if len(days) >= 2 and moment >= since:
                reached.setdefault(key, moment)
        expected = {(key[0].id, moment) for key, moment in reached.items()}
        found = self._found(self._backtest("visits", **values))
        self.assertEqual(set(found), expected)
        self.assertEqual(len(found), len(expected))
        customers = {partner_id for partner_id, _moment in found}
        self.assertGreater(len(found), len(customers), "several periods")
        trial = self._backtest("visits", cap_count=1, cap_days=30, **values)
        capped = self._found(trial)
        self.assertEqual(capped, self._capped_ids(found, 1, 30))

    def _capped_ids(self, found, count, days):
        partners = self.env["res.partner"]
        events = [(moment, partners.browse(one)) for one, moment in found]
        return self._capped(events, count, days)

    def test_who_bought_anyway(self):
        trial = self._backtest(
            "purchase_amount",
            trigger_amount=100,
            validity_days=12,
            control_percent=40.0,
        )
        expected = set()
        for offer in trial._replay():
            for moment, partner, _amount in self.history:
                passed = moment - offer.moment
                if (
                    offer.arm == "treated"
                    and partner.id == offer.partner_id
                    and timedelta() < passed < timedelta(days=12)
                ):
                    expected.add(partner)
        self.assertEqual(trial.anyway_count, len(expected))
        self.assertGreater(len(expected), 5)
        self.assertLess(len(expected), trial.treated_count)

    def test_a_cooldown_of_what_happens_once(self):
        """An occasion without a day has a moment all the same."""
        for trigger in ("first_purchase", "nth_purchase"):
            plain = self._backtest(trigger, trigger_count=3)
            capped = self._backtest(trigger, trigger_count=3, cap_count=1, cap_days=10)
            self.assertTrue(plain.occasion_count, trigger)
            self.assertEqual(self._found(capped), self._found(plain), trigger)

    def test_a_budget_goes_to_who_comes_first(self):
        everybody = self._backtest("purchase_amount", trigger_amount=1)
        trial = self._backtest("purchase_amount", trigger_amount=1, budget_coupons=25)
        self.assertEqual(trial.treated_count, 25)
        self.assertEqual(self._found(trial), self._found(everybody)[:25])

    def test_only_marketing_and_sensible_days(self):
        trial = self._backtest("first_purchase")
        with self.assertRaises(UserError):
            trial.days = 0
        salesperson = self._create_user(
            "bs", "loyalty_coupon_crm.group_loyalty_salesperson"
        )
        with self.assertRaises(AccessError):
            trial.campaign_id.with_user(salesperson).action_backtest()

    def test_every_goal_makes_a_draft_that_can_be_launched(self):
        start = self.env["loyalty.campaign.start"].with_user(self.marketing)
        survey = self.env["survey.survey"].create({"title": "How was it?"})
        for goal, _label in start._fields["goal"].selection:
            wizard = start.create(
                {
                    "goal": goal,
                    "program_id": self.program.id,
                    "segment_id": self.segment.id,
                    "categ_id": self.category.id,
                    "survey_id": survey.id,
                }
            )
            self.assertTrue(wizard.trigger_sentence, goal)
            self.assertFalse(wizard.problems, goal)
            self.assertEqual(wizard.audience_count, len(self.customers), goal)
            self.assertTrue(wizard.preview_treated, goal)
            campaign = self.env["loyalty.campaign"].browse(
                wizard.action_create()["res_id"]
            )
            self.assertEqual(campaign.trigger_sentence, wizard.trigger_sentence)
            control = 0.0 if goal == "claim" else 10.0
            self.assertEqual(campaign.control_percent, control)
            self.assertEqual(campaign.trigger_days, wizard.trigger_days)
            campaign.with_user(self.marketing).action_launch()
            self.assertEqual(campaign.state, "running", goal)
