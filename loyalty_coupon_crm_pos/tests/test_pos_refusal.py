from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import LoyaltyCrmPosCommon


@tagged("post_install", "-at_install")
class TestPosRefusal(LoyaltyCrmPosCommon):
    """What a till refused offline is logged later; it is believed nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program(strict=True)
        cls.card = cls._create_card(cls.program, cls.partner)
        cls.till = cls.config.with_user(cls.cashier)
        cls.hour_ago = fields.Datetime.now() - timedelta(hours=1)

    def _row(self, reason="refuse", at=None, **values):
        return {
            "at": fields.Datetime.to_string(at or self.hour_ago),
            "reason": reason,
            "code": False,
            "card_id": False,
            "program_id": False,
            "partner_id": False,
            **values,
        }

    def _logged(self):
        return self.env["loyalty.refusal"].search([("shop", "=", "Till")], order="id")

    def test_what_happened_is_logged_once(self):
        rows = [
            self._row(card_id=self.card.id, partner_id=self.partner.id),
            self._row("unknown", code="044NOTHING"),
            self._row("closed", program_id=self.program.id),
        ]
        self.assertEqual(self.till.log_offline_refusals(rows), 3)
        self.assertEqual(self.till.log_offline_refusals(rows), 0)
        known, unknown, closed = self._logged()
        self.assertEqual((known.card_id, known.code), (self.card, self.card.code))
        self.assertEqual(
            (known.program_id, known.partner_id), (self.program, self.partner)
        )
        self.assertEqual(known.reason_codes, "offline_refuse")
        self.assertEqual((known.channel, known.user_id), ("pos", self.cashier))
        self.assertEqual((known.date, known.company_id), (self.hour_ago, self.company))
        self.assertEqual((unknown.code, unknown.card_id.id), ("044NOTHING", False))
        self.assertEqual((closed.program_id, closed.code), (self.program, ""))

    def test_words_day_and_till_are_the_server_s(self):
        future = fields.Datetime.now() + timedelta(days=1)
        old = fields.Datetime.now() - timedelta(days=400)
        rows = [
            self._row("unknown", future, code="A", reasons="Lies", shop="Bank"),
            self._row("unknown", old, code="B"),
            {**self._row("unknown", code="C"), "at": "yesterday"},
            self._row("hacked", code="D"),
            self._row("unknown", code="E" * 5000),
        ]
        self.assertEqual(self.till.log_offline_refusals(rows), 4)
        logged = self._logged()
        recent = fields.Datetime.now() - timedelta(minutes=5)
        self.assertTrue(all(row.date > recent for row in logged[:3]))
        self.assertEqual([len(row.code) for row in logged], [1, 1, 1, 64])
        self.assertNotIn("Lies", str(logged.mapped("reasons")))

    def test_no_more_than_fifty_at_once(self):
        rows = [self._row("unknown", code=f"C{number}") for number in range(60)]
        self.assertEqual(self.till.log_offline_refusals(rows), 50)
        self.assertEqual(self._logged()[0].code, "C10")

    def test_what_the_cashier_may_not_see_is_left_out(self):
        other = self.env["res.company"].sudo().create({"name": "Other"})
        self.program.sudo().company_id = other
        rows = [
            self._row(card_id=self.card.id, code=self.card.code),
            self._row(card_id="1", program_id="x", partner_id=999999999),
            self._row(program_id=self.program.id),
        ]
        self.till.log_offline_refusals(rows)
        logged = self._logged()
        # Without what may not be seen two of them say the same.
        self.assertEqual(len(logged), 2)
        self.assertFalse(logged.card_id)
        self.assertFalse(logged.partner_id)
        self.assertFalse(logged.sudo().program_id)

    def test_who_runs_no_till_tells_nothing(self):
        seller = self._create_user("refusal_seller", "sales_team.group_sale_salesman")
        with self.assertRaises(AccessError):
            self.config.with_user(seller).log_offline_refusals([self._row()])
