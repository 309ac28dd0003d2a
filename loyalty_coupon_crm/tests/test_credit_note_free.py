from odoo import Command
from odoo.tests import tagged

from .credit_note_common import CreditNoteCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestCreditNoteFree(CreditNoteCommon):
    """Credit notes whose lines name no order line: an amount off, a goodwill."""

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
        currency = self._create_currency()
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
