import base64
import json

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import file_open

from ..tools import codes, vouchers
from .common import LoyaltyCrmCommon

CASES = "loyalty_coupon_crm/static/tests/cases/vouchers.json"


def verify(public, text):
    """Check a signature as a browser does.

    :raise InvalidSignature: when it is wrong
    """
    signed, signature = text.strip().rsplit(".", 1)
    raw = base64.b32decode(signature + "=")
    numbers = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    point = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), base64.b64decode(public)
    )
    point.verify(
        utils.encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(hashes.SHA256())
    )


@tagged("post_install", "-at_install", "loyalty_plain")
class TestVouchers(LoyaltyCrmCommon):
    """What a signed voucher says, who signs it, and for how long it is trusted."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True, signed_codes=True)
        cls.coupon = cls._create_card(
            cls.program, cls.partner, expiration_date="2030-12-31"
        )
        cls.keys = cls.env["loyalty.voucher.key"]

    def _trusted(self):
        return self.keys._trusted(self.company)

    def test_the_cases_that_the_till_reads_as_well(self):
        with file_open(CASES) as stream:
            cases = json.load(stream)
        for case in cases["vouchers"]:
            key = case["text"].strip().split(".V1.")[1].split(".")[0]
            public = cases["keys"].get(key)
            if not public:
                continue
            with self.subTest(case["title"]):
                if case["problem"] == "forged":
                    with self.assertRaises(InvalidSignature):
                        verify(public["key"], case["text"])
                else:
                    verify(public["key"], case["text"])
                code = case["text"].strip().split(".V1.")[0]
                self.assertEqual(codes.normalize_code(case["text"]), code)
        for text in cases["plain"]:
            with self.subTest(text):
                self.assertEqual(codes.normalize_code(text), text[: codes.LONGEST])

    def test_qr_code_is_signed_by_the_key_that_tills_know(self):
        text = self.coupon._qr_text()
        [(key, trusted)] = self._trusted().items()
        verify(trusted["key"], text)
        self.assertFalse(trusted["until"])
        facts = [key, self.coupon.id, self.program.id, 100, 20301231, 0]
        self.assertEqual(
            text.rsplit(".", 1)[0],
            ".".join([self.coupon.code, "V1", *map(str, facts)]),
        )
        self.assertEqual(self.coupon._normalize_code(text), self.coupon.code)

    def test_personal_coupon_names_its_customer(self):
        self.program.transferable = False
        self.assertIn(f".{self.partner.id}.", self.coupon._qr_text())

    def test_what_is_not_signed(self):
        wallet = self._create_card(
            self._create_points_program(signed_codes=True), self.partner, 100
        )
        used = self._create_card(self.program)
        used._post_move("spend", -1)
        void = self._create_card(self.program)
        void._void("lost")
        unsigned = self._create_card(self._create_coupon_program(strict=True))
        for card in wallet + used + void + unsigned:
            self.assertEqual(card._qr_text(), card.code)

    def test_sales_order_takes_a_scanned_voucher(self):
        order = self._create_order()
        self._apply_code(order, self.coupon._qr_text())
        self.assertEqual(order.order_line.coupon_id, self.coupon)

    def test_key_is_replaced_and_the_old_one_stays_good_for_a_year(self):
        self.coupon._qr_text()
        old = self.keys.search([], limit=1)
        self._manager_of(old).action_rotate()
        new = self.keys._current(self.company)
        self.assertNotEqual(new, old)
        left = old.trusted_until - self.company._loyalty_today()
        self.assertEqual(left.days, 365)
        self.assertEqual(set(self._trusted()), {str(old.id), str(new.id)})
        verify(self._trusted()[str(new.id)]["key"], self.coupon._qr_text())

    def test_revoked_key_is_trusted_no_more(self):
        self.coupon._qr_text()
        old = self.keys.search([], limit=1)
        self._manager_of(old).action_revoke()
        new = self.keys._current(self.company)
        self.assertEqual(list(self._trusted()), [str(new.id)])

    def test_old_keys_are_replaced_by_themselves(self):
        key = self.keys._current(self.company)
        self.keys._rotate_old()
        self.assertFalse(key.retired_on)
        self.env.flush_all()
        self.env.cr.execute("UPDATE loyalty_voucher_key SET create_date = '2020-01-01'")
        self.env.invalidate_all()
        self.keys._rotate_old()
        self.assertTrue(key.retired_on)
        self.assertNotEqual(self.keys._current(self.company), key)

    def test_one_key_signs_for_a_company(self):
        company = self.env["res.company"].create({"name": "Other"})
        first = self.keys._current(company)
        self.assertEqual(self.keys.sudo()._create_key(company), first)
        shared = self.keys._current(self.env["res.company"])
        self.assertNotEqual(shared, first)
        self.assertNotIn(str(first.id), self._trusted())
        self.assertIn(str(shared.id), self._trusted())

    def _manager_of(self, key):
        user = self._create_user(
            "voucher-manager", "loyalty_coupon_crm.group_loyalty_manager"
        )
        return key.with_user(user)

    def test_rights(self):
        key = self.keys._current(self.company)
        manager = self._manager_of(key)
        self.assertTrue(manager.public_key)
        with self.assertRaises(AccessError):
            manager.read(["private_key"])
        with self.assertRaises(AccessError):
            manager.write({"trusted_until": "2099-01-01"})
        auditor = self._create_user(
            "voucher-auditor", "loyalty_coupon_crm.group_loyalty_auditor"
        )
        self.assertTrue(key.with_user(auditor).public_key)
        marketing = self._create_user(
            "voucher-marketing", "loyalty_coupon_crm.group_loyalty_marketing"
        )
        for user in (auditor, marketing):
            for action in ("action_rotate", "action_revoke"):
                with self.assertRaises(AccessError):
                    getattr(key.with_user(user), action)()
        self.assertFalse(key.retired_on)
        # Who may read a card prints it, signed.
        self.assertNotEqual(
            self.coupon.with_user(marketing)._qr_text(), self.coupon.code
        )

    def test_signature_of_every_number(self):
        key = vouchers.generate_key()
        for number in range(50):
            voucher = vouchers.Voucher("044X", 1, number, 1, number / 100, "", 0)
            verify(vouchers.public_key(key), vouchers.sign(key, voucher))
