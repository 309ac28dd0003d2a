import hashlib
from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Command
from odoo.tests import Form, tagged, users
from odoo.tools import mute_logger

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaign(CampaignCommon):
    def _assert_refused(self, campaign, words):
        """A launch is refused with `words` and leaves nothing behind."""
        with self.assertRaisesRegex(UserError, words):
            campaign.action_launch()
        campaign.invalidate_recordset()
        self.assertEqual(campaign.state, "draft")
        self.assertFalse(campaign.member_ids)
        self.assertFalse(campaign.launched_at)

    @users("marketing")
    def test_marketing_plans_and_launches(self):
        form = Form(self.env["loyalty.campaign"])
        form.name = "Spring"
        form.program_id = self.program
        form.segment_id = self.segment
        self.assertEqual(form.control_percent, 10.0)
        self.assertEqual(form.audience_count, 100)
        self.assertEqual(form.preview_treated + form.preview_control, 100)
        campaign = form.save()
        preview = campaign.preview_treated, campaign.preview_control
        campaign.action_launch()
        self.assertEqual(campaign.state, "running")
        self.assertEqual(campaign.launched_by_id, self.env.user)
        self.assertEqual((campaign.treated_count, campaign.control_count), preview)
        self.assertEqual(campaign.todo_count, preview[0])
        self.assertEqual(campaign.progress, 0)
        self._run(campaign)
        self.assertEqual(campaign.state, "done")
        self.assertEqual(campaign.progress, 100)
        self.assertEqual(campaign.issued_count, preview[0])
        for action in (
            campaign.action_view_members(),
            campaign.action_view_cards(),
            campaign.action_view_redemptions(),
            campaign.action_view_audience(),
        ):
            self.env[action["res_model"]].search(action["domain"])

    def test_launch_wakes_the_cron(self):
        trigger = self.env["ir.cron.trigger"]
        cron = self.env.ref("loyalty_coupon_crm.ir_cron_issue_campaigns")
        trigger.search([]).unlink()
        self._create_campaign().action_launch()
        self.assertTrue(trigger.search([("cron_id", "=", cron.id)]))

    def test_salesperson_and_auditor_only_read(self):
        campaign = self._create_campaign()
        for group in ("salesperson", "auditor"):
            user = self._create_user(group, f"loyalty_coupon_crm.group_loyalty_{group}")
            theirs = campaign.with_user(user)
            self.assertEqual(theirs.name, "Autumn")
            for button in (theirs.action_launch, theirs.action_cancel):
                with self.assertRaises(AccessError):
                    button()
            with self.assertRaises(AccessError):
                theirs.name = "Mine"
        self.assertEqual(campaign.state, "draft")

    def test_members_are_written_by_nobody(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        member = campaign.member_ids[:1].with_user(self.marketing)
        self.assertTrue(member.partner_id)
        with self.assertRaises(AccessError):
            member.arm = "control"
        with self.assertRaises(AccessError):
            member.copy()
        with self.assertRaises(AccessError):
            member.unlink()

    def test_state_is_not_written_by_clients(self):
        campaigns = self.env["loyalty.campaign"].with_user(self.marketing)
        forged = {"state": "running", "treated_count": 7, "seed": "mine"}
        campaign = campaigns.with_context(default_state="done").create(
            {"name": "Forged", **forged}
        )
        self.assertEqual(campaign.state, "draft")
        self.assertEqual(campaign.treated_count, 0)
        self.assertNotEqual(campaign.seed, "mine")
        for name, value in forged.items():
            with self.assertRaises(UserError):
                campaign.write({name: value})

    def test_launched_campaign_is_frozen(self):
        campaign = self._create_campaign().with_user(self.marketing)
        campaign.action_launch()
        for values in (
            {"points": 2},
            {"control_percent": 0},
            {"program_id": self._create_coupon_program().id},
            {"segment_id": False},
            {"validity_days": 3},
        ):
            with self.assertRaises(UserError):
                campaign.write(values)
        with self.assertRaises(UserError):
            campaign.unlink()
        with self.assertRaisesRegex(UserError, "has not ended"):
            campaign.action_archive()
        campaign.write({"name": "Another name"})
        copied = campaign.copy()
        self.assertEqual(copied.state, "draft")
        self.assertNotEqual(copied.seed, campaign.seed)
        self.assertFalse(copied.member_ids)

    def test_launch_twice(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        members = campaign.member_ids
        with self.assertRaisesRegex(UserError, "Running"):
            campaign.action_launch()
        self.assertEqual(campaign.member_ids, members)

    def test_refused_without_offer(self):
        self._assert_refused(self._create_campaign(program_id=False), "no offer")

    def test_refused_without_reward(self):
        self.program.with_context(loyalty_skip_reward_check=True).reward_ids = [
            Command.clear()
        ]
        self._assert_refused(self._create_campaign(), "no reward")

    def test_refused_with_archived_offer(self):
        campaign = self._create_campaign()
        self.program.active = False
        self._assert_refused(campaign, "archived")

    def test_refused_with_expired_offer(self):
        yesterday = self.company._loyalty_today() - timedelta(days=1)
        self.program.date_to = yesterday
        campaign = self._create_campaign()
        self._assert_refused(campaign, "ended on")
        self.program.date_to = yesterday + timedelta(days=1)
        campaign.action_launch()

    def test_refused_when_points_buy_nothing(self):
        self.program.reward_ids.required_points = 5
        self._assert_refused(self._create_campaign(points=4), "buy nothing")

    def test_refused_with_offer_without_cards(self):
        self.program.program_type = "promotion"
        self._assert_refused(self._create_campaign(), "no cards to issue")

    def test_refused_without_audience(self):
        self._assert_refused(self._create_campaign(segment_id=False), "no audience")

    def test_refused_with_archived_audience(self):
        campaign = self._create_campaign()
        self.segment.active = False
        self._assert_refused(campaign, "archived")

    def test_refused_with_empty_audience(self):
        empty = self._create_segment(self.env["res.partner"])
        self._assert_refused(self._create_campaign(segment_id=empty.id), "is empty")
        self.customers.action_archive()
        self._assert_refused(self._create_campaign(), "is empty")

    def test_refused_without_control_group_and_reason(self):
        campaign = self._create_campaign(control_percent=0, no_control_reason=" ")
        self._assert_refused(campaign, "say why")
        campaign.no_control_reason = "A duty to inform everyone"
        campaign.action_launch()
        self.assertEqual(campaign.treated_count, 100)

    def test_refused_when_all_are_control(self):
        segment = self._create_segment(self.customers[:1])
        campaign = self._create_campaign(segment_id=segment.id, control_percent=99.9999)
        with self.assertRaisesRegex(UserError, "fell into the control group"):
            campaign.action_launch()

    def test_every_problem_is_named_at_once(self):
        campaign = self._create_campaign(
            program_id=False, segment_id=False, control_percent=0
        )
        with self.assertRaises(UserError) as caught:
            campaign.action_launch()
        for words in ("no offer", "no audience", "say why"):
            self.assertIn(words, str(caught.exception))

    def test_absurd_numbers(self):
        for values in (
            {"points": 0},
            {"points": -1},
            {"points": 1e12},
            {"points": float("nan")},
            {"points": float("inf")},
            {"control_percent": -1},
            {"control_percent": 100},
            {"control_percent": float("nan")},
            {"validity_days": -1},
            {"validity_days": 100000},
            {"budget_coupons": -5},
        ):
            with self.subTest(values), self.assertRaises(ValidationError):
                self._create_campaign(**values)

    def test_other_company(self):
        other = self.env["res.company"].create({"name": "Other"})
        theirs = self._create_coupon_program(company_id=other.id)
        with self.assertRaises(UserError):
            self._create_campaign(program_id=theirs.id)
        campaign = self._create_campaign()
        stranger = self._create_user(
            "stranger", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        stranger.write(
            {"company_ids": [Command.set(other.ids)], "company_id": other.id}
        )
        with self.assertRaises(AccessError):
            campaign.with_user(stranger).action_launch()
        self.assertFalse(
            self.env["loyalty.campaign"].with_user(stranger).search([]) & campaign
        )

    def test_customers_of_other_companies_stay_out(self):
        other = self.env["res.company"].create({"name": "Other"})
        self.customers[:10].company_id = other
        self.customers[10:15].company_id = self.company
        campaign = self._create_campaign()
        self.assertEqual(campaign.audience_count, 90)
        campaign.action_launch()
        self.assertEqual(campaign.member_ids.partner_id, self.customers[10:])

    def test_excluded_former_and_archived_stay_out(self):
        members = self.segment.member_ids
        members[0].is_excluded = True
        members[1].date_to = "2026-02-01"
        members[2].partner_id.active = False
        campaign = self._create_campaign()
        campaign.action_launch()
        out = members[:3].partner_id
        self.assertEqual(campaign.member_count, 97)
        self.assertFalse(campaign.member_ids.partner_id & out)

    def test_rule_is_applied_at_launch(self):
        segment = self.env["loyalty.segment"].create(
            {"name": "Rule", "domain": "[('name', '=like', 'Customer 1%')]"}
        )
        campaign = self._create_campaign(segment_id=segment.id)
        campaign.with_user(self.marketing).action_refresh_audience()
        campaign.invalidate_recordset()
        found = self.customers.filtered(lambda c: c.name.startswith("Customer 1"))
        self.assertEqual(campaign.audience_count, len(found))
        found[0].name = "Somebody else"
        campaign.with_user(self.marketing).action_launch()
        self.assertEqual(campaign.member_ids.partner_id, found[1:])

    def test_refused_without_rule(self):
        segment = self.env["loyalty.segment"].create({"name": "Everybody"})
        self._assert_refused(self._create_campaign(segment_id=segment.id), "no rule")

    def test_budget_draws_at_random(self):
        campaign = self._create_campaign(budget_coupons=30)
        self.assertEqual(campaign.preview_treated, 30)
        campaign.action_launch()
        self.assertEqual(campaign.treated_count, 30)
        # The control group shrinks with the treated one.
        self.assertLess(campaign.control_count, 20)
        drawn = campaign.member_ids.partner_id
        self.assertNotEqual(drawn, self.customers[: len(drawn)])

    def test_control_share(self):
        customers = self._create_customers(1000)
        segment = self._create_segment(customers)
        for percent in (10, 50):
            campaign = self._create_campaign(
                segment_id=segment.id, control_percent=percent, seed=f"fixed{percent}"
            )
            share = percent / 100
            tolerance = 4 * (1000 * share * (1 - share)) ** 0.5
            self.assertAlmostEqual(
                campaign.preview_control, 1000 * share, delta=tolerance
            )

    def test_control_group_is_the_documented_hash(self):
        campaign = self._create_campaign(seed="documented")
        campaign.action_launch()
        for member in campaign.member_ids:
            text = f"arm/documented/{member.partner_id.id}/"
            score = int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)
            expected = "control" if score < 0.2 * 2**32 else "treated"
            self.assertEqual(member.arm, expected)

    def test_assignment_does_not_depend_on_order_or_others(self):
        first = self._create_campaign(seed="same")
        first.action_launch()
        groups = {member.partner_id: member.arm for member in first.member_ids}
        part = self.env["res.partner"].browse(reversed(self.customers.ids[20:70]))
        segment = self._create_segment(part)
        second = self._create_campaign(segment_id=segment.id, seed="same")
        second.action_launch()
        self.assertEqual(len(second.member_ids), 50)
        for member in second.member_ids:
            self.assertEqual(member.arm, groups[member.partner_id])

    def test_assignment_is_stable_when_repeated(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        before = [(m.id, m.partner_id, m.arm, m.state) for m in campaign.member_ids]
        self.assertEqual(
            campaign._assign_members(),
            (campaign.treated_count, campaign.control_count),
        )
        after = [(m.id, m.partner_id, m.arm, m.state) for m in campaign.member_ids]
        self.assertEqual(before, after)

    def test_seeds_draw_different_groups(self):
        groups = []
        for _number in range(2):
            campaign = self._create_campaign()
            campaign.action_launch()
            groups.append(self._control(campaign).partner_id)
        self.assertNotEqual(*groups)

    def test_contacts_of_one_customer_share_a_group(self):
        firm = self._create_customers(1, is_company=True)
        contacts = self._create_customers(30, parent_id=firm.id)
        segment = self._create_segment(contacts + firm)
        campaign = self._create_campaign(segment_id=segment.id, control_percent=50)
        treated, control = campaign._group_sizes()
        self.assertEqual({treated, control}, {0, 31})

    @mute_logger("odoo.sql_db")
    def test_customer_and_occasion_are_unique(self):
        campaign = self._create_campaign()
        campaign.action_launch()
        member = campaign.member_ids[:1]
        with self.assertRaises(Exception) as caught, self.env.cr.savepoint():
            self.env["loyalty.campaign.member"].sudo().create(
                {
                    "campaign_id": campaign.id,
                    "company_id": self.company.id,
                    "partner_id": member.partner_id.id,
                    "occasion": "",
                    "arm": "treated",
                    "assigned_at": fields.Datetime.now(),
                }
            )
        self.assertIn("occasion_unique", str(caught.exception))

    def test_preview_of_cost(self):
        reward = self.program.reward_ids
        campaign = self._create_campaign(
            control_percent=0, no_control_reason="Test", points=2
        )
        self.assertTrue(campaign.cost_is_open)
        self.assertEqual(campaign.redemption_percent, 10)
        reward.discount_max_amount = 5
        campaign.invalidate_recordset()
        self.assertFalse(campaign.cost_is_open)
        self.assertEqual(campaign.cost_max, 100 * 2 * 5)
        reward.write({"discount_mode": "per_order", "discount": 3})
        campaign.invalidate_recordset()
        self.assertEqual(campaign.cost_max, 100 * 2 * 3)
        self.assertEqual(campaign.cost_expected, 100 * 2 * 3 * 0.1)
        reward.write({"reward_type": "product", "reward_product_id": self.gift.id})
        campaign.invalidate_recordset()
        self.assertEqual(campaign.cost_max, 100 * 2 * 8)

    def test_preview_learns_from_earlier_campaigns(self):
        self.program.reward_ids.write({"discount_mode": "per_order", "discount": 4})
        earlier = self._create_campaign(
            control_percent=0, no_control_reason="Test", points=2
        )
        earlier.action_launch()
        self._run(earlier)
        card = earlier.member_ids[0].card_id
        order = self._create_order(card.partner_id)
        self._apply_code(order, card.code)
        order.action_confirm()
        campaign = self._create_campaign()
        self.assertEqual(campaign.redemption_percent, 10)
        earlier.launched_at -= timedelta(days=31)
        campaign.invalidate_recordset()
        self.assertEqual(campaign.redemption_percent, 1)
        self.assertAlmostEqual(
            campaign.cost_expected, campaign.preview_treated * 4 / 100
        )

    def test_preview_uses_the_audience_basket(self):
        self.env["loyalty.customer.metric"].create(
            [
                {
                    "partner_id": customer.id,
                    "company_id": self.company.id,
                    "amount": 300,
                    "purchase_count": 3,
                }
                for customer in self.customers[:5]
            ]
        )
        campaign = self._create_campaign(control_percent=0, no_control_reason="Test")
        # 100 customers x 10 % redemption x 10 % off a basket of 100.
        self.assertAlmostEqual(campaign.cost_expected, 100)
