from datetime import date, datetime

from odoo.tests import BaseCase, tagged

from ..tools.usage_window import Window, closing_day, is_open, next_opening

HAPPY_HOUR = Window(None, 14, 18)
SATURDAY = Window(5, 0, 24)
NIGHT = Window(4, 22, 2)


@tagged("post_install", "-at_install")
class TestUsageWindow(BaseCase):
    """Weekdays, hours and closed days, on the wall clock."""

    def _open(self, windows, *moment, closed=()):
        return is_open(windows, list(closed), datetime(*moment))

    def test_all_week_without_windows(self):
        self.assertTrue(self._open([], 2026, 3, 1, 3, 0))

    def test_start_is_included_end_is_not(self):
        windows = [HAPPY_HOUR]
        self.assertFalse(self._open(windows, 2026, 3, 1, 13, 59, 59))
        self.assertTrue(self._open(windows, 2026, 3, 1, 14, 0))
        self.assertTrue(self._open(windows, 2026, 3, 1, 17, 59, 59))
        self.assertFalse(self._open(windows, 2026, 3, 1, 18, 0))

    def test_whole_day(self):
        self.assertTrue(self._open([SATURDAY], 2026, 2, 28, 0, 0))
        self.assertTrue(self._open([SATURDAY], 2026, 2, 28, 23, 59, 59))
        self.assertFalse(self._open([SATURDAY], 2026, 3, 1, 0, 0))

    def test_past_midnight_belongs_to_the_evening(self):
        self.assertTrue(self._open([NIGHT], 2026, 2, 27, 22, 0))
        self.assertTrue(self._open([NIGHT], 2026, 2, 28, 1, 59))
        self.assertFalse(self._open([NIGHT], 2026, 2, 28, 2, 0))
        self.assertFalse(self._open([NIGHT], 2026, 2, 28, 22, 0))

    def test_half_hours(self):
        windows = [Window(None, 14.5, 14.75)]
        self.assertFalse(self._open(windows, 2026, 3, 1, 14, 29))
        self.assertTrue(self._open(windows, 2026, 3, 1, 14, 30))
        self.assertFalse(self._open(windows, 2026, 3, 1, 14, 45))

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
