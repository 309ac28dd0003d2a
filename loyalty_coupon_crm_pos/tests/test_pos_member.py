from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon

PHONE = "+86 138 1234 5678"


@tagged("post_install", "-at_install")
class TestPosMember(LoyaltyCrmPosCommon):
    """A cashier finds and takes in members; nobody is there twice."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.country_id = cls.env.ref("base.cn")
        cls.points = cls._create_points_program(strict=True)
        cls.till = cls.config.with_user(cls.cashier)

    def setUp(self):
        super().setUp()
        self.enterContext(self.enter_registry_test_mode())
        self.env.flush_all()

    def _found(self, text):
        return self.till.find_member(text)["partner_id"]

    def test_enrolled_in_one_step_with_a_card(self):
        partner = self.env["res.partner"].browse(
            self.till.enrol_member("138 1234 5678", " Zhang Min ")
        )
        self.assertEqual((partner.name, partner.phone), ("Zhang Min", "+8613812345678"))
        card = self.env["loyalty.card"].search([("partner_id", "=", partner.id)])
        self.assertEqual((card.program_id, card.points), (self.points, 0))
        for text in (PHONE, "13812345678", "138-1234-5678", card.code):
            self.assertEqual(self._found(text), partner.id, text)

    def test_consent_is_noted_with_who_when_and_where(self):
        asked = self.till.find_member(PHONE)["purposes"]
        self.assertEqual([key for key, _words in asked], ["sms", "profiling"])
        consents = self.env["loyalty.consent"]
        member = self.till.enrol_member(PHONE, "Zhang Min", ["sms", "email", "x"])
        found = consents.search([("partner_id", "=", member)], order="purpose")
        self.assertEqual(found.mapped("purpose"), ["programme", "sms"])
        self.assertEqual(found.user_id, self.cashier)
        self.assertEqual(found.company_id, self.company)
        self.assertEqual(set(found.mapped("source")), {"till"})
        self.assertEqual(found[1].wording, dict(asked)["sms"])
        self.assertTrue(all(found.mapped("is_given")))
        # What the customer decided elsewhere is not for a till to overrule.
        partner = self.env["res.partner"].browse(member)
        consents._note(
            partner, {"sms": False}, company_id=self.company.id, source="portal"
        )
        self.env.flush_all()
        self.till.enrol_member(PHONE, "Zhang Min", ["sms"])
        held = consents._last(partner, ["sms", "profiling"], self.company)
        self.assertEqual(held, {(member, "sms"): False})

    def test_same_phone_is_no_second_record(self):
        first = self.till.enrol_member(PHONE, "Zhang Min")
        self.assertEqual(self.till.enrol_member("13812345678", "Another"), first)
        cards = self.env["loyalty.card"].search([("partner_id", "=", first)])
        self.assertEqual(len(cards), 1)

    def test_customer_of_the_shop_gets_the_card(self):
        self.partner.phone = "0086 138 1234 5678"
        self.env.flush_all()
        self.assertEqual(self.till.enrol_member(PHONE, "Li"), self.partner.id)
        self.assertEqual(self.partner.name, "Li Wei")
        card = self.env["loyalty.card"].search([("partner_id", "=", self.partner.id)])
        self.assertEqual(card.program_id, self.points)

    def test_the_one_with_a_card_comes_first(self):
        (self.partner + self.other_partner).phone = PHONE
        self._create_card(self.points, self.other_partner, 0)
        self.env.flush_all()
        self.assertEqual(self._found(PHONE), self.other_partner.id)

    def test_barcode_of_the_customer(self):
        self.partner.barcode = "0420000000001"
        self.env.flush_all()
        self.assertEqual(self._found("0420000000001"), self.partner.id)

    def test_nobody(self):
        nobody = ("", None, "nobody", "12", "+86 139 0000 0000", "' OR 1=1", "%")
        for text in (*nobody, "a\x00b"):
            self.assertFalse(self._found(text), text)
        self.assertEqual(self.till.find_member(PHONE)["phone"], "+8613812345678")

    def test_number_and_name_are_needed(self):
        for phone, name in (("", "A"), ("abc", "A"), ("12", "A"), (PHONE, "\x00 ")):
            with self.assertRaises(UserError):
                self.till.enrol_member(phone, name)
