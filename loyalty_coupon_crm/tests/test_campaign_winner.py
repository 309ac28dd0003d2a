from odoo.exceptions import UserError
from odoo.fields import Command
from odoo.tests import tagged

from ..tools import campaign_statistics as figures
from .campaign_result_common import CampaignResultCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignWinner(CampaignResultCommon):
    """Arms are compared with each other; the one that is known to win is rolled out."""

    def test_not_conclusive_and_no_winner(self):
        campaign = self._launch()
        self._buy(self._treated(campaign)[0], 1)
        row = self._result(campaign)
        self.assertFalse(row.is_conclusive)
        self.assertEqual(row.verdict, "Not conclusive yet.")
        with self.assertRaisesRegex(UserError, "Not conclusive"):
            campaign.with_user(self.marketing).action_roll_out()

    def test_winner_is_rolled_out(self):
        better = self._create_coupon_program(percent=30)
        campaign = self._launch(
            control_percent=20.0,
            variant_ids=[
                Command.create({"name": "10 %", "share": 1}),
                Command.create({"name": "30 %", "share": 1, "program_id": better.id}),
            ],
        )
        good = campaign.variant_ids[1]
        treated = self._treated(campaign)
        best = treated.filtered(lambda member: member.variant_id == good)
        # Nobody is sure of shares of exactly nothing and everything.
        for member in best[1:] + (treated - best)[0] + self._control(campaign)[0]:
            self._buy(member, 3)
        row = self._result(campaign, good)
        self.assertTrue(row.is_conclusive)
        self.assertEqual(row.verdict, "More customers bought: it worked.")
        action = campaign.with_user(self.marketing).action_roll_out()
        draft = campaign.browse(action["res_id"])
        self.assertEqual((draft.program_id, draft.state), (better, "draft"))
        self.assertFalse(draft.variant_ids)

    def test_no_winner_while_windows_are_open(self):
        campaign = self._launch(days_ago=10)
        for member in self._treated(campaign)[1:]:
            self._buy(member, 1)
        row = self._result(campaign)
        self.assertTrue(row.is_conclusive)
        self.assertEqual(row.open_count, 100)
        with self.assertRaises(UserError):
            campaign.action_roll_out()

    def test_split_that_looks_wrong(self):
        campaign = self._launch()
        members = campaign.member_ids.sudo()
        members.write({"arm": "treated"})
        members[:10].write({"arm": "control"})
        row = self._result(campaign)
        self.assertTrue(row.ratio_warning)
        self.assertIn("do not trust", row.verdict)

    def test_arms_are_no_further_customers(self):
        arms = [Command.create({"name": name, "share": 1}) for name in "AB"]
        campaign = self._launch(variant_ids=arms, message_cost=1.0)
        for member in self._treated(campaign)[::2]:
            self._buy(member, 3, margin=50.0)
            member.sudo().message_state = "sent"
        row = self._result(campaign)
        rows = campaign.result_ids
        self.assertEqual(len(rows), 3)
        domain = [("campaign_id", "=", campaign.id)]
        reader = rows.with_user(self.marketing)
        sums = ["treated_count:sum", "profit:sum", "channel_cost:sum"]
        wanted = (row.treated_count, row.profit, row.channel_cost)
        [[_campaign, *found]] = reader._read_group(domain, ["campaign_id"], sums)
        self.assertEqual(tuple(found), wanted)
        by_arm = reader._read_group(domain, ["variant_id"], sums)
        for arm, *found in by_arm:
            line = rows.filtered(lambda one, arm=arm: one.variant_id == arm)
            self.assertEqual(
                tuple(found), (line.treated_count, line.profit, line.channel_cost)
            )
        self.assertEqual(len(by_arm), 3)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "loyalty_coupon_crm.loyalty_campaign_result_action"
        )
        self.assertIn("search_default_overall", action["context"])
        for view in ("pivot", "graph"):
            self.assertIn(view, action["view_mode"])

    def test_arms_issue_their_own_offers(self):
        points = self._create_points_program()
        better = self._create_coupon_program(percent=30)
        campaign = self._launch(
            control_percent=0,
            no_control_reason="A test",
            variant_ids=[
                Command.create({"name": "A", "share": 1}),
                Command.create({"name": "B", "share": 2, "program_id": better.id}),
                Command.create(
                    {"name": "C", "share": 1, "program_id": points.id, "points": 50}
                ),
                Command.create({"name": "None", "share": 0}),
            ],
        )
        first, second, third, none = campaign.variant_ids
        for variant, program, value in (
            (first, self.program, 1),
            (second, better, 1),
            (third, points, 50),
        ):
            cards = campaign.member_ids.filtered(
                lambda member, arm=variant: member.variant_id == arm
            ).card_id
            self.assertEqual(cards.program_id, program)
            self.assertEqual(set(cards.mapped("points")), {value})
        sizes = [
            len(campaign.member_ids.filtered(lambda m, arm=arm: m.variant_id == arm))
            for arm in campaign.variant_ids
        ]
        self.assertEqual(sizes[3], 0)
        self.assertGreater(figures.sample_ratio_p(sizes[:3], [1, 2, 1]), 1e-6)
        with self.assertRaises(UserError):
            first.with_user(self.marketing).share = 5
