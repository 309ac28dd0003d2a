from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosRefund(LoyaltyCrmPosCommon):
    """A refund takes back what was earned and gives back what was spent."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.coupons = cls._create_coupon_program(percent=10, strict=True)
        cls.points = cls._create_points_program(
            per_unit=90, required=50, strict=True, points_value=0.1
        )

    def _order(self, quantity=2):
        """Return (order, points card, coupon) of an order that used both."""
        card = self._create_card(self.points, self.partner, points=60)
        coupon = self._create_card(self.coupons, self.partner)
        order = self._pay_order(
            quantity=quantity,
            rewards=[
                self._reward_line(card, 20, cost=50, code="a"),
                self._reward_line(coupon, 18, code="b"),
            ],
        )
        order.confirm_coupon_programs(
            {
                **self._coupon_data(card, 90 * quantity - 50),
                **self._coupon_data(coupon, -1),
            }
        )
        return order, card, coupon

    def test_full_refund(self):
        order, card, coupon = self._order()
        self.assertEqual((card.points, coupon.points), (190, 0))
        refund = self._refund(order)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(
            sorted(self._moves(card, refund)), [("reverse", -180), ("reverse", 50)]
        )
        self.assertEqual(self._moves(coupon, refund), [("reverse", 1)])
        self.assertFalse(coupon.used_at)
        self.assertLedger(card, coupon)
        back = self._purchases(refund)
        self.assertEqual(back.reversal_of_id, self._purchases(order))
        self.assertEqual((back.amount, back.discount_amount), (-162, -38))
        self.assertEqual((back.line_ids.quantity, back.line_ids.amount), (-2, -162))
        uses = self._uses(refund)
        self.assertEqual(uses.reversal_of_id, self._uses(order))
        self.assertEqual(sum(uses.mapped("discount_amount")), -38)
        self.assertEqual(set(uses.mapped("order_amount")), {-162})

    def test_partial_refunds_end_where_a_full_one_does(self):
        order, card, coupon = self._order(quantity=3)
        goods, points_line, coupon_line = order.lines
        self.assertEqual(card.points, 280)
        third = {goods: 1, points_line: 0.33, coupon_line: 0.33}
        first = self._refund(order, third)
        self.assertEqual(
            sorted(self._moves(card, first)), [("reverse", -90), ("reverse", 16.5)]
        )
        self.assertEqual(coupon.points, 0, "a third of a coupon is no coupon")
        self.assertTrue(coupon.used_at)
        self._refund(order, third)
        self._refund(order)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertFalse(coupon.used_at)
        self.assertLedger(card, coupon)
        purchases = self.env["loyalty.purchase"].search(
            [("partner_id", "=", self.partner.id), ("channel", "=", "pos")]
        )
        self.assertEqual(len(purchases), 4)
        self.assertAlmostEqual(sum(purchases.mapped("amount")), 0, 1)
        uses = self.env["loyalty.redemption"].search([("card_id", "=", coupon.id)])
        self.assertEqual(len(uses), 4)
        self.assertAlmostEqual(sum(uses.mapped("discount_amount")), 0)

    def test_points_of_units_come_back_by_units(self):
        """Who brings back the cheap half brings back half of the points."""
        card = self._create_card(self.points, self.partner, points=0)
        self.gift.lst_price = 1
        order = self._pay_order(rewards=[{"product_id": self.gift.id, "qty": 3}])
        self.assertEqual(card.points, 360)
        cheap = order.lines.filtered(lambda line: line.product_id == self.gift)
        self._refund(order, {cheap: 2})
        self.assertEqual(card.points, 180)
        self._refund(order, {order.lines - cheap: 1})
        self.assertEqual(card.points, 90)
        self._refund(order, {cheap: 1})
        self.assertEqual(card.points, 0)

    def test_goods_alone_leave_the_coupon_used(self):
        """Who keeps the discount has used the coupon."""
        order, card, coupon = self._order()
        self._refund(order, {order.lines[0]: 1})
        self.assertEqual((card.points, coupon.points), (100, 0))
        self.assertTrue(coupon.used_at)

    def test_refund_paid_twice(self):
        order, card, coupon = self._order()
        refund = self._refund(order)
        refund.action_pos_order_paid()
        order.action_pos_order_paid()
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(len(self._purchases(refund)), 1)
        self.assertEqual(len(self._uses(refund)), 2)

    def test_confirm_again_after_refund(self):
        order, card, coupon = self._order()
        self._refund(order)
        order.confirm_coupon_programs(
            {**self._coupon_data(card, 130), **self._coupon_data(coupon, -1)}
        )
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(len(self._uses(order)), 2)
        self.assertLedger(card, coupon)

    def test_exchange_is_a_refund_and_a_purchase(self):
        order = self._pay_order()
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        self.env["pos.order.line"].create(
            {
                "order_id": refund.id,
                "product_id": self.gift.id,
                "qty": 1,
                "price_unit": 20,
                "price_subtotal": 20,
                "price_subtotal_incl": 20,
            }
        )
        refund._compute_prices()
        context = {"active_ids": refund.ids, "active_id": refund.id}
        self.env["pos.make.payment"].with_context(**context).create(
            {"payment_method_id": self.bank_payment_method.id}
        ).check()
        sold, back = self._purchases(refund)
        self.assertEqual((sold.amount, sold.reversal_of_id.id), (20, False))
        self.assertEqual(back.amount, -100)
        self.assertEqual(back.reversal_of_id, self._purchases(order))
        self.assertEqual(back.line_ids.product_id, self.product)

    def test_return_of_two_receipts_is_told_to_both(self):
        orders = [self._pay_order(), self._pay_order()]
        refund = self.env["pos.order"].browse(orders[0].refund()["res_id"])
        other = self.env["pos.order"].browse(orders[1].refund()["res_id"])
        other.lines.order_id = refund
        refund._compute_prices()
        context = {"active_ids": refund.ids, "active_id": refund.id}
        self.env["pos.make.payment"].with_context(**context).create(
            {"payment_method_id": self.bank_payment_method.id}
        ).check()
        rows = self._purchases(refund)
        self.assertEqual(rows.mapped("amount"), [-100, -100])
        self.assertEqual(
            rows.reversal_of_id, self._purchases(orders[0]) | self._purchases(orders[1])
        )
        self.assertEqual(len(rows.reversal_of_id), 2)

    def _order_that_gives_a_coupon(self):
        """Return (paid order, coupon for the next order that it gave)."""
        program = self._create_coupon_program(
            program_type="next_order_coupons",
            trigger="auto",
            applies_on="future",
            strict=True,
            rule_ids=[Command.clear(), Command.create({"minimum_qty": 1})],
        )
        order = self._pay_order()
        order.confirm_coupon_programs(
            {
                "-1": {
                    "points": 1,
                    "program_id": program.id,
                    "coupon_id": -1,
                    "barcode": "",
                    "partner_id": self.partner.id,
                }
            }
        )
        return order, program.coupon_ids

    def test_used_next_coupon_is_not_taken_below_zero(self):
        order, card = self._order_that_gives_a_coupon()
        other = self._pay_order(rewards=[self._reward_line(card, 10)])
        other.confirm_coupon_programs(self._coupon_data(card, -1))
        refund = self._refund(order)
        self.assertEqual(card.points, 0)
        self.assertEqual(self._moves(card, refund), [("loss", 1), ("reverse", -1)])
        self.assertTrue(card.issued_at, "it was used")
        self.assertLedger(card)

    def test_unused_next_coupon_is_no_issued_one(self):
        order, card = self._order_that_gives_a_coupon()
        self.assertEqual(card.state, "issued")
        self._refund(order)
        self.assertEqual((card.points, card.state), (0, "draft"))

    def test_not_strict_keeps_odoos_way(self):
        (self.coupons + self.points).strict = False
        order, card, coupon = self._order()
        refund = self._refund(order)
        self.assertEqual((card.points, coupon.points), (190, 0))
        self.assertFalse(self._uses(refund))
        self.assertEqual(self._purchases(refund).amount, -162)

    def _spent_order(self, policy):
        """Return (order, wallet) whose points were spent before the refund."""
        self.points.clawback_policy = policy
        card = self._create_card(self.points, self.partner, points=0)
        order = self._pay_order(quantity=2)
        order.confirm_coupon_programs(self._coupon_data(card, 180))
        card._post_move("spend", -150)
        return order, card

    def test_policy_negative(self):
        order, card = self._spent_order("negative")
        self._refund(order)
        self.assertEqual(card.points, -150)
        self.assertLedger(card)

    def test_policy_floor(self):
        order, card = self._spent_order("floor")
        refund = self._refund(order)
        self.assertEqual(card.points, 0)
        self.assertEqual(self._moves(card, refund), [("loss", 150), ("reverse", -180)])
        self.assertLedger(card)

    def test_policy_charge_is_noted_on_the_refund(self):
        order, card = self._spent_order("charge")
        refund = self._refund(order)
        self.assertEqual(card.points, 0)
        loss = card.move_ids.filtered(lambda move: move.kind == "loss")
        self.assertEqual((loss.points, loss.charge_amount), (150, 15))
        self.assertIn("15.00", refund.message_ids[0].body)

    def test_cashier_refunds(self):
        order, card, coupon = self._order()
        refund = self.env["pos.order"].browse(order.refund()["res_id"])
        payment = {
            "pos_order_id": refund.id,
            "amount": refund.amount_total,
            "payment_method_id": self.bank_payment_method.id,
        }
        refund.with_user(self.cashier).add_payment(payment)
        refund.with_user(self.cashier).action_pos_order_paid()
        self.assertEqual((card.points, coupon.points), (60, 1))

    def _credit(self, order, lines=None):
        """Return a posted credit note of an order's invoice, made by the books.

        :param lines: tuples (product, price, quantity) instead of the invoice's lines
        """
        order.action_pos_order_invoice()
        note = order.account_move.sudo()._reverse_moves()
        if lines is not None:
            note.invoice_line_ids = [
                Command.clear(),
                *(
                    self._goodwill_line(product, price, quantity)
                    for product, price, quantity in lines
                ),
            ]
        note.action_post()
        return note

    def _net(self, order):
        rows = self._purchases(order)
        rows |= rows.search([("reversal_of_id", "in", rows.ids)])
        return round(sum(rows.mapped("amount")), 2)

    def test_credit_note_of_the_invoice(self):
        order, card, coupon = self._order()
        note = self._credit(order)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertFalse(coupon.used_at)
        self.assertEqual(self._net(order), 0)
        back = self._purchases(order).reversal_ids
        self.assertEqual((back.order_model, back.order_id), ("account.move", note.id))
        self.assertEqual((back.line_ids.quantity, back.line_ids.amount), (-2, -162))
        self.assertLedger(card, coupon)
        note.button_draft()
        self.assertEqual((card.points, coupon.points), (190, 0))
        self.assertEqual(self._net(order), 162)
        self.assertLedger(card, coupon)

    def test_credit_note_of_some_goods(self):
        order, card, coupon = self._order()
        self._credit(order, [(self.product, 100, 1)])
        self.assertEqual((card.points, coupon.points), (100, 0))
        self.assertTrue(coupon.used_at)

    def test_credit_note_of_an_amount(self):
        order, card, coupon = self._order()
        note = self._credit(order, [(None, 81, 1)])
        self.assertEqual((card.points, coupon.points), (125, 0))
        self.assertEqual(self._net(order), 81)
        self.assertNotIn("belongs to no order", str(note.message_ids.mapped("body")))

    def test_credit_note_and_refund_take_back_once(self):
        order, card, coupon = self._order()
        self._credit(order)
        self._refund(order)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(self._net(order), 0)
        self.assertLedger(card, coupon)

    def test_credit_note_after_a_part_came_back(self):
        order, card, coupon = self._order()
        goods = order.lines[0]
        self._refund(order, {goods: 1})
        self._credit(order)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(self._net(order), 0)

    def test_invoice_of_a_refund_is_no_second_one(self):
        """The till's own credit note goes with the refund that it bills."""
        order, card, coupon = self._order()
        order.action_pos_order_invoice()
        refund = self._refund(order)
        refund.action_pos_order_invoice()
        self.assertEqual(refund.account_move.move_type, "out_refund")
        self.assertEqual(refund.account_move.reversed_entry_id, order.account_move)
        self.assertEqual((card.points, coupon.points), (60, 1))
        self.assertEqual(self._net(order), 0)
        self.assertFalse(
            self.env["loyalty.purchase"].search([("order_model", "=", "account.move")])
        )

    def test_bookkeeper_credits(self):
        order, card, coupon = self._order()
        order.action_pos_order_invoice()
        bookkeeper = self._create_user(
            "pos_bookkeeper", "account.group_account_invoice"
        )
        note = order.account_move.with_user(bookkeeper)._reverse_moves()
        note.action_post()
        self.assertEqual((card.points, coupon.points), (60, 1))

    def _refund_again(self, refund):
        """Return an order that takes a refund back, which no button of Odoo offers."""
        again = self.env["pos.order"].browse(refund.refund()["res_id"])
        line = refund.lines[:1]
        return line.copy(
            {"order_id": again.id, "refunded_orderline_id": line.id, "qty": 1}
        )

    def test_refund_onto_an_ewallet(self):
        top_up = self._create_product("Top-up", 100.0, 0.0, available_in_pos=True)
        program = self._payment_program("ewallet", top_up)
        wallet = self._create_card(program, self.partner, points=30)
        newcomer = self.env["res.partner"].create({"name": "Newcomer"})
        for partner, key, points in (
            (self.partner, wallet.id, 130),
            (newcomer, -1, 100),
        ):
            order = self._sync([self._till_line(self.product)], partner=partner)
            # What Odoo's till sends when "Refund" of an eWallet is chosen.
            goods = self._till_line(self.product, -1)
            goods["refunded_orderline_id"] = order.lines.id
            refund = self._sync(
                [goods, self._till_line(top_up)], partner=partner, is_refund=True
            )
            claim = {
                "points": 100,
                "program_id": program.id,
                "coupon_id": key,
                "partner_id": partner.id,
                "barcode": "",
            }
            refund.with_user(self.cashier).confirm_coupon_programs({str(key): claim})
            card = program.coupon_ids.filtered(
                lambda card, partner=partner: card.partner_id == partner
            )
            self.assertEqual(card.points, points)
            self.assertEqual(self._moves(card, refund), [("earn", 100)])
            self.assertFalse(refund.loyalty_flag)
            self.assertLedger(card)

    def test_refund_of_a_refund_is_refused(self):
        order, card, coupon = self._order()
        refund = self._refund(order)
        balances = (card.points, coupon.points)
        with self.assertRaisesRegex(ValidationError, "sell the goods again"):
            self._refund_again(refund)
        self.assertEqual((card.points, coupon.points), balances)

    def test_refund_of_a_refund_without_coupons_is_odoos(self):
        self.points.active = False
        self.assertTrue(self._refund_again(self._refund(self._pay_order())))
