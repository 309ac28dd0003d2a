from datetime import timedelta

from odoo.tests import tagged

from .campaign_common import CampaignCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCampaignPoints(CampaignCommon):
    """Campaigns that give points into wallets, also into those below zero."""

    def test_points_into_wallets(self):
        points = self._create_points_program(expire_after=30)
        wallet = self._create_card(points, self.customers[0], points=12.5)
        debt = self._create_card(points, self.customers[1], points=0)
        debt._post_move("adjust", -30)
        campaign = self._create_campaign(
            program_id=points.id,
            points=20,
            control_percent=0,
            no_control_reason="Test",
        )
        campaign.action_launch()
        self._run(campaign, 7)
        self.assertEqual(campaign.state, "done")
        members = campaign.member_ids
        self.assertEqual(len(points.coupon_ids), 100)
        self.assertEqual(members.card_id.partner_id, self.customers)
        self.assertEqual(wallet.points, 32.5)
        self.assertEqual(debt.points, -10)
        fresh = members.card_id - wallet - debt
        self.assertEqual(set(fresh.mapped("points")), {20})
        self.assertTrue(all(fresh.mapped("issued_at")))
        self.assertFalse(any(members.card_id.mapped("campaign_id")))
        last_day = self.company._loyalty_today() + timedelta(days=30)
        for card, left in ((wallet, 20), (debt, 0), (fresh[0], 20)):
            move = card.move_ids.sorted("id")[-1:]
            self.assertEqual(move.kind, "issue")
            self.assertEqual(move.points, 20)
            self.assertEqual(move.balance_after, card.points)
            self.assertEqual(move.remaining, left)
            self.assertEqual(move.expiration_date, last_day)
            self.assertEqual(card.history_ids[:1].issued, 20)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_wallet_campaigns_of_one_program_run_in_turn(self):
        points = self._create_points_program()
        values = {"program_id": points.id, "points": 5, "seed": "same"}
        first = self._create_campaign(**values)
        second = self._create_campaign(**values)
        (first + second).action_launch()
        left = second._run_batch(10)
        self.assertEqual(left, second.treated_count)
        self._run(first)
        self._run(second)
        self.assertEqual(set(points.coupon_ids.mapped("points")), {10})
        self.assertEqual(len(points.coupon_ids), first.treated_count)
