import random

from odoo import Command, fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNote(LoyaltyCrmCommon):
    """Promise 5 on credit notes: line by line, in proportion, and never more."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env.user.group_ids += cls.env.ref(
            "loyalty_coupon_crm.group_loyalty_auditor"
        )
        cls.bookkeeper = cls._create_user(
            "refund_bookkeeper", "account.group_account_invoice"
        )
        cls.seller = cls._create_user(
            "refund_seller", "sales_team.group_sale_salesman_all_leads"
        )
        cls.points = cls._create_points_program(
            strict=True,
            points_value=0.1,
            reward_ids=[
                Command.create(
                    {
                        "discount": 10,
                        "required_points": 50,
                        "discount_applicability": "specific",
                        "discount_product_ids": [
                            Command.set((cls.product + cls.gift).ids)
                        ],
                    }
                )
            ],
        )
        cls.points.rule_ids.product_ids = cls.product
        cls.coupons = cls._create_coupon_program(strict=True)
        # What most tests begin with: an order that earned, one that used all, too.
        people = [{"name": "Member"}, {"name": "Spender"}]
        member, spender = cls.env["res.partner"].create(people)
        order, wallet, _card = cls._order(points=100, partner=member)
        cls.earned = order, wallet, cls._invoice(order)
        order, wallet, coupon = cls._order(
            points=100, coupon=True, spend=True, partner=spender
        )
        cls.used = order, wallet, coupon, cls._invoice(order)

    @classmethod
    def _invoice(cls, order):
        invoice = order._create_invoices()
        invoice.action_post()
        return invoice

    def _credit(self, invoice, quantities=None, user=None, post=True):
        """Return the credit note of an invoice.

        :param quantities: {product: quantity that comes back}, everything by default;
            a product that is not named does not come back
        """
        note = invoice.with_user(user or self.bookkeeper)._reverse_moves()
        if quantities is not None:
            for line in note.invoice_line_ids:
                quantity = quantities.get(line.product_id, 0)
                if quantity:
                    line.quantity = quantity
                else:
                    line.unlink()
        if post:
            note.action_post()
        return note.sudo()

    @classmethod
    def _order(cls, quantity=3, points=0, coupon=False, spend=False, partner=None):
        """Return (order, wallet, coupon) of a confirmed order."""
        partner = partner or cls.partner
        wallet = cls._create_card(cls.points, partner, points)
        card = cls._create_card(cls.coupons, partner) if coupon else None
        order = cls._create_order(partner, quantity)
        order._update_programs_and_rewards()
        if spend:
            order._apply_program_reward(cls.points.reward_ids, wallet)
        if coupon:
            cls._apply_code(order, card.code)
        order.action_confirm()
        return order, wallet, card

    def _purchase(self, order):
        rows = self.env["loyalty.purchase"].search(
            [("order_model", "=", "sale.order"), ("order_id", "=", order.id)]
        )
        rows |= self.env["loyalty.purchase"].search(
            [("reversal_of_id", "in", rows.ids)]
        )
        return rows.sorted("id")

    def _net(self, order):
        return round(sum(self._purchase(order).mapped("amount")), 2)

    def _moves(self, card, document):
        return sorted(
            (move.kind, move.points)
            for move in card.move_ids
            if (move.order_model, move.order_id) == (document._name, document.id)
        )

    def assertLedger(self):
        self.env.cr.flush()
        self.assertFalse(self.env["loyalty.point.move"]._ledger_differences())

    def assertRemaining(self, card):
        remaining = sum(card.move_ids.mapped("remaining"))
        self.assertAlmostEqual(remaining, max(card.points, 0), 2)

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
        currency = self.env["res.currency"].create(
            {
                "name": "TTT",
                "symbol": "T",
                "rate_ids": [Command.create({"name": "2020-01-01", "rate": 2})],
            }
        )
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

    def _free_note(self, invoice=None, lines=(), **values):
        """Return a posted credit note whose lines name no order line.

        :param invoice: the invoice it reverses, none for a note of its own
        :param lines: tuples (product, price, quantity)
        """
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": (invoice.partner_id if invoice else self.partner).id,
                "reversed_entry_id": invoice.id if invoice else False,
                "invoice_line_ids": [
                    self._goodwill_line(product, price, quantity)
                    for product, price, quantity in lines
                ],
                **values,
            }
        )
        note.with_user(self.bookkeeper).action_post()
        return note

    def test_credit_note_that_reverses_nothing_moves_nothing(self):
        order, wallet, _invoice = self.earned
        note = self._free_note(
            lines=[(self.product, 100, 1)], partner_id=order.partner_id.id
        )
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        self.assertIn("belongs to no order", str(note.message_ids.mapped("body")))

    def test_free_line_takes_back_by_amount(self):
        order, wallet, invoice = self.earned
        note = self._free_note(invoice, [(None, 30, 1)])
        self.assertEqual((wallet.points, self._net(order)), (343, 270))
        self.assertNotIn("belongs to no order", str(note.message_ids.mapped("body")))
        self._credit(invoice)
        self.assertEqual((wallet.points, self._net(order)), (100, 0))
        self.assertLedger()
        self.assertRemaining(wallet)

    def test_free_line_after_a_linked_one_ends_at_nothing(self):
        order, wallet, _coupon = self._order(points=100, spend=True)
        invoice = self._invoice(order)
        self._credit(invoice, {self.product: 1})
        self.assertAlmostEqual(wallet.points, 230)
        self._free_note(invoice, [(None, invoice.amount_untaxed - 100, 1)])
        self.assertAlmostEqual(wallet.points, 100)
        self.assertAlmostEqual(self._net(order), 0)
        self.assertLedger()

    def test_free_line_finds_its_product(self):
        """Only the tea earns: credited cakes take no points, credited tea all."""
        wallet = self._create_card(self.points, self.partner, 0)
        order = self._create_order(quantity=1)
        order.order_line = [
            Command.create({"product_id": self.gift.id, "product_uom_qty": 5})
        ]
        order._update_programs_and_rewards()
        order.action_confirm()
        self.assertEqual(wallet.points, 90)
        invoice = self._invoice(order)
        self._free_note(invoice, [(self.gift, self.gift.lst_price, 5)])
        self.assertEqual(wallet.points, 90)
        self._free_note(invoice, [(self.product, self.product.lst_price / 2, 1)])
        self.assertEqual(wallet.points, 45)

    def test_free_line_of_the_invoice_itself_earned_nothing(self):
        """Postage that was added to the invoice by hand is credited alone."""
        order, wallet, _coupon = self._order(points=100)
        invoice = order._create_invoices()
        invoice.invoice_line_ids = [
            Command.create(
                {"name": "Postage", "price_unit": 9, "tax_ids": [Command.clear()]}
            )
        ]
        invoice.action_post()
        self._free_note(invoice, [(None, 9, 1)])
        self.assertEqual((wallet.points, self._net(order)), (370, 300))

    def test_free_credit_gives_coupon_back_with_the_last_part(self):
        order, wallet, coupon, invoice = self.used
        half = invoice.amount_untaxed / 2
        self._free_note(invoice, [(None, half, 1)])
        self.assertEqual((wallet.points, coupon.points), (210, 0))
        self._free_note(invoice, [(None, half, 1)])
        self.assertEqual((wallet.points, coupon.points), (100, 1))
        self.assertFalse(coupon.used_at)

    def test_free_credit_leaves_the_gift_card_paid(self):
        """Thirty back in money are thirty of the goods, none on the gift card."""
        program = self.env["loyalty.program"].create(
            {
                "name": "Gift cards",
                "strict": True,
                **self.env["loyalty.program"]._get_template_values()["gift_card"],
                **self.env["loyalty.program"]._program_type_default_values()[
                    "gift_card"
                ],
            }
        )
        card = self._create_card(program, points=50)
        wallet = self._create_card(self.points, self.partner, 0)
        order = self._create_order(quantity=1)
        order._update_programs_and_rewards()
        self._apply_code(order, card.code)
        order.action_confirm()
        self.assertEqual((card.points, wallet.points), (0, 90))
        invoice = self._invoice(order)
        self._free_note(invoice, [(None, 30, 1)])
        self.assertEqual((card.points, wallet.points), (0, 63))

    def test_free_credit_note_withdrawn_and_undone(self):
        order, wallet, invoice = self.earned
        note = self._free_note(invoice, [(None, 30, 1)])
        note.with_user(self.bookkeeper).button_draft()
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        note.with_user(self.bookkeeper).action_post()
        self.assertEqual((wallet.points, self._net(order)), (343, 270))
        again = note._reverse_moves()
        again.with_user(self.bookkeeper).action_post()
        self.assertEqual((wallet.points, self._net(order)), (370, 300))
        self.assertLedger()

    def test_credited_beyond_the_invoice_takes_back_once(self):
        order, wallet, invoice = self.earned
        for _count in range(2):
            self._free_note(invoice, [(None, 500, 1)])
            self.assertEqual((wallet.points, self._net(order)), (100, 0))
        self.assertLedger()

    def test_free_credit_of_two_orders_on_one_invoice(self):
        orders = [self._order()[0], self._order()[0]]
        wallet = self.points.coupon_ids.filtered(
            lambda card: card.partner_id == self.partner
        )
        self.assertEqual(sum(wallet.mapped("points")), 540)
        invoice = (orders[0] + orders[1])._create_invoices()
        invoice.action_post()
        self._free_note(invoice, [(None, 60, 1)])
        self.assertEqual([self._net(order) for order in orders], [270, 270])
        self.assertEqual(sum(wallet.mapped("points")), 486)

    def test_free_credit_in_another_currency(self):
        currency = self.env["res.currency"].create(
            {
                "name": "TTT",
                "symbol": "T",
                "rate_ids": [Command.create({"name": "2020-01-01", "rate": 2})],
            }
        )
        order, wallet, invoice = self.earned
        self._free_note(invoice, [(None, 60, 1)], currency_id=currency.id)
        self.assertEqual((wallet.points, self._net(order)), (343, 270))

    def test_nobody_is_told_of_points_where_there_are_none(self):
        order, _wallet, invoice = self.earned
        note = self._credit(invoice)
        self.assertNotIn("belongs to no order", str(note.message_ids.mapped("body")))
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": self.other_partner.id,
                "invoice_line_ids": [
                    Command.create({"product_id": self.product.id, "quantity": 1})
                ],
            }
        )
        note.action_post()
        self.assertNotIn("belongs to no order", str(note.message_ids.mapped("body")))

    def test_salesperson_credits(self):
        order, wallet, invoice = self.earned
        note = self._credit(invoice, user=self.env.user, post=False)
        self.seller.group_ids += self.env.ref("account.group_account_invoice")
        note.with_user(self.seller).action_post()
        self.assertEqual(wallet.points, 100)

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

    def test_given_back_to_its_award(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.expire_after = 10
        wallet._post_move("issue", 30)
        self.points.expire_after = 20
        wallet._post_move("issue", 40)
        awards = wallet.move_ids.sorted("id")
        self.points.rule_ids.product_ids = self.gift
        order = self._create_order(quantity=2)
        order._update_programs_and_rewards()
        order._apply_program_reward(self.points.reward_ids, wallet)
        order.action_confirm()
        self.assertEqual(awards.mapped("remaining"), [0, 20])
        invoice = self._invoice(order)
        reward = order.order_line.filtered("reward_id").product_id
        for _count in range(2):
            self._credit(invoice, {self.product: 1, reward: 0.5})
        self.assertEqual(awards.mapped("remaining"), [30, 40])
        self.assertRemaining(wallet)

    def test_grace_when_the_award_has_lapsed(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.write({"expire_after": 10, "refund_grace_days": 5})
        wallet._post_move("issue", 50, expiration_date="2020-01-01")
        self.points.rule_ids.product_ids = self.gift
        order = self._create_order()
        order._update_programs_and_rewards()
        award = wallet.move_ids
        spend = wallet._post_move("spend", -50, **order._loyalty_origin())
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual((award.remaining, back.remaining), (0, 50))
        days = (back.expiration_date - self.company._loyalty_today()).days
        self.assertEqual(days, 5)
        self.points.refund_grace_days = 0
        wallet._post_move("spend", -50)
        spend = wallet.move_ids.sorted("id")[-1]
        back.flush_recordset()
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        self.assertRemaining(wallet)

    def test_parts_of_a_refund_share_lapsed_and_open_awards(self):
        """What came back for the days of grace does not come back a second time."""
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 50)
        wallet._post_move("issue", 30, expiration_date="2020-01-01")
        open_award, lapsed = wallet.move_ids.sorted("id")
        wallet._post_move("spend", -80)
        spend = wallet.move_ids.sorted("id")[-1]
        for points in (20, 40, 20):
            wallet._post_move("reverse", points, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-3:]
        last_day = fields.Date.add(self.company._loyalty_today(), days=5)
        self.assertEqual(lapsed.remaining, 0)
        self.assertEqual(back.mapped("remaining"), [20, 10, 0])
        self.assertEqual(back[0].expiration_date, last_day)
        self.assertEqual(open_award.remaining, 50)
        self.assertRemaining(wallet)

    def test_points_that_no_award_explains_get_no_last_day(self):
        """The grace is for what lapsed, not for what was spent below zero."""
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 5, expiration_date="2020-01-01")
        wallet._post_move("spend", -8)
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("earn", 10)
        # Points that a campaign gave to many wallets at once say of no debt they paid.
        self.env.cr.execute(
            "DELETE FROM loyalty_point_allocation"
            " WHERE spend_id = %s AND award_id = %s",
            (spend.id, wallet.move_ids.sorted("id")[-1].id),
        )
        wallet._post_move("reverse", 8, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual((back.remaining, back.expiration_date), (8, False))
        self.assertRemaining(wallet)

    def test_what_was_spent_below_zero_goes_back_to_the_award_that_paid(self):
        wallet = self._create_card(self.points, self.partner, 0)
        self.points.refund_grace_days = 5
        wallet._post_move("issue", 5, expiration_date="2020-01-01")
        wallet._post_move("spend", -8)
        spend = wallet.move_ids.sorted("id")[-1]
        wallet._post_move("earn", 10)
        award = wallet.move_ids.sorted("id")[-1]
        self.assertEqual(award.remaining, 7)
        wallet._post_move("reverse", 8, reversal_of_id=spend.id)
        back = wallet.move_ids.sorted("id")[-1]
        self.assertEqual(award.remaining, 10)
        grace = fields.Date.add(self.company._loyalty_today(), days=5)
        self.assertEqual((back.remaining, back.expiration_date), (5, grace))
        self.assertRemaining(wallet)

    def _spent_and_given_back(self, days_ago):
        """Return (award, what came back) of 50 points spent so many days ago."""
        wallet = self._create_card(self.points, self.partner, 0)
        wallet._post_move("issue", 50, inactive_days=30)
        wallet._post_move("spend", -50)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE loyalty_point_move SET date = date - %s * INTERVAL '1 day' "
            "WHERE card_id = %s",
            (days_ago, wallet.id),
        )
        self.env.invalidate_all()
        award, spend = wallet.move_ids.sorted("id")
        wallet._post_move("reverse", 50, reversal_of_id=spend.id)
        return award, wallet.move_ids.sorted("id")[-1]

    def test_grace_when_the_award_has_lapsed_without_a_purchase(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 5})
        award, back = self._spent_and_given_back(100)
        self.assertEqual((award.remaining, back.remaining), (0, 50))
        days = (back.expiration_date - self.company._loyalty_today()).days
        self.assertEqual((days, back.inactive_days), (5, 0))
        self.env["loyalty.point.move"]._expire_awards(1000)
        self.assertEqual(back.card_id.points, 50)

    def test_no_grace_for_who_bought_in_time(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 5})
        award, back = self._spent_and_given_back(30)
        self.assertEqual((award.remaining, back.remaining), (50, 0))

    def test_without_grace_it_lapses_again(self):
        self.points.write({"expire_inactive_days": 30, "refund_grace_days": 0})
        award, back = self._spent_and_given_back(100)
        self.assertEqual((award.remaining, back.remaining), (50, 0))
        self.env["loyalty.point.move"]._expire_awards(1000)
        self.assertEqual(back.card_id.points, 0)

    def test_expired_coupon_comes_back_for_the_grace(self):
        self.coupons.refund_grace_days = 7
        order, _wallet, coupon = self._order(coupon=True)
        invoice = self._invoice(order)
        coupon.expiration_date = "2020-01-01"
        self._credit(invoice)
        days = (coupon.expiration_date - self.company._loyalty_today()).days
        self.assertEqual((coupon.points, days), (1, 7))

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
