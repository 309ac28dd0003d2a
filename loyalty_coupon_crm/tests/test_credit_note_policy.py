from odoo.tests import tagged

from .credit_note_common import CreditNoteCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNotePolicy(CreditNoteCommon):
    """What a program does when points are taken back that were spent already."""

    def _spend(self, wallet, quantity=1):
        """Spend all points of a wallet on another order."""
        self.points.reward_ids.required_points = wallet.points
        order = self._create_order(product=self.gift, quantity=quantity)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.points.reward_ids, wallet)
        order.action_confirm()
        self.assertEqual(wallet.points, 0)
        return order

    def test_policy_negative(self):
        order, wallet, _coupon = self._order()
        invoice = self._invoice(order)
        self._spend(wallet)
        note = self._credit(invoice)
        self.assertEqual(wallet.points, -270)
        note.button_draft()
        self.assertEqual(wallet.points, 0)
        self.assertLedger()

    def test_policy_negative_to_a_limit(self):
        self.points.clawback_limit = 100
        order, wallet, _coupon = self._order()
        invoice = self._invoice(order)
        self._spend(wallet)
        note = self._credit(invoice)
        self.assertEqual(wallet.points, -100)
        self.assertEqual(self._moves(wallet, note), [("loss", 170), ("reverse", -270)])
        note.button_draft()
        self.assertEqual(wallet.points, 0)
        self.assertLedger()

    def test_policy_floor(self):
        self.points.clawback_policy = "floor"
        order, wallet, _coupon = self._order()
        invoice = self._invoice(order)
        other = self._spend(wallet)
        note = self._credit(invoice, {self.product: 2})
        self.assertEqual(wallet.points, 0)
        self.assertEqual(self._moves(wallet, note), [("loss", 180), ("reverse", -180)])
        self.assertRemaining(wallet)
        second = self._credit(invoice, {self.product: 1})
        self.assertEqual(self._moves(wallet, second), [("loss", 90), ("reverse", -90)])
        second.button_draft()
        self.assertEqual(wallet.points, 0)
        # The spend is undone: the points that were lost are there again.
        other._action_cancel()
        self.assertEqual(wallet.points, 90)
        self.assertRemaining(wallet)
        self.assertLedger()

    def test_policy_charge(self):
        self.points.clawback_policy = "charge"
        order, wallet, _coupon = self._order()
        invoice = self._invoice(order)
        other = self._spend(wallet)
        note = self._credit(invoice)
        self.assertEqual(wallet.points, 0)
        loss = wallet.move_ids.filtered(lambda move: move.kind == "loss")
        self.assertEqual((loss.points, loss.charge_amount), (270, 27))
        self.assertIn("27.00", loss.reason)
        self.assertIn("27.00", note.message_ids[0].body)
        # What was charged is the customer's again.
        other._action_cancel()
        self.assertEqual(wallet.points, 270)
        note.button_draft()
        self.assertEqual(wallet.points, 270)
        self.assertLedger()

    def test_policy_on_a_cancelled_order(self):
        self.points.clawback_policy = "floor"
        order, wallet, _coupon = self._order()
        self._spend(wallet)
        order._action_cancel()
        self.assertEqual(wallet.points, 0)
        self.assertEqual(
            self._moves(wallet, order),
            [("earn", 270), ("loss", 270), ("reverse", -270)],
        )
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(wallet.points, 270)
        order._action_cancel()
        self.assertEqual(wallet.points, 0)
        self.assertLedger()
