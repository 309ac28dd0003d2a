import random
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.fields import Command
from odoo.tests import tagged

from .test_campaign_trigger import TriggerCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignBacktest(TriggerCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        chance = random.Random(7)
        now = fields.Datetime.now()
        cls.history = []
        for _purchase in range(600):
            partner = chance.choice(cls.customers)
            moment = now - timedelta(days=chance.randrange(1, 120), seconds=_purchase)
            amount = chance.randrange(10, 200)
            cls.history.append((moment, partner, amount))
            cls._buy(partner, amount=amount, date=moment)
        cls.history.sort(key=lambda row: row[0])

    def _backtest(self, trigger, **values):
        # Demo data has purchases of its own.
        values.setdefault("segment_id", self.segment.id)
        campaign = self._create_trigger(trigger, launch=False, **values)
        return (
            self.env["loyalty.campaign.backtest"]
            .with_user(self.marketing)
            .create({"campaign_id": campaign.id, "days": 60})
        )

    def _recent(self):
        since = fields.Datetime.now() - timedelta(days=60)
        return [row for row in self.history if row[0] >= since]

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
            {row[0] for row in trial._replay()}, {partner.id for partner in expected}
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
            found = {row[:2] for row in trial._replay()}
            self.assertEqual(found, expected, most)
            self.assertGreater(len(expected), 10)

    def test_free_goods_of_the_arms(self):
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

    def test_cap_and_overlap(self):
        trial = self._backtest("purchase_amount", trigger_amount=1, cap_count=1)
        buyers = {partner for _at, partner, _amount in self._recent()}
        self.assertEqual(trial.occasion_count, len(buyers))
        self.assertEqual(trial.overlap_count, 0)
        other = self._create_campaign(control_percent=0, no_control_reason="A test")
        other.action_launch()
        trial.invalidate_recordset()
        self.assertEqual(trial.overlap_count, len(buyers))

    def test_cap_of_a_period_that_is_over(self):
        trial = self._backtest(
            "purchase_amount", trigger_amount=1, cap_count=2, cap_days=20
        )
        given, expected = {}, 0
        for moment, partner, _amount in self._recent():
            day = self.company._loyalty_local(moment).date()
            days = given.setdefault(partner, [])
            if sum((day - one).days < 20 for one in days) < 2:
                days.append(day)
                expected += 1
        self.assertEqual(trial.occasion_count, expected)
        self.assertLess(expected, len(self._recent()))
        self.assertGreater(expected, 2 * len(given), "more than one period")

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
