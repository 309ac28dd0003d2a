import threading
from datetime import datetime, timedelta
from types import SimpleNamespace
from unittest.mock import Mock, patch

from freezegun import freeze_time
from psycopg2.errors import SerializationFailure

from odoo.exceptions import AccessError
from odoo.tests import tagged

from ..models import loyalty_throttle
from ..tools import answer_time, codes
from ..tools.backoff import Backoff
from .common import LoyaltyCrmCommon


class FakeSession(dict):
    sid = "secret-session"


@tagged("post_install", "-at_install", "loyalty_plain")
class TestThrottle(LoyaltyCrmCommon):
    """Who guesses codes waits, learns nothing, and is noticed."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.program = cls._create_coupon_program()
        cls.public = cls.env.ref("base.public_user")
        cls.order = cls._create_order().with_user(cls.public).sudo()
        cls.throttle = cls.env["loyalty.throttle"]

    def _visit(self, code, order=None, ip="10.0.0.1", sid="visitor"):
        """Enter a code as one request of a visitor does; return Odoo's answer."""
        session = self.sessions.setdefault(sid, FakeSession())
        session.sid = sid
        visitor = SimpleNamespace(
            session=session, httprequest=SimpleNamespace(remote_addr=ip)
        )
        with (
            self.enter_registry_test_mode(),
            patch.object(loyalty_throttle, "request", visitor),
        ):
            answer = (order or self.order)._try_apply_code(code)
            self.env.cr.postrollback.run()
            self.env.cr.postcommit.clear()
        return answer

    def setUp(self):
        super().setUp()
        self.sessions = {}

    def _row(self, scope):
        return self.throttle.search([("scope", "=", scope)])

    def test_backoff(self):
        backoff = Backoff(free=2, first=10, most=100)
        waits = [backoff.wait(failures) for failures in range(8)]
        self.assertEqual(waits, [0, 0, 0, 10, 20, 40, 80, 100])
        self.assertEqual(backoff.wait(10**9), 100)
        self.assertEqual([n for n in range(50) if backoff.is_alert(n)], [7])

    def test_visitor_waits_after_free_tries(self):
        card = self._create_card(self.program)
        with freeze_time("2026-03-01 10:00:00"):
            for number in range(6):
                answer = self._visit(f"GUESS{number}")
                self.assertTrue(answer["not_found"])
            row = self._row("session")
            self.assertEqual(row.failures, 6)
            self.assertEqual(str(row.locked_until), "2026-03-01 10:00:30")
            self.assertNotEqual(row.key, "visitor", "sessions are secret")
            answer = self._visit(card.code)
            unknown = self._visit("OTHER")
        self.assertEqual(set(answer), set(unknown))
        self.assertIn("invalid", answer["error"])
        self.assertFalse(self.order.applied_coupon_ids)
        self.assertEqual(self._row("session").failures, 6, "waiting is no failure")
        with freeze_time("2026-03-01 10:00:31"):
            self.assertNotIn("error", self._visit(card.code))

    def test_new_session_of_one_address(self):
        with freeze_time("2026-03-01 10:00:00"):
            for number in range(21):
                self._visit(f"{number}GUESS", sid=f"visitor {number}")
            self.assertTrue(self._row("ip").locked_until)
            card = self._create_card(self.program)
            self.assertIn("error", self._visit(card.code, sid="fresh"))
            self.assertNotIn(
                "error", self._visit(card.code, sid="fresh", ip="10.0.0.2")
            )

    def test_words_from_many_addresses(self):
        """SUMMER1, SUMMER2, … from a botnet: the beginning of the word is counted."""
        with freeze_time("2026-03-01 10:00:00"):
            for number in range(101):
                self._visit(f"summer{number}", sid=str(number), ip=f"10.0.1.{number}")
            self.assertEqual(self._row("prefix").key, "SUMME")
            self.assertTrue(self._row("prefix").locked_until)
        keys = self.throttle.with_user(self.public)._keys
        self.assertFalse(keys(codes.generate_code()).get("prefix"))
        self.assertEqual(keys("0441-8b3f-4c21").get("prefix"), "0441-")

    def test_who_errs_now_and_then_is_not_locked(self):
        start = datetime(2026, 3, 1, 10)
        for number in range(60):
            with freeze_time(start + timedelta(minutes=10 * number)):
                self._visit(f"WRONG{number}")
        self.assertEqual(self._row("session").failures, 1)
        self.assertFalse(self._row("session").locked_until)

    def test_a_good_code_forgives_the_visitor(self):
        card = self._create_card(self.program)
        with freeze_time("2026-03-01 10:00:00"):
            for number in range(4):
                self._visit(f"WRONG{number}")
            self._accept(card.code)
        self.assertFalse(self._row("session"))
        self.assertTrue(self._row("ip"), "it is of others, too")

    def _accept(self, code):
        """Enter a good code and commit."""
        visitor = SimpleNamespace(
            session=self.sessions["visitor"],
            httprequest=SimpleNamespace(remote_addr="10.0.0.1"),
        )
        with (
            self.enter_registry_test_mode(),
            patch.object(loyalty_throttle, "request", visitor),
        ):
            self.assertNotIn("error", self.order._try_apply_code(code))
            self.env.cr.postcommit.run()
        self.throttle.invalidate_model()

    def test_a_transaction_begun_anew_counts_nothing(self):
        with self.enter_registry_test_mode():
            self.throttle._note_failure("WRONG")
            try:
                raise SerializationFailure("met another one")
            except SerializationFailure:
                self.env.cr.postrollback.run()
        self.assertFalse(self._row("staff"))
        self.env.cr.postcommit.clear()

    def test_failures_are_forgotten(self):
        with freeze_time("2026-03-01 10:00:00"):
            self._visit("A")
            self._visit("B")
        with freeze_time("2026-03-01 11:00:01"):
            self._visit("C")
        self.assertEqual(self._row("session").failures, 1)

    def test_page_that_tries_one_code_again_counts_once(self):
        for _number in range(9):
            self._visit("PENDING")
        self.assertEqual(self._row("session").failures, 1)

    def test_all_dead_codes_look_the_same(self):
        strict = self._create_coupon_program(strict=True, transferable=False)
        used, void, expired, old, foreign = (
            self._create_card(self.program, points=0),
            self._create_card(self.program),
            self._create_card(self.program, expiration_date="2020-01-01"),
            self._create_card(strict, expiration_date="2020-01-01"),
            self._create_card(strict, self.other_partner),
        )
        void.voided_at = "2026-01-01"
        mistyped = void.code[:-1] + ("A" if void.code[-1] != "A" else "C")
        answers = set()
        for code in (
            *(used + void + expired + old + foreign).mapped("code"),
            mistyped,
            "SUMMER10",
            "0440000-1111",
        ):
            answer = self._visit(code, sid=code, ip=code)
            text = answer["error"].replace(code, "X")
            answers.add((text, answer.get("not_found"), tuple(sorted(answer))))
        self.assertEqual(len(answers), 1, answers)

    def test_refused_visitors_are_answered_at_full_tenths_of_a_second(self):
        thread = threading.current_thread()
        thread.perf_t0 = 1000.0
        self.addCleanup(delattr, thread, "perf_t0")
        dead = self._create_card(self.program, expiration_date="2020-01-01")
        # The second time it is not counted, and answered like the first.
        for code in ("WRONG", "WRONG", dead.code):
            self.assertAlmostEqual(self._waited(code), 0.07)
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order(user_id=user.id).with_user(user)
        self.assertIsNone(self._waited("WRONG", order))

    def _waited(self, code, order=None):
        """Return the seconds a refused request of 0.13 seconds waits, or None."""
        clock = SimpleNamespace(time=lambda: 1000.13, sleep=Mock())
        with patch.object(answer_time, "time", clock):
            self.assertIn("error", self._visit(code, order))
        called = clock.sleep.call_args
        return called and called.args[0]

    def test_staff_read_the_reason_and_count_for_themselves(self):
        user = self._create_user("seller", "sales_team.group_sale_salesman")
        order = self._create_order(user_id=user.id).with_user(user)
        card = self._create_card(self.program, expiration_date="2020-01-01")
        with freeze_time("2026-03-01 10:00:00"):
            self.assertIn("expired", self._visit(card.code, order)["error"])
            self.assertFalse(self._row("staff"), "the code exists")
            for number in range(21):
                self._visit(f"TYPO{number}", order)
            self.assertFalse(self._row("ip") | self._row("session"))
            row = self._row("staff")
            self.assertEqual(row.user_id, user)
            self.assertIn("Too many wrong", self._visit("TYPO", order)["error"])
        self.assertFalse(row.with_user(user).has_access("read"))
        with self.assertRaises(AccessError):
            row.with_user(user).action_release()
        manager = self._create_user("boss", "loyalty_coupon_crm.group_loyalty_manager")
        row.with_user(manager).action_release()
        self.assertFalse(row.exists())

    def test_managers_are_told_once(self):
        manager = self._create_user("boss", "loyalty_coupon_crm.group_loyalty_manager")
        with patch.object(
            type(self.throttle), "_locked_until", lambda self, code: None
        ):
            for number in range(15):
                self._visit(f"{number}")
        told = self.env["mail.activity"].search([("user_id", "=", manager.id)])
        self.assertEqual(len(told), 1)
        self.assertIn("10 wrong coupon codes", told.summary)

    def test_refusals_of_odoo_are_logged_too(self):
        self._visit("SUMMER10")
        refusal = self.env["loyalty.refusal"].search([("code", "=", "SUMMER10")])
        self.assertEqual(refusal.reason_codes, "unknown")
        self.assertEqual(refusal.order_id, self.order.id)

    def test_old_odoo_codes_work(self):
        card = self._create_card(self.program, code="044d-1234-abcd")
        self.assertNotIn("error", self._visit(f" {card.code} "))

    def test_empty_code(self):
        for code in ("", " ", None):
            self.assertIn("error", self._visit(code, sid=str(code)))
