from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosPaid(LoyaltyCrmPosCommon):
    """Orders that somebody wrote to be paid, but no till, are booked all the same."""

    def _marked(self, *rewards):
        """Return an order that a cashier marked as paid by writing its state."""
        lines = [self._till_line(self.product), *rewards]
        order = self._sync(lines, self.cashier, state="draft", payment_ids=[])
        total = order.amount_total
        payment = {
            "pos_order_id": order.id,
            "amount": total,
            "payment_method_id": self.bank_payment_method.id,
        }
        order.env["pos.payment"].create(payment)
        order.write({"state": "paid", "amount_paid": total})
        return order.with_user(self.env.user)

    def _close(self):
        session = self.config.current_session_id
        session.action_pos_session_closing_control()
        self.assertEqual(session.state, "closed")

    def test_what_was_skipped_is_booked_when_the_session_closes(self):
        coupon = self._create_card(
            self._create_coupon_program(strict=True), self.partner
        )
        points = self._create_points_program(per_unit=90, strict=True)
        order = self._marked(self._till_reward(coupon, 10))
        self.assertFalse(self._purchases(order))
        self.assertEqual(coupon.points, 1)
        self._close()
        self.assertEqual(order.state, "done")
        self.assertEqual(len(self._purchases(order)), 1)
        self.assertEqual(self._moves(coupon, order), [("spend", -1)])
        self.assertEqual(self._uses(order).card_id, coupon)
        self.assertEqual(points.sudo().coupon_ids.points, 90)
        self.assertIn("marked as paid", order.loyalty_flag)
        # Once more changes nothing.
        order.sudo()._loyalty_book_skipped()
        self.assertEqual(self._moves(coupon, order), [("spend", -1)])
        self.assertLedger(coupon, points.sudo().coupon_ids)

    def test_what_may_not_pay_is_flagged_not_refused(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        wallet = self._create_card(program, self.partner, points=500)
        lines = [self._till_line(top_up), self._till_reward(wallet, 100, cost=100)]
        order = self._sync(lines, self.cashier, state="draft", payment_ids=[])
        order.write({"state": "paid"})
        self._close()
        order = order.with_user(self.env.user)
        self.assertIn("Top-up", order.loyalty_flag)
        self.assertEqual(self._moves(wallet, order)[-1], ("spend", -100))

    def test_orders_paid_at_a_till_are_left_alone(self):
        order = self._pay_order()
        self._close()
        self.assertFalse(order.loyalty_flag)
        self.assertEqual(len(self._purchases(order)), 1)

    def test_drafts_and_cancelled_orders_are_not_booked(self):
        order = self._sync([self._till_line(self.product)], state="draft")
        order.action_pos_order_cancel()
        order.sudo()._loyalty_book_skipped()
        self.assertFalse(self._purchases(order))
