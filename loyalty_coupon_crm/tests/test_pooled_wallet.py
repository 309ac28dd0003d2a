from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestPooledWallet(LoyaltyCrmCommon):
    """A household shares one wallet: its members earn to it and spend from it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        cls.card = cls._create_card(cls.program, cls.partner, 100)
        cls.member = cls.env["loyalty.card.member"].create(
            {"card_id": cls.card.id, "partner_id": cls.other_partner.id}
        )
        cls.salesman = cls._create_user("pool_sales", "sales_team.group_sale_salesman")

    def _order(self, partner=None, user=None):
        order = self._create_order(
            partner or self.other_partner, user_id=(user or self.env.user).id
        ).with_user(user or self.env.user)
        order._update_programs_and_rewards()
        return order

    def _apply(self, order):
        rewards = order._get_claimable_rewards().get(self.card.with_env(order.env))
        if rewards:
            order._apply_program_reward(rewards, self.card.with_env(order.env))
            order._update_programs_and_rewards()
        return rewards

    def _assert_wallet(self, points):
        self.env.invalidate_all()
        self.assertEqual(self.card.points, points)
        self.assertEqual(self.card.partner_id, self.partner)
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def test_a_member_earns_to_the_wallet(self):
        order = self._order(user=self.salesman)
        order.action_confirm()
        self._assert_wallet(190)
        self.assertEqual(self.program.coupon_ids, self.card)
        move = self.card.move_ids[:1]
        self.assertEqual((move.kind, move.order_id), ("earn", order.id))
        self.assertEqual(move.partner_id, self.partner)

    def test_a_member_spends_from_the_wallet(self):
        order = self._order(user=self.salesman)
        self.assertTrue(self._apply(order))
        order._update_programs_and_rewards()
        self.assertTrue(order.order_line.filtered("reward_id"))
        order.action_confirm()
        self._assert_wallet(140)
        use = self.card.redemption_ids
        self.assertEqual(use.used_by_id, self.other_partner)
        self.assertEqual(use.partner_id, self.partner)
        order._action_cancel()
        self._assert_wallet(100)

    def test_the_owner_too(self):
        order = self._order(self.partner)
        self.assertTrue(self._apply(order))
        order.action_confirm()
        self._assert_wallet(140)

    def test_a_stranger_does_not(self):
        stranger = self.env["res.partner"].create({"name": "Stranger"})
        order = self._order(stranger)
        self.assertFalse(self._apply(order))
        blockers = self.program._redemption_blockers(self.card, stranger, "sale")
        self.assertIn("no_member", [code for code, _message in blockers])
        order.action_confirm()
        self._assert_wallet(100)

    def test_who_leaves_has_a_wallet_of_ones_own(self):
        self.member.active = False
        order = self._order()
        self.assertNotIn(self.card, order.coupon_point_ids.coupon_id)
        order.action_confirm()
        self._assert_wallet(100)
        self.assertEqual(len(self.program.coupon_ids), 2)

    def test_the_limit(self):
        self.member.write({"spend_limit": 60, "limit_period": "month"})
        order = self._order()
        self.assertTrue(self._apply(order))
        order.action_confirm()
        self._assert_wallet(140)
        self.assertEqual(self.member.spent_points, 50)
        second = self._order()
        self.assertFalse(self._apply(second))
        owner = self._order(self.partner)
        self.assertTrue(self._apply(owner))
        order._action_cancel()
        self.env.invalidate_all()
        self.assertEqual(self.member.spent_points, 0)

    def test_the_gate_says_the_limit(self):
        order = self._order()
        self._apply(order)
        self.member.spend_limit = 20
        blockers = dict(
            self.program._redemption_blockers(
                self.card, self.other_partner, "sale", document=order
            )
        )
        self.assertIn("20.0 points", blockers["member_limit"])
        with self.assertRaisesRegex(ValidationError, "20.0"):
            order._loyalty_check_cards()
        self._assert_wallet(100)

    def test_limits_without_strict_rules(self):
        self.program.strict = False
        order = self._order()
        self._apply(order)
        self.member.spend_limit = 20
        with self.assertRaisesRegex(ValidationError, "20.0"):
            order._loyalty_check_cards()

    def test_periods(self):
        now = fields.Datetime.now()
        for days in (0, 40):
            self.env["loyalty.redemption"].create(
                {
                    "card_id": self.card.id,
                    "program_id": self.program.id,
                    "used_by_id": self.other_partner.id,
                    "channel": "pos",
                    "points": 10,
                    "date": now - timedelta(days=days),
                }
            )
        self.member.spend_limit = 15
        for period, left in (("day", 5), ("month", 5), ("total", 0)):
            self.member.limit_period = period
            self.assertEqual(self.member._left(), left)

    def test_another_customer_on_the_order(self):
        order = self._order()
        self._apply(order)
        order.partner_id = self.env["res.partner"].create({"name": "Stranger"})
        order._update_programs_and_rewards()
        self.assertFalse(order.order_line.filtered("reward_id"))
        self.assertNotIn(self.card, order.applied_coupon_ids)

    def test_who_cannot_be_a_member(self):
        company = self.env["res.company"].create({"name": "Elsewhere"})
        stranger = self.env["res.partner"].create(
            {"name": "Stranger", "company_id": company.id}
        )
        third = self.env["res.partner"].create({"name": "Zhao Min"})
        other = self._create_card(self.program, third, 1)
        self.program.company_id = self.company
        coupon = self._create_card(self._create_coupon_program(), self.partner)
        cases = [
            (self.card, self.partner),
            (self.card, stranger),
            (other, self.other_partner),
            (coupon, third),
        ]
        for card, partner in cases:
            with self.subTest(card=card, partner=partner.name):
                with self.assertRaises(ValidationError):
                    self.env["loyalty.card.member"].create(
                        {"card_id": card.id, "partner_id": partner.id}
                    )
        for limit in (-1, float("nan"), float("inf")):
            with self.assertRaises(ValidationError):
                self.member.spend_limit = limit

    def test_managers_alone_change_members(self):
        with self.assertRaises(AccessError):
            self.member.with_user(self.salesman).spend_limit = 5
        self.member.with_user(self.salesman).read(["spend_limit", "spent_points"])
        manager = self._create_user(
            "pool_manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        self.member.with_user(manager).spend_limit = 5
        self.program.company_id = self.company
        company = self.env["res.company"].create({"name": "Elsewhere"})
        manager.write(
            {"company_ids": [Command.set(company.ids)], "company_id": company.id}
        )
        with self.assertRaises(AccessError):
            self.member.with_user(manager).read(["spend_limit"])

    def test_merged_customers(self):
        third = self.env["res.partner"].create({"name": "Zhao Min"})
        double = self.member.create(
            {"card_id": self.card.id, "partner_id": third.id, "spend_limit": 5}
        )
        wizard = self.env["base.partner.merge.automatic.wizard"]
        wizard._merge((self.other_partner | third).ids, third, extra_checks=False)
        self.env.invalidate_all()
        self.assertTrue(self.member.active)
        self.assertEqual(self.member.partner_id, third)
        self.assertFalse(double.active)
