from datetime import date, timedelta

from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import freeze_time, tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestPointPending(LoyaltyCrmCommon):
    """Points that wait are on the card, but nobody spends them."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.program = cls._create_points_program(per_unit=90, required=50)
        cls.program.pending_days = 14
        cls.card = cls._create_card(cls.program, cls.partner, 0)

    def _earn(self, points=90, days_ago=0):
        today = self.company._loyalty_today()
        with freeze_time(f"{today - timedelta(days=days_ago)} 04:00:00"):
            self.card._post_move("earn", points)

    def _rewards(self, order):
        order._update_programs_and_rewards()
        return order._get_claimable_rewards().get(self.card)

    def test_points_wait_until_the_first_day(self):
        with freeze_time("2026-01-31 16:30:00"):
            self.card._post_move("earn", 90)
            self.assertEqual(self.card.move_ids.available_date, date(2026, 2, 15))
            self.assertEqual(self.card.points, 90)
            self.assertEqual(self.card.pending_points, 90)
            self.assertEqual(self.card.available_points, 0)
        for at, available in (
            ("2026-02-14 15:59:59", 0),
            ("2026-02-14 16:00:00", 90),
        ):
            with freeze_time(at):
                self.env.invalidate_all()
                self.assertEqual(self.card.available_points, available)

    def test_given_points_do_not_wait(self):
        self.card._post_move("issue", 60)
        self.assertEqual(self.card.available_points, 60)

    def test_pending_points_give_no_reward(self):
        self._earn()
        order = self._create_order()
        self.assertFalse(self._rewards(order))
        self._earn(60, days_ago=14)
        self.assertTrue(self._rewards(order))

    def test_an_order_does_not_spend_what_it_earns(self):
        order = self._create_order()
        order._update_programs_and_rewards()
        self.assertEqual(order.coupon_point_ids.points, 90)
        self.assertFalse(order._get_claimable_rewards())
        order.action_confirm()
        self.assertEqual(self.card.points, 90)
        self.assertEqual(self.card.pending_points, 90)

    def test_spends_leave_pending_awards_alone(self):
        self._earn()
        self._earn(60, days_ago=20)
        self.card._post_move("spend", -50)
        remaining = self.card.move_ids.sorted("id").mapped("remaining")
        self.assertEqual(remaining, [90, 10, 0])

    def test_a_cancelled_order_takes_its_own_pending_points(self):
        self._earn(60, days_ago=20)
        order = self._create_order()
        order._update_programs_and_rewards()
        order.action_confirm()
        order._action_cancel()
        self.assertEqual(self.card.points, 60)
        self.assertEqual(self.card.available_points, 60)

    def test_holds_do_not_reach_pending_points(self):
        self._earn()
        self._earn(60, days_ago=20)
        self.enterContext(self.enter_registry_test_mode())
        self.env.flush_all()
        self.assertFalse(self.card._hold(61, "till 1", 60))
        self.assertTrue(self.card._hold(60, "till 1", 60))
        self.assertFalse(self.card._hold(1, "till 2", 60))

    def test_two_orders_do_not_share_available_points(self):
        self._earn()
        self._earn(60, days_ago=20)
        orders = self.env["sale.order"]
        for _count in range(2):
            order = self._create_order()
            order._update_programs_and_rewards()
            order._apply_program_reward(self.program.reward_ids, self.card)
            self.assertTrue(order.order_line.coupon_id)
            orders |= order
        with self.assertRaisesRegex(ValidationError, "can be spent from"):
            orders.action_confirm()

    def test_gate_says_from_when(self):
        self.program.write({"strict": True, "trigger": "with_code"})
        self.program.rule_ids = [Command.clear(), Command.create({"mode": "auto"})]
        self._earn()
        blockers = self.program._redemption_blockers(self.card, self.partner, "sale")
        self.assertEqual([code for code, _message in blockers], ["pending"])

    def test_lapsed_points_are_not_spent_before_the_nightly_run(self):
        self.program.write({"pending_days": 0, "expire_after": 5})
        self._earn(60, days_ago=6)
        self.assertEqual(self.card.points, 60)
        self.assertEqual(self.card.available_points, 0)
        self.program.rule_ids.reward_point_amount = 1
        self.assertFalse(self._rewards(self._create_order()))
        self.env["loyalty.point.hold"].create(
            {
                "card_id": self.card.id,
                "points": 50,
                "holder": "sale.order,0",
                "expires_at": "2099-01-01 00:00:00",
            }
        )
        self.assertEqual(self.card._blocked_for("sale.order,0"), 0)
        self.assertEqual(self.card._blocked_for("sale.order,1"), 60)

    def test_an_order_that_earns_enough_spends_beside_lapsed_points(self):
        self.program.write({"pending_days": 0, "expire_after": 5, "strict": True})
        self._earn(60, days_ago=6)
        for earned, allowed in ((90, True), (1, False)):
            with self.subTest(earned=earned):
                self.program.rule_ids.reward_point_amount = earned
                order = self._create_order()
                rewards = self._rewards(order)
                self.assertEqual(bool(rewards), allowed)
                blockers = self.program._redemption_blockers(
                    self.card, self.partner, "sale", document=order
                )
                self.assertEqual(
                    [code for code, _message in blockers],
                    [] if allowed else ["lapsed"],
                )
