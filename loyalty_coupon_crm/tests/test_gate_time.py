from datetime import datetime

import pytz
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.fields import Command
from odoo.tests import tagged

from .common import LoyaltyCrmCommon


@tagged("post_install", "-at_install", "loyalty_plain")
class TestGateTime(LoyaltyCrmCommon):
    """From and until when coupons can be used, and what the cashier reads."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company.partner_id.tz = "Asia/Shanghai"
        cls.program = cls._create_coupon_program(strict=True, name="Tea Time")
        cls.card = cls._create_card(cls.program, cls.partner)

    def _blockers(self, *local, card=None, zone="Asia/Shanghai", **values):
        """Return {reason: message} of the gate at a moment on the clock of a zone."""
        moment = pytz.timezone(zone).localize(datetime(*local))
        at = moment.astimezone(pytz.utc).replace(tzinfo=None)
        found = self.env["loyalty.program"]._redemption_blockers(
            card or self.card, self.partner, "sale", at, **values
        )
        return dict(found)

    def _open(self, *windows):
        """Set the windows of the program: (weekday, from, to)."""
        self.program.usage_window_ids = [
            Command.clear(),
            *(
                Command.create({"weekday": day, "hour_from": start, "hour_to": end})
                for day, start, end in windows
            ),
        ]

    def test_hours(self):
        self._open((False, 14, 18))
        self.assertEqual(self._blockers(2026, 3, 1, 14, 0), {})
        message = self._blockers(2026, 3, 1, 13, 59)["closed"]
        self.assertIn("from 14:00", message)
        self.assertIn("Tea Time", message)
        self.assertIn("Mon, Mar 2", self._blockers(2026, 3, 1, 18, 0)["closed"])

    def test_weekdays(self):
        self._open(("5", 0, 24), ("6", 10, 12))
        self.assertEqual(self._blockers(2026, 2, 28, 0, 0), {})
        self.assertEqual(self._blockers(2026, 2, 28, 23, 59), {})
        message = self._blockers(2026, 3, 1, 12, 0)["closed"]
        self.assertIn("Sat, Mar 7", message)

    def test_closed_day_is_named(self):
        self.program.usage_window_ids = [
            Command.create(
                {"kind": "closed", "date_from": "2026-03-01", "note": "Fair"}
            )
        ]
        self.assertEqual(self._blockers(2026, 2, 28, 23, 59), {})
        message = self._blockers(2026, 3, 1, 0, 0)["closed"]
        self.assertIn("on Sun, Mar 1 (Fair)", message)
        self.assertIn("Mon, Mar 2", message)
        self.assertIn("closed", self._blockers(2026, 3, 1, 23, 59))
        self.assertEqual(self._blockers(2026, 3, 2, 0, 0), {})

    def test_days_are_said_in_the_language_of_the_reader(self):
        self._open(("5", 0, 24))
        self.env["res.lang"]._activate_lang("zh_CN")
        self.program = self.program.with_context(lang="zh_CN")
        gate = self.env["loyalty.program"].with_context(lang="zh_CN")
        found = dict(
            gate._redemption_blockers(
                self.card, self.partner, "sale", datetime(2026, 3, 1)
            )
        )
        self.assertIn("3月7日周六", found["closed"])

    def test_hours_on_the_day_the_clocks_change(self):
        """An hour that is missing or there twice moves no opening."""
        self._open((False, 8, 18))
        for zone, day in (
            ("Europe/Berlin", (2026, 3, 29)),
            ("Europe/Berlin", (2026, 10, 25)),
            ("America/New_York", (2026, 3, 8)),
            ("America/New_York", (2026, 11, 1)),
        ):
            with self.subTest(zone=zone, day=day):
                self.company.partner_id.tz = zone
                for hour, minute, expected in (
                    (7, 59, ["closed"]),
                    (8, 0, []),
                    (17, 59, []),
                    (18, 0, ["closed"]),
                ):
                    found = self._blockers(*day, hour, minute, zone=zone)
                    self.assertEqual(list(found), expected)

    def test_no_later_hour(self):
        self._open((False, 8, 9))
        self.program.usage_window_ids = [
            Command.create(
                {"kind": "closed", "date_from": "2026-01-01", "date_to": "2030-01-01"}
            )
        ]
        self.assertIn("No later", self._blockers(2026, 3, 1, 8, 0)["closed"])

    def test_lax_program_has_no_hours(self):
        self._open((False, 8, 9))
        self.program.strict = False
        self.assertEqual(self._blockers(2026, 3, 1, 12, 0), {})

    def test_starts_days_after_issue(self):
        self.program.write({"validity_start_days": 2, "validity_days": 10})
        with freeze_time("2026-03-01 15:59:59"):
            card = self._create_card(self.program)
        self.assertEqual(fields.Date.to_string(card.expiration_date), "2026-03-11")
        found = self._blockers(2026, 3, 2, 23, 59, card=card)
        self.assertEqual(list(found), ["not_started"])
        self.assertIn("03/03/2026", found["not_started"])
        self.assertEqual(self._blockers(2026, 3, 3, 0, 0, card=card), {})
        self.assertEqual(self._blockers(2026, 3, 11, 23, 59, card=card), {})
        self.assertIn("expired", self._blockers(2026, 3, 12, 0, 0, card=card))

    def test_issue_after_midnight_of_the_company_is_the_next_day(self):
        self.program.validity_days = 1
        with freeze_time("2026-03-01 16:00:00"):
            card = self._create_card(self.program)
        self.assertEqual(fields.Date.to_string(card.expiration_date), "2026-03-03")

    def test_day_given_by_hand_stays(self):
        self.program.validity_days = 5
        card = self._create_card(self.program, expiration_date="2030-01-01")
        self.assertEqual(fields.Date.to_string(card.expiration_date), "2030-01-01")

    def test_validity_from_the_first_use(self):
        self.program.write({"validity_days": 7, "validity_from": "first_use"})
        card = self._create_card(self.program, self.partner, points=3)
        self.assertFalse(card.expiration_date)
        with freeze_time("2026-03-01 04:00:00"):
            first = self._create_order()
            self._apply_code(first, card.code)
            first.action_confirm()
        self.assertEqual(fields.Date.to_string(card.expiration_date), "2026-03-08")
        self.assertEqual(self._blockers(2026, 3, 8, 23, 59, card=card), {})
        self.assertIn("expired", self._blockers(2026, 3, 9, 0, 0, card=card))
        first._action_cancel()
        self.assertFalse(card.expiration_date)

    def test_generated_coupons_wait_for_their_first_use(self):
        self.program.write({"validity_days": 7, "validity_from": "first_use"})
        wizard = self.env["loyalty.generate.wizard"].create(
            {"program_id": self.program.id, "mode": "anonymous", "coupon_qty": 1}
        )
        self.assertFalse(wizard.valid_until)
        self.assertFalse(wizard.generate_coupons().expiration_date)

    def test_senseless_times_are_refused(self):
        for values in (
            {"kind": "closed"},
            {"kind": "closed", "date_from": "2026-03-02", "date_to": "2026-03-01"},
            {"hour_from": 24},
            {"hour_from": -1},
            {"hour_to": 25},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.program.usage_window_ids = [Command.create(values)]
        for values in (
            {"validity_days": -1},
            {"validity_start_days": 40000},
            {"validity_days": 2, "validity_start_days": 3},
        ):
            with self.subTest(values=values), self.assertRaises(ValidationError):
                self.program.write(values)

    def test_held_since(self):
        order = self._create_order()
        with freeze_time("2026-03-01 06:03:00"):
            self.env["loyalty.point.hold"].create(
                {
                    "card_id": self.card.id,
                    "points": 1,
                    "holder": "pos.order,abc",
                    "shop": "Till 2",
                    "expires_at": "2026-03-01 06:18:00",
                }
            )
            found = self._blockers(2026, 3, 1, 14, 5, document=order)
        self.assertIn("held by Till 2 since 14:03, until 14:18", found["held"])

    def test_database_notes_since_when(self):
        self.env.cr.execute(
            """INSERT INTO loyalty_point_hold (card_id, points, holder, expires_at)
               VALUES (%s, 1, 'x', '2030-01-01') RETURNING held_since""",
            [self.card.id],
        )
        [(since,)] = self.env.cr.fetchall()
        self.assertLess(abs((since - datetime.utcnow()).total_seconds()), 3600)

    def test_roles(self):
        self._open((False, 8, 18))
        window = self.program.usage_window_ids
        self.program.with_user(
            self._create_user("maker", "loyalty_coupon_crm.group_loyalty_marketing")
        ).write({"usage_window_ids": [Command.create({"weekday": "2"})]})
        for login, group in (
            ("seller", "sales_team.group_sale_salesman"),
            ("auditor", "loyalty_coupon_crm.group_loyalty_auditor"),
        ):
            user = self._create_user(login, group)
            self.assertEqual(window.with_user(user).hour_from, 8)
            self.assertFalse(window.with_user(user).has_access("write"))
            gate = self.env["loyalty.program"].with_user(user)
            found = gate._redemption_blockers(
                self.card.with_user(user),
                self.partner,
                "sale",
                datetime(2026, 3, 1, 12),
            )
            self.assertEqual([code for code, _message in found], ["closed"])
