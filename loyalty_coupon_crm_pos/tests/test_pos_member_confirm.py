from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

FIRST, SECOND = "11111111-0000-4000-8000-000000000001", "2222"


@tagged("post_install", "-at_install")
class TestPosMemberConfirm(LoyaltyCrmPosCommon):
    """From a set amount on a member confirms, or the order is not paid."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.config.loyalty_confirm_amount = 20
        cls.program = cls._create_coupon_program(percent=30, strict=True)
        cls.coupon = cls._create_card(cls.program, cls.partner)
        cls.partner.phone = "+86 138 0013 8000"
        cls.partner._loyalty_set_pin("2580")
        cls.till = cls.config.with_user(cls.cashier)

    def _pay(self, amount=30, uuid=FIRST, card=None, **order):
        reward = self._reward_line(card or self.coupon, amount)
        return self._pay_order(rewards=[reward], uuid=uuid, **order)

    def _confirm(self, secret, method="pin", amount=30, uuid=FIRST, partner=None):
        partner = partner or self.partner
        return self.till.confirm_member(uuid, partner.id, amount, method, secret)

    def _rows(self):
        rows = self.env["loyalty.confirmation"].sudo()
        return rows.search([("user_id", "=", self.cashier.id)])

    def _send(self, method="sms", amount=30, uuid=FIRST):
        """Return the code that was sent, as the member reads it."""
        texts = []
        rows = self.env.registry["loyalty.confirmation"]
        write = rows._code_text

        def _code_text(row, code):
            texts.append(code)
            return write(row, code)

        with patch.object(rows, "_code_text", _code_text):
            self.till.send_confirm_code(uuid, self.partner.id, amount, method)
        return texts[0]

    def test_nothing_is_paid_unconfirmed(self):
        with self.assertRaisesRegex(UserError, "has not confirmed"):
            self._pay()
        self.assertEqual(self.coupon.points, 1)
        self.assertTrue(self._pay(19.99, uuid=SECOND).id, "below the amount")

    def test_pin_of_the_member(self):
        answer = self._confirm("2581")
        self.assertEqual(answer["amount"], 0)
        self.assertIn("not the PIN", answer["message"])
        self.assertEqual(self._confirm("2580"), {"amount": 30, "message": ""})
        order = self._pay()
        self.assertEqual(self._uses(order).card_id, self.coupon)
        row = self._rows()
        self.assertEqual((row.method, row.user_id), ("pin", self.cashier))

    def test_confirmed_is_one_order_one_member_and_an_amount(self):
        self.other_partner._loyalty_set_pin("2580")
        self._confirm("2580", uuid=SECOND)
        self._confirm("2580", amount=29)
        self._confirm("2580", partner=self.other_partner)
        # Unlike the other assertion, this one takes the order back.
        with self.assertRaises(UserError):
            self._pay()
        self._confirm("2580", amount=31)
        self.assertTrue(self._pay())

    def test_who_is_on_the_order_confirms_no_card_of_somebody_else(self):
        self.program.sudo().transferable = False
        self.other_partner._loyalty_set_pin("1470")
        for uuid in (FIRST, SECOND):
            self._confirm("1470", partner=self.other_partner, uuid=uuid)
        with self.assertRaisesRegex(UserError, self.partner.name):
            self._pay(partner=self.other_partner)
        self.program.sudo().transferable = True
        self.assertTrue(self._pay(partner=self.other_partner, uuid=SECOND))

    def test_wallet_that_is_not_named_is_confirmed(self):
        points = self._create_points_program(strict=True)
        wallet = self._create_card(points, self.partner, 100)
        lines = [
            self._till_line(self.product),
            {**self._till_reward(wallet, 30, cost=50), "coupon_id": False},
        ]
        with self.assertRaisesRegex(UserError, "has not confirmed"):
            self._sync(lines, self.cashier)

    def test_code_by_text_message_and_mail(self):
        for method, model in (("sms", "sms.sms"), ("email", "mail.mail")):
            with self.subTest(method):
                outbox = self.env[model].sudo()
                before = outbox.search([])
                code = self._send(method)
                sent = outbox.search([]) - before
                body = sent.body if method == "sms" else sent.body_html
                self.assertIn(code, body)
                row = self._rows()[:1]
                self.assertNotIn(code, row.code_hash)
                wrong = "000000" if code != "000000" else "000001"
                self.assertIn("not the code", self._confirm(wrong, method)["message"])
                self.assertIn(
                    "No code", self._confirm(code, method, uuid="3")["message"]
                )
                self.assertEqual(self._confirm(code, method)["amount"], 30)
                self.assertIn("No code", self._confirm(code, method)["message"])
        self.assertTrue(self._pay())

    def test_code_lasts_minutes_and_a_few_tries(self):
        code = self._send()
        row = self._rows()
        row.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        self.assertIn("No code", self._confirm(code, "sms")["message"])
        code = self._send()
        for _try in range(5):
            self._confirm("x", "sms")
        self.assertIn("Too many", self._confirm(code, "sms")["message"])

    def test_codes_are_not_sent_for_ever(self):
        for _number in range(5):
            self._send()
        with self.assertRaisesRegex(UserError, "within an hour"):
            self._send()

    def test_who_cannot_be_reached(self):
        nobody = self.env["res.partner"].create({"name": "Nobody"})
        choices = self.till.confirm_choices(nobody.id)
        self.assertEqual(
            (choices["pin"], choices["sms"], choices["email"]), (0, "", "")
        )
        for method in ("sms", "email", "pigeon"):
            with self.assertRaises(UserError):
                self.till.send_confirm_code(FIRST, nobody.id, 30, method)
        with self.assertRaises(UserError):
            self.till.confirm_choices(0)
        choices = self.till.confirm_choices(self.partner.id)
        self.assertTrue(choices["pin"])
        self.assertNotIn("8613800138", choices["sms"])

    def test_whom_nobody_asks(self):
        bearer = self._create_card(self.program)
        self.assertTrue(self._pay(card=bearer))
        self.config.loyalty_confirm_amount = 0
        self.assertTrue(self._pay(uuid=SECOND))

    def test_refund_needs_no_confirmation(self):
        self._confirm("2580")
        order = self._pay()
        order.confirm_coupon_programs(self._coupon_data(self.coupon, -1))
        self._refund(order)
        self.assertEqual(self.coupon.points, 1)

    def test_cashier_reads_no_confirmation(self):
        self._confirm("2580")
        rows = self._rows()
        with self.assertRaises(AccessError):
            rows.with_user(self.cashier).read(["amount"])
        with self.assertRaises(AccessError):
            rows.with_user(self.env.user).read(["code_hash"])
