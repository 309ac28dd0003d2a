from odoo.tests import tagged

from .credit_note_common import CreditNoteCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNote(CreditNoteCommon):
    """Promise 5 on credit notes: line by line, in proportion, and never more."""

    def test_full_credit_note(self):
        order, wallet, coupon, invoice = self.used
        self.assertEqual((wallet.points, coupon.points), (320, 0))
        note = self._credit(invoice)
        self.assertEqual((wallet.points, coupon.points), (100, 1))
        self.assertEqual(
            self._moves(wallet, note), [("reverse", -270), ("reverse", 50)]
        )
        self.assertFalse(coupon.used_at)
        self.assertEqual(self._net(order), 0)
        row = self._purchase(order)[-1]
        self.assertEqual((row.order_model, row.order_id), ("account.move", note.id))
        self.assertEqual(row.line_ids.quantity, -3)
        uses = self.env["loyalty.redemption"].search(
            [("card_id", "in", (wallet + coupon).ids)]
        )
        self.assertEqual(len(uses), 4)
        self.assertFalse(uses.filtered("is_live"))
        self.assertAlmostEqual(sum(uses.mapped("discount_amount")), 0, 2)
        self.assertLedger()
        self.assertRemaining(wallet)

    def test_parts_add_up_to_the_whole(self):
        order, wallet, _coupon = self._order(quantity=7, points=20)
        self.assertEqual(wallet.points, 650)
        invoice = self._invoice(order)
        for left, part in ((421.4, 2.54), (20, 4.46)):
            self._credit(invoice, {self.product: part})
            self.assertAlmostEqual(wallet.points, left, 2)
        self.assertEqual(self._net(order), 0)
        lines = self._purchase(order).line_ids
        self.assertAlmostEqual(sum(lines.mapped("quantity")), 0, 6)
        self.assertAlmostEqual(sum(lines.mapped("cost")), 0, 2)
        self.assertLedger()

    def test_spent_points_come_back_in_proportion(self):
        order, wallet, _coupon = self._order(points=100, spend=True)
        invoice = self._invoice(order)
        reward = order.order_line.filtered("reward_id").product_id
        self._credit(invoice, {self.product: 1, reward: 1 / 3})
        self.assertAlmostEqual(wallet.points, 246.5)
        self._credit(invoice, {self.product: 2, reward: 2 / 3})
        self.assertEqual(wallet.points, 100)
        self.assertEqual(self._net(order), 0)

    def test_half_a_coupon_is_no_coupon(self):
        order, _wallet, coupon = self._order(coupon=True)
        invoice = self._invoice(order)
        reward = order.order_line.filtered("reward_id").product_id
        self._credit(invoice, {self.product: 1, reward: 0.5})
        self.assertEqual(coupon.points, 0)
        self.assertTrue(coupon.used_at)
        self._credit(invoice, {self.product: 2, reward: 0.5})
        self.assertEqual(coupon.points, 1)
        self.assertFalse(coupon.used_at)

    def test_goods_alone_leave_the_coupon_used(self):
        order, wallet, coupon = self._order(coupon=True)
        self._credit(self._invoice(order), {self.product: 3})
        self.assertEqual((wallet.points, coupon.points), (0, 0))
        self.assertTrue(coupon.used_at)

    def test_withdrawn_credit_note(self):
        order, wallet, coupon, invoice = self.used
        note = self._credit(invoice)
        for _count in range(2):
            note.with_user(self.bookkeeper).button_draft()
            self.assertEqual((wallet.points, coupon.points), (320, 0))
            self.assertTrue(coupon.used_at)
            self.assertEqual(self._net(order), order.amount_untaxed)
            self.assertRemaining(wallet)
            note.with_user(self.bookkeeper).action_post()
            self.assertEqual((wallet.points, coupon.points), (100, 1))
            self.assertEqual(self._net(order), 0)
        note.with_user(self.bookkeeper).button_draft()
        note.with_user(self.bookkeeper).button_cancel()
        self.assertEqual((wallet.points, coupon.points), (320, 0))
        self.assertLedger()

    def test_refund_of_a_refund_gives_what_was_taken(self):
        order, wallet, invoice = self.earned
        note = self._credit(invoice, {self.product: 1})
        self.assertEqual(wallet.points, 280)
        again = note._reverse_moves()
        again.action_post()
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        note._reverse_moves().action_post()
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        self.assertLedger()

    def test_credited_twice_takes_back_once(self):
        order, wallet, invoice = self.earned
        for _count in range(2):
            self._credit(invoice)
            self.assertEqual((wallet.points, self._net(order)), (100, 0))

    def test_replaced_invoice(self):
        """Credit and bill again: in between it counts as refunded, then no more."""
        order, wallet, invoice = self.earned
        self._credit(invoice)
        self.assertEqual(wallet.points, 100)
        self._invoice(order)
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        self.assertLedger()

    def test_lower_quantity_then_credit(self):
        """The usual way of a return: it comes back once, not twice."""
        order, wallet, invoice = self.earned
        order.order_line[0].product_uom_qty = 2
        self.env.cr.flush()
        self._credit(invoice, {self.product: 1})
        self.assertEqual(self._net(order), 200)

    def test_credit_then_lower_quantity(self):
        order, _wallet, invoice = self.earned
        self._credit(invoice, {self.product: 1})
        order.order_line[0].product_uom_qty = 2
        self.env.cr.flush()
        self.assertEqual(self._net(order), 200)

    def test_cancel_after_credit_note(self):
        order, wallet, coupon, invoice = self.used
        note = self._credit(invoice, {self.product: 1})
        order._action_cancel()
        self.assertEqual((wallet.points, coupon.points), (100, 1))
        self.assertEqual(self._net(order), 0)
        note.button_draft()
        self.assertEqual((wallet.points, self._net(order)), (100, 0))
        self.assertLedger()
        self.assertRemaining(wallet)

    def test_old_credit_note_does_not_count_after_a_new_confirmation(self):
        order, wallet, invoice = self.earned
        self._credit(invoice)
        order._action_cancel()
        order.action_draft()
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        self._credit(self._invoice(order), {self.product: 1})
        self.assertEqual((wallet.points, self._net(order)), (280, 200))

    def test_free_product_comes_back(self):
        self.coupons.reward_ids.write(
            {"reward_type": "product", "reward_product_id": self.gift.id}
        )
        order, _wallet, coupon = self._order(coupon=True)
        invoice = self._invoice(order)
        self._credit(invoice, {self.product: 3})
        self.assertEqual(coupon.points, 0)
        self._credit(invoice, {self.gift: 1})
        self.assertEqual(coupon.points, 1)

    def test_other_currency(self):
        currency = self._create_currency()
        pricelist = self.env["product.pricelist"].create(
            {"name": "In T", "currency_id": currency.id}
        )
        wallet = self._create_card(self.points, self.partner, 0)
        order = self._create_order(quantity=2, pricelist_id=pricelist.id)
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(wallet.points, 180)
        self._credit(self._invoice(order), {self.product: 1})
        self.assertEqual((wallet.points, self._net(order)), (90, 100))

    def test_not_strict_keeps_its_points(self):
        (self.points + self.coupons).strict = False
        order, wallet, coupon = self._order(points=100, coupon=True, spend=True)
        self._credit(self._invoice(order))
        self.assertEqual((wallet.points, coupon.points), (320, 0))
        self.assertTrue(coupon.used_at)
        self.assertEqual(self._net(order), 0)

    def test_salesperson_credits(self):
        order, wallet, invoice = self.earned
        note = self._credit(invoice, user=self.env.user, post=False)
        self.seller.group_ids += self.env.ref("account.group_account_invoice")
        note.with_user(self.seller).action_post()
        self.assertEqual(wallet.points, 100)
