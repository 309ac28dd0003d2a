import json
from datetime import date, datetime

from odoo.tests import BaseCase, tagged
from odoo.tools import file_path

from ..tools.usage_window import Window, closing_day, is_open, next_opening

CASES = "loyalty_coupon_crm/static/tests/cases/usage_windows.json"
HAPPY_HOUR = Window(None, 14, 18)
SATURDAY = Window(5, 0, 24)
NIGHT = Window(4, 22, 2)


@tagged("post_install", "-at_install")
class TestUsageWindow(BaseCase):
    """Weekdays, hours and closed days, on the wall clock."""

    def _open(self, windows, *moment, closed=()):
        return is_open(windows, list(closed), datetime(*moment))

    def test_cases_that_the_till_s_tests_read_as_well(self):
        with open(file_path(CASES), encoding="utf-8") as stream:
            cases = json.load(stream)
        for case in cases:
            windows = [Window(*window) for window in case["open"]]
            closed = [tuple(map(date.fromisoformat, days)) for days in case["closed"]]
            for text, expected in case["moments"].items():
                with self.subTest(case["name"], moment=text):
                    moment = datetime.fromisoformat(text)
                    self.assertEqual(is_open(windows, closed, moment), expected)

    def test_closed_days_are_included(self):
        closed = [(date(2026, 3, 1), date(2026, 3, 2))]
        self.assertTrue(self._open([], 2026, 2, 28, 23, 59, 59, closed=closed))
        self.assertFalse(self._open([], 2026, 3, 1, 0, 0, closed=closed))
        self.assertFalse(self._open([], 2026, 3, 2, 23, 59, 59, closed=closed))
        self.assertTrue(self._open([], 2026, 3, 3, 0, 0, closed=closed))
        self.assertEqual(closing_day(closed, date(2026, 3, 2)), closed[0])
        self.assertIsNone(closing_day(closed, date(2026, 3, 3)))

    def test_next_opening(self):
        for windows, closed, expected in (
            ([HAPPY_HOUR], [], datetime(2026, 3, 1, 14, 0)),
            ([SATURDAY], [], datetime(2026, 3, 7, 0, 0)),
            ([HAPPY_HOUR, Window(6, 11, 12)], [], datetime(2026, 3, 1, 11, 0)),
            (
                [HAPPY_HOUR],
                [(date(2026, 3, 1), date(2026, 3, 4))],
                datetime(2026, 3, 5, 14, 0),
            ),
            ([], [(date(2026, 3, 1), date(2026, 3, 1))], datetime(2026, 3, 2, 0, 0)),
            (
                [NIGHT],
                [(date(2026, 3, 6), date(2026, 3, 6))],
                datetime(2026, 3, 7, 0, 0),
            ),
            ([SATURDAY], [(date(2026, 1, 1), date(2030, 1, 1))], None),
        ):
            with self.subTest(windows=windows, closed=closed):
                found = next_opening(windows, closed, datetime(2026, 3, 1, 10, 0))
                self.assertEqual(found, expected)

    def test_next_opening_is_now(self):
        now = datetime(2026, 3, 1, 15, 12)
        self.assertEqual(next_opening([HAPPY_HOUR], [], now), now)

    def test_next_opening_agrees_with_a_walk_through_the_minutes(self):
        windows = [NIGHT, Window(1, 9.5, 11), Window(None, 23.5, 0)]
        closed = [(date(2026, 3, 3), date(2026, 3, 4))]
        start = datetime(2026, 2, 27, 0, 0)
        previous = None
        for minute in range(9 * 24 * 60, -1, -7):
            moment = datetime.fromtimestamp(start.timestamp() + minute * 60)
            found = next_opening(windows, closed, moment)
            if is_open(windows, closed, moment):
                self.assertEqual(found, moment)
            else:
                self.assertTrue(is_open(windows, closed, found))
                self.assertLessEqual(found, previous or found)
            previous = found
