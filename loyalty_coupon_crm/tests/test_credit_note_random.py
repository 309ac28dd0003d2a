import random

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .credit_note_common import CreditNoteCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNoteRandom(CreditNoteCommon):
    """Whatever is refunded in whatever order: between nothing and the whole."""

    def test_random_refunds(self):
        for seed in range(3):
            policy = ("negative", "floor")[seed % 2]
            with self.subTest(seed=seed, policy=policy):
                self.points.clawback_policy = policy
                self._run_random(random.Random(seed))

    def _run_random(self, rnd):
        """Refund at random; every step leaves between nothing and the whole."""
        self.points.coupon_ids.sudo().action_archive()
        order, wallet, coupon = self._order(points=100, coupon=True, spend=True)
        self._invoice(order)
        steps = [self._random_credit] * 3 + [self._random_withdraw] * 2
        steps += [self._random_invoice, self._random_quantity, self._random_cancel]
        for _count in range(12):
            try:
                with self.env.cr.savepoint():
                    rnd.choice(steps)(rnd, order)
            except (UserError, ValidationError):
                self.env.invalidate_all()
            self.assertLedger()
            self._check_random(order, wallet, coupon)

    def _check_random(self, order, wallet, coupon):
        self.assertRemaining(wallet)
        self.assertLessEqual(coupon.points, 1)
        self.assertGreaterEqual(coupon.points, 0)
        net, whole = self._net(order), order.amount_untaxed
        uses = self.env["loyalty.redemption"].search(
            [("card_id", "in", (wallet + coupon).ids)]
        )
        spent = sum(uses.mapped("points"))
        if order.state != "sale":
            self.assertEqual((net, coupon.points), (0, 1))
            self.assertAlmostEqual(spent, 0, 2)
            return
        # Who credits goods but not their discount gives back more than was paid.
        discount = -sum(order._loyalty_discount_lines().mapped("price_subtotal"))
        self.assertGreaterEqual(net, -discount - 0.01)
        self.assertLessEqual(net, whole + discount + 0.01)
        self.assertLessEqual(spent, sum(order.order_line.mapped("points_cost")))
        self.assertGreaterEqual(spent, -0.01)
        notes = order.invoice_ids.filtered(
            lambda move: move.move_type == "out_refund" and move.state == "posted"
        )
        if not notes:
            self.assertAlmostEqual(net, whole, 2)
            self.assertEqual(coupon.points, 0)

    def _random_credit(self, rnd, order):
        invoices = order.invoice_ids.filtered(
            lambda move: move.move_type == "out_invoice" and move.state == "posted"
        )
        if invoices:
            note = rnd.choice(invoices)._reverse_moves()
            for line in note.invoice_line_ids:
                line.quantity *= rnd.choice([0.25, 0.5, 1])
            note.action_post()

    def _random_withdraw(self, rnd, order):
        notes = order.invoice_ids.filtered(lambda move: move.move_type == "out_refund")
        if notes:
            note = rnd.choice(notes)
            if note.state == "posted":
                note.button_draft()
            elif note.state == "draft":
                note.action_post()

    def _random_invoice(self, rnd, order):
        if order.state == "sale":
            order._create_invoices().action_post()

    def _random_quantity(self, rnd, order):
        if order.state == "sale":
            order.order_line[0].product_uom_qty = rnd.randrange(1, 5)

    def _random_cancel(self, rnd, order):
        if rnd.random() < 0.3:
            order._action_cancel()
