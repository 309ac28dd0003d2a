from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install")
class TestGatePayment(LoyaltyCrmCommon):
    """The gate is asked before money changes hands; whoever paid is not sent away."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, name="Members")
        cls.card = cls._create_card(cls.program, cls.partner)
        cls.segment = cls.env["loyalty.segment"].create(
            {"name": "Gold", "kind": "static"}
        )
        cls.public = cls.env.ref("base.public_user")

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.order = self._create_order()
        self._apply_code(self.order, self.card.code)
        self.env.flush_all()

    def _pay(self, order=None, amount=None, state="done", user=None, **values):
        """Return a payment of the order as the website makes it."""
        order = order or self.order
        provider = self.env["payment.provider"].search([], limit=1)
        method = provider.with_context(active_test=False).payment_method_ids[:1]
        payments = self.env["payment.transaction"].with_user(user or self.env.user)
        payment = payments.sudo().create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "amount": order.amount_total if amount is None else amount,
                "currency_id": order.currency_id.id,
                "partner_id": order.partner_id.id,
                "sale_order_ids": [Command.set(order.ids)],
                **values,
            }
        )
        payment.state = state
        order.invalidate_recordset(["amount_paid"])
        return payment

    def test_refused_before_the_payment(self):
        self.program.segment_ids = self.segment
        with self.assertRaisesRegex(ValidationError, "segment Gold"):
            self._pay()
        with self.assertRaises(ValidationError) as caught:
            self._pay(user=self.public)
        message = str(caught.exception)
        self.assertNotIn("Gold", message)
        self.assertIn("This offer cannot be used on this order.", message)

    def test_paid_order_is_confirmed_and_says_what_did_not_go(self):
        self._pay(state="pending")
        self.program.segment_ids = self.segment
        self.order.transaction_ids.state = "done"
        self.order.invalidate_recordset(["amount_paid"])
        self.order.action_confirm()
        self.assertEqual(self.order.state, "sale")
        self.assertEqual(self.order.amount_untaxed, 90)
        self.assertEqual(self.card.points, 0)
        self.assertIn("segment Gold", self.order.message_ids[:1].body)

    def test_promotion_of_a_paid_order_stays(self):
        promotion = self._create_coupon_program(
            5,
            name="Promotion",
            strict=True,
            program_type="promotion",
            trigger="auto",
            rule_ids=[Command.create({})],
        )
        order = self._create_order()
        order._update_programs_and_rewards()
        [(card, rewards)] = order._get_claimable_rewards().items()
        order._apply_program_reward(rewards, card)
        self.env.flush_all()
        self._pay(order)
        promotion.segment_ids = self.segment
        order._update_programs_and_rewards()
        self.assertEqual(order.amount_untaxed, 95)
        order.action_confirm()
        self.assertEqual((order.state, order.amount_untaxed), ("sale", 95))

    def test_void_is_refused_even_when_paid(self):
        self._pay()
        self.card.write({"voided_at": "2026-01-01", "void_reason": "stolen"})
        with self.assertRaisesRegex(ValidationError, "stolen"):
            self.order.action_confirm()

    def test_a_deposit_is_no_payment(self):
        self._pay(amount=10)
        self.assertFalse(self.order._loyalty_is_paid())
        self.assertFalse(self.order._loyalty_use_moment())
        self._pay(amount=80)
        self.assertTrue(self.order._loyalty_is_paid())

    def test_a_refund_is_no_payment_and_starts_none(self):
        payment = self._pay()
        moment = self.order._loyalty_use_moment()
        self.assertEqual(moment, payment.create_date)
        self.order.transaction_ids = False
        self.program.segment_ids = self.segment
        self._pay(operation="refund", amount=-90)
        self.assertFalse(self.order._loyalty_is_paid())

    def test_what_stands_alone_is_not_joined(self):
        self.program.stacking_policy = "alone"
        lax = self._create_coupon_program(5, name="Lax")
        lax.reward_ids.discount_applicability = "cheapest"
        code = self._create_card(lax).code
        found = self.order._try_apply_code(code)
        self.assertFalse(found, "no reward is offered")
        card = self.env["loyalty.card"].search([("code", "=", code)])
        answer = self.order._apply_program_reward(lax.reward_ids, card)
        self.assertIn("cannot be combined", answer["error"])
        self.assertEqual(self.order.order_line.coupon_id, self.card)
        self.env.flush_all()
        self.assertTrue(self._pay(), "and it is paid")

    def test_public_reads_no_names_at_confirmation(self):
        self.program.transferable = False
        self.order.partner_id = self.other_partner
        order = self.order.with_user(self.public).sudo()
        with self.assertRaises(ValidationError) as caught:
            order.action_confirm()
        self.assertNotIn("Li Wei", str(caught.exception))
        self.assertNotIn("Wang Fang", str(caught.exception))
        with self.assertRaisesRegex(ValidationError, "Li Wei"):
            self.order.action_confirm()

    def test_public_reads_no_names_of_a_limit(self):
        self.program.per_customer_limit = 1
        second = self._create_order()
        self._apply_code(second, self._create_card(self.program).code)
        with self.assertRaises(ValidationError) as caught:
            (self.order + second).with_user(self.public).sudo().action_confirm()
        self.assertNotIn("Li Wei", str(caught.exception))
