from unittest.mock import patch

from odoo.exceptions import AccessError, UserError
from odoo.tests import tagged

from ..tools.masked import masked_email, masked_phone
from ..tools.pin import pin_problem
from .common import LoyaltyCrmCommon

MANAGER = "loyalty_coupon_crm.group_loyalty_manager"


@tagged("post_install", "-at_install")
class TestPin(LoyaltyCrmCommon):
    """PINs of managers and members: only hashes are kept, and guessing takes long."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.manager = cls._create_user("pin-manager", MANAGER)

    def _set(self, user, pin, again=None, partner=None):
        wizard = self.env["loyalty.pin.change"].with_user(user)
        values = {"pin": pin, "pin_again": pin if again is None else again}
        wizard.create({**values, "partner_id": partner and partner.id}).action_save()

    def test_what_a_pin_looks_like(self):
        for pin, problem in (
            ("2580", None),
            ("19375028", None),
            ("258", "digits"),
            ("123456789", "digits"),
            ("12a4", "digits"),
            ("２５８０", "digits"),
            ("1111", "simple"),
            ("1234", "simple"),
            ("8765", "simple"),
        ):
            with self.subTest(pin):
                self.assertEqual(pin_problem(pin), problem)

    def test_contact_data_is_masked(self):
        self.assertEqual(masked_phone("+861380013800"), "•••• 800")
        self.assertEqual(masked_email("li.wei@example.com"), "l•••@example.com")
        self.assertEqual((masked_phone(""), masked_email(False)), ("", ""))

    def test_manager_sets_own_pin_and_no_trace_is_left(self):
        self._set(self.manager, "2580")
        self.assertIsNone(self.manager._loyalty_pin_problem("2580"))
        self.assertNotIn("2580", self.manager._loyalty_pin_hash())
        self.assertFalse(self.env["loyalty.pin.change"].sudo().search([]))
        with self.assertRaises(UserError):
            self._set(self.manager, "2580", again="2581")
        with self.assertRaises(UserError):
            self._set(self.manager, "1234")
        self.assertIsNone(self.manager._loyalty_pin_problem("2580"))
        self._set(self.manager, "")
        self.assertIn("no PIN", self.manager._loyalty_pin_problem(""))

    def test_others_set_no_pin_and_nobody_reads_one(self):
        self._set(self.manager, "2580", partner=self.partner)
        self.assertIsNone(self.partner._loyalty_pin_problem("2580"))
        self.assertFalse(self.manager._loyalty_pin_hash(), "not the own one")
        seller = self._create_user(
            "pin-seller",
            "loyalty_coupon_crm.group_loyalty_marketing,base.group_partner_manager",
        )
        with self.assertRaises(AccessError):
            self._set(seller, "2580", partner=self.partner)
        for name, value in (("read", ["loyalty_member_pin"]), ("write", None)):
            with self.subTest(name), self.assertRaises(AccessError):
                value = value or {"loyalty_member_pin": "x"}
                getattr(self.partner.with_user(seller), name)(value)

    def test_guessing_takes_long(self):
        self.partner._loyalty_set_pin("2580")
        rows = self.env["loyalty.throttle"]
        with self.enter_registry_test_mode():
            for _try in range(6):
                rows._write_failures(
                    self.env.registry, {"member": str(self.partner.id)}
                )
        self.env.invalidate_all()
        row = rows.search([("scope", "=", "member")])
        self.assertEqual((row.partner_id, row.failures), (self.partner, 6))
        self.assertIn("Too many", self.partner._loyalty_pin_problem("2580"))
        self.assertIsNone(
            self.other_partner._loyalty_set_pin("2580")
            or self.other_partner._loyalty_pin_problem("2580")
        )
        row.with_user(self.manager).action_release()
        self.assertIsNone(self.partner._loyalty_pin_problem("2580"))

    def test_wrong_pin_counts(self):
        self.partner._loyalty_set_pin("2580")
        counted = []
        throttle = self.env.registry["loyalty.throttle"]
        with patch.object(
            throttle, "_note_keys", lambda _self, keys: counted.append(keys)
        ):
            for pin in ("2581", "", None):
                self.assertIn("not the PIN", self.partner._loyalty_pin_problem(pin))
        self.assertEqual(counted, [{"member": str(self.partner.id)}] * 3)
