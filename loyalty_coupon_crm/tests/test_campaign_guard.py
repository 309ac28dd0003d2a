from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignGuard(CampaignCommon):
    """Approval, and what stops a campaign that costs too much."""

    def test_approval_by_a_second_person(self):
        self.company.loyalty_approval_cost = 10
        manager = self._create_user("boss", "loyalty_coupon_crm.group_loyalty_manager")
        campaign = self._create_campaign().with_user(manager)
        campaign.action_launch()
        self.assertEqual(campaign.state, "approval")
        self.assertFalse(campaign.member_ids)
        with self.assertRaisesRegex(UserError, "another manager"):
            campaign.action_approve()
        with self.assertRaisesRegex(UserError, "Only a manager"):
            campaign.with_user(self.marketing).action_approve()
        version = campaign.version
        campaign.with_user(self.marketing).points = 2
        self.assertEqual(campaign.state, "draft", "another version, another approval")
        self.assertEqual(campaign.version, version + 1)
        campaign.with_user(self.marketing).action_launch()
        self.assertEqual(campaign.state, "approval")
        campaign.action_approve()
        self.assertEqual(campaign.state, "running")
        self.assertEqual(campaign.approved_by_id, manager)
        self.assertEqual(set(campaign.member_ids.mapped("version")), {campaign.version})

    def test_approval_cannot_be_walked_around(self):
        self.company.loyalty_approval_cost = 300
        boss = self._create_user("boss", "loyalty_coupon_crm.group_loyalty_manager")
        fixed = {
            "reward_ids": [
                Command.clear(),
                Command.create(
                    {"discount": 1, "discount_mode": "per_order", "required_points": 1}
                ),
            ]
        }
        self.program.write(fixed)
        dear = self._create_coupon_program(name="Dear")
        dear.reward_ids.write({"discount": 100, "discount_mode": "per_order"})
        mine = {"control_percent": 0, "no_control_reason": "A test"}

        def launch(**values):
            campaign = self._create_campaign(**mine, **values)
            campaign.with_user(self.marketing).action_launch()
            return campaign

        self.assertEqual(launch().state, "running", "100 at most")
        arm = [Command.create({"name": "A", "program_id": dear.id})]
        self.assertEqual(launch(variant_ids=arm).state, "approval")
        later = fields.Datetime.now() + timedelta(days=1)
        self.assertEqual(launch(trigger="date", start_at=later).state, "approval")
        campaign = launch(program_id=dear.id, budget_amount=1)
        self.assertEqual(campaign.state, "approval", "issued before it is spent")
        planner = campaign.with_user(self.marketing)
        planner.budget_amount = 0
        self.assertEqual(campaign.state, "draft")
        planner.write({"budget_amount": 50})
        planner.action_launch()
        draft = self._create_campaign()
        moved = self.env["loyalty.campaign.variant"].create(
            {"name": "B", "campaign_id": draft.id, "program_id": dear.id}
        )
        with self.assertRaises(UserError):
            moved.with_user(self.marketing).campaign_id = campaign
        campaign.with_user(boss).action_approve()
        self.assertEqual(campaign.state, "running")
        with self.assertRaisesRegex(UserError, "manager"):
            planner.budget_amount = 0
        planner.budget_amount = 40
        campaign.with_user(boss).budget_amount = 60
        with self.assertRaises(UserError):
            planner.ignore_cap = True
        with self.assertRaises(UserError):
            planner.lag_days = 30

    def test_money_budget_stops_the_campaign(self):
        campaign = self._create_campaign(budget_amount=100)
        campaign.action_launch()
        values = {
            "campaign_id": campaign.id,
            "program_id": self.program.id,
            "company_id": self.company.id,
            "channel": "sale",
            "card_id": self._create_card(self.program, self.partner).id,
        }
        self.env["loyalty.redemption"].create({**values, "discount_amount": 80})
        campaign.sudo()._cron_guard()
        self.assertEqual(campaign.state, "running")
        self.assertTrue(campaign.activity_ids)
        self.env["loyalty.redemption"].create({**values, "goods_cost": 20})
        campaign.invalidate_recordset()
        campaign.sudo()._cron_guard()
        self.assertEqual(campaign.state, "paused")
        self.assertIn("budget", campaign.stop_reason)
