from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged, users

from .common import LoyaltyCrmCommon

NEUTRAL = {
    "usable": False,
    "reasons": [{"code": "invalid", "message": "This code is not valid."}],
}


@tagged("post_install", "-at_install")
class TestGateAsk(LoyaltyCrmCommon):
    """Other code asks the gate by one method that believes nobody."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.customer = cls._create_user("ask_customer", "base.group_portal")
        cls._create_user("ask_staff", "base.group_user")
        cls._create_user("ask_sales", "sales_team.group_sale_salesman")
        cls.elsewhere = cls.env["res.company"].create({"name": "Elsewhere"})
        cls.program = cls._create_coupon_program(strict=True, transferable=False)
        cls.card = cls._create_card(cls.program, cls.customer.partner_id)
        cls.foreign = cls._create_card(cls.program, cls.partner)

    def _ask(self, code, channel="sale", **values):
        self.env.cr.postcommit.clear()
        self.env.cr.postrollback.clear()
        return self.env["loyalty.program"].ask_gate(code, channel, **values)

    @users("ask_customer")
    def test_customer_learns_of_own_coupons_only(self):
        found = self._ask(self.card.sudo().code.lower())
        self.assertEqual(found, {"usable": True, "reasons": []})
        used = self._create_card(self.program, self.customer.partner_id)
        used.sudo()._post_move("spend", -1)
        for code in (self.foreign.sudo().code, used.sudo().code, "NOTHING", "", "\x00"):
            self.assertEqual(self._ask(code), NEUTRAL, code)
        owner = self.partner.id
        self.assertEqual(self._ask(self.foreign.sudo().code, partner_id=owner), NEUTRAL)

    @users("ask_sales")
    def test_staff_read_every_reason(self):
        owner = self.partner.id
        self.assertTrue(self._ask(self.foreign.code, partner_id=owner)["usable"])
        customer = self.customer.partner_id.id
        found = self._ask(self.foreign.code, partner_id=customer)
        self.assertEqual([one["code"] for one in found["reasons"]], ["foreign"])
        found = self._ask("NOTHING")
        self.assertEqual([one["code"] for one in found["reasons"]], ["unknown"])
        with self.assertRaisesRegex(UserError, "no channel fax"):
            self._ask(self.foreign.code, "fax")

    @users("ask_sales")
    def test_lax_programs_too(self):
        program = self._create_coupon_program()
        card = self._create_card(program, points=0).with_user(self.env.user)
        card.sudo().issued_at = "2026-01-01"
        self.assertEqual(self._ask(card.code)["reasons"][0]["code"], "used")

    @users("ask_staff")
    def test_staff_without_rights(self):
        with self.assertRaises(AccessError):
            self._ask(self.foreign.sudo().code)

    def test_visitors_are_sent_away(self):
        visitor = self.env["loyalty.program"].with_user(
            self.env.ref("base.public_user")
        )
        with self.assertRaises(AccessError):
            visitor.ask_gate(self.card.code)

    @users("ask_customer")
    def test_who_guesses_waits(self):
        for number in range(12):
            with self.enter_registry_test_mode():
                self._ask(f"{number}GUESS")
                self.env.cr.postcommit.run()
        self.assertEqual(self._ask(self.card.sudo().code), NEUTRAL)

    @users("ask_sales")
    def test_other_companies_have_no_codes_here(self):
        self.program.sudo().company_id = self.elsewhere
        found = self._ask(self.card.sudo().code)
        self.assertEqual(found["reasons"][0]["code"], "unknown")
