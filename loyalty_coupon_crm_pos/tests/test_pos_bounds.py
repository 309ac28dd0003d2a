from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosBounds(LoyaltyCrmPosCommon):
    """The server believes no till that spends more of a wallet than it may."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_points_program(strict=True)
        cls.card = cls._create_card(cls.program, cls.partner, points=100)

    def _member(self, limit):
        return (
            self.env["loyalty.card.member"]
            .sudo()
            .create(
                {
                    "card_id": self.card.id,
                    "partner_id": self.other_partner.id,
                    "spend_limit": limit,
                    "limit_period": "day",
                }
            )
        )

    def _spend(self, points, partner=None):
        line = self._reward_line(self.card, 10, cost=points)
        return self._pay_order(partner=partner or self.partner, rewards=[line])

    def _validate(self, net):
        orders = self.env["pos.order"].with_user(self.cashier)
        return orders.validate_coupon_programs({str(self.card.id): net}, [])

    def test_a_member_stays_within_the_limit(self):
        """A till that was offline has sold already: the owner keeps what is more."""
        self._member(60)
        order = self._spend(60, self.other_partner)
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(self._lost(order), [])
        order = self._spend(50, self.other_partner)
        self.assertRegex(order.loyalty_flag, "may spend 60.* 0.0 are left")
        self.assertEqual((order.state, self._lost(order)), ("paid", [50]))
        self.assertEqual(self.card.points, 100 + 90 - 60 + 90)
        self.assertLedger(self.card)

    def _lost(self, order):
        """Return the points that the shop bears of an order."""
        rows = self._moves(self.card, order)
        return [points for kind, points in rows if kind == "loss"]

    def test_earlier_uses_of_the_day_count(self):
        self._member(110)
        order = self._spend(50, self.other_partner)
        data = self._coupon_data(self.card, 40, partner_id=order.partner_id.id)
        order.with_user(self.cashier).confirm_coupon_programs(data)
        self.assertEqual(self._lost(self._spend(55, self.other_partner)), [])
        order = self._spend(60, self.other_partner)
        self.assertIn("5.0 are left", order.loyalty_flag)
        self.assertEqual(self._lost(order), [55])

    def test_the_owner_has_no_limit(self):
        self._member(60)
        self.assertEqual(self._spend(100).state, "paid")

    def test_pending_points_are_not_spent(self):
        self.program.pending_days = 14
        tomorrow = fields.Date.add(fields.Date.today(), days=1)
        self.card._post_move("issue", 50, available_date=tomorrow)
        self.assertEqual(self.card.available_points, 100)
        self.assertTrue(self._validate(-100)["successful"])
        answer = self._validate(-101)
        self.assertFalse(answer["successful"])
        self.assertIn("pending", answer["payload"]["message"])
        order = self._spend(120)
        self.assertIn("pending", order.loyalty_flag)
        self.assertEqual((order.state, self._lost(order)), ("paid", [20]))
        # What waits is still the customer's: 50 of before, 90 of this order.
        self.assertEqual((self.card.points, self.card.available_points), (140, 0))
        self.assertLedger(self.card)

    def test_points_that_lapsed_while_an_order_held_them(self):
        self.enterContext(self.enter_registry_test_mode())
        self.program.write({"pending_days": 1, "expire_after": 5})
        with freeze_time(fields.Datetime.now() - timedelta(days=5)):
            self.card._post_move("issue", 70)
        uuid = "44444444-0000-4000-8000-000000000001"
        self.env.flush_all()
        till = self.config.with_user(self.cashier)
        wanted = {str(self.card.id): 170}
        self.assertEqual(till.hold_cards(uuid, wanted, self.partner.id), {})
        with freeze_time(fields.Datetime.now() + timedelta(days=1)):
            # Midnight has passed while the order was at the till.
            self.env["loyalty.point.hold"].sudo().search([]).expires_at = (
                fields.Datetime.now() + timedelta(minutes=5)
            )
            self.env.invalidate_all()
            self.assertEqual(self.card.blocked_points, 70)
            self.assertTrue(self._validate(-170)["successful"])
            line = self._reward_line(self.card, 10, cost=170)
            order = self._pay_order(rewards=[line], uuid=uuid)
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(self._lost(order), [])
        self.assertEqual(self.card.points, 90)

    def test_a_wallet_pays_no_top_up(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        wallet = self._create_card(program, self.partner, points=500)
        line = self._reward_line(wallet, 100, cost=100)
        with self.assertRaisesRegex(UserError, "Top-up"):
            self._pay_order(product=top_up, rewards=[line])
        goods = {"product_id": self.product.id, "qty": 1}
        order = self._pay_order(product=top_up, rewards=[goods, line])
        self.assertEqual((order.state, order.amount_total), ("paid", 100))
        line["price_unit"] = -101
        with self.assertRaisesRegex(UserError, "Top-up"):
            self._pay_order(product=top_up, rewards=[goods, line])

    def test_an_order_that_is_sent_as_paid_is_checked(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        wallet = self._create_card(program, self.partner, points=500)
        lines = [self._till_line(top_up), self._till_reward(wallet, 100, cost=100)]
        with self.assertRaisesRegex(UserError, "Top-up"):
            self._sync(lines, self.cashier)
        draft = self._sync(lines, self.cashier, state="draft", payment_ids=[])
        with self.assertRaisesRegex(UserError, "Top-up"):
            self._sync([], self.cashier, state="done", uuid=draft.uuid)
        coupon = self._create_card(self._create_coupon_program(strict=True))
        coupon.sudo().write({"voided_at": "2026-01-01", "void_reason": "Lost"})
        order = self._sync(
            [self._till_line(self.product), self._till_reward(coupon, 10)], self.cashier
        )
        self.assertIn("voided", order.sudo().loyalty_flag)

    def test_a_discount_opens_no_gap(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        wallet = self._create_card(program, self.partner, points=500)
        coupon = self._create_card(self._create_coupon_program(), self.partner)
        off = self._reward_line(coupon, 10, code="coupon")
        line = self._reward_line(wallet, 90, cost=90)
        with self.assertRaisesRegex(UserError, "Top-up"):
            self._pay_order(product=top_up, rewards=[off, line])

    def test_a_gift_card_pays_no_gift_card(self):
        voucher = self._create_product("Voucher", 50.0, 0.0, available_in_pos=True)
        program = self._payment_program("gift_card", voucher)
        # The till of Odoo's tests prints gift cards.
        program.pos_report_print_id = self.env.ref("loyalty.report_gift_card")
        card = self._create_card(program, points=500)
        line = self._reward_line(card, 50, cost=50)
        with self.assertRaisesRegex(UserError, "Voucher"):
            self._pay_order(product=voucher, rewards=[line])

    def test_programs_that_are_not_strict_keep_odoos_way(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        program.strict = False
        wallet = self._create_card(program, self.partner, points=500)
        line = self._reward_line(wallet, 100, cost=100)
        order = self._pay_order(product=top_up, rewards=[line])
        self.assertEqual(order.amount_total, 0)
