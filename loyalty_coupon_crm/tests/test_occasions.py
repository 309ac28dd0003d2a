import unittest
from datetime import date, datetime
from unittest.mock import patch

from odoo.tests import TransactionCase, tagged

from ..tools import occasions, quiet_hours


@tagged("post_install", "-at_install")
class TestOccasions(TransactionCase):
    def test_29_february(self):
        key = occasions.birthday_key(date(2000, 2, 29))
        for year, day in ((2023, 28), (2024, 29), (2100, 28)):
            found = [
                one
                for one in (date(year, 2, 27), date(year, 2, 28), date(year, 3, 1))
                + ((date(year, 2, 29),) if day == 29 else ())
                if key in occasions.birthday_keys(one)
            ]
            self.assertEqual(found, [date(year, 2, day)])

    @unittest.skipUnless(occasions.has_lunar(), "the package lunardate is not there")
    def test_lunar_days(self):
        # Published dates of the festivals.
        for year, month, day, expected in (
            (2025, 1, 1, date(2025, 1, 29)),
            (2026, 1, 1, date(2026, 2, 17)),
            (2026, 8, 15, date(2026, 9, 25)),
            (2025, 7, 7, date(2025, 8, 29)),
        ):
            self.assertEqual(occasions.lunar_days(year, month, day), [expected])
        # The last days of a lunar year belong to the next Gregorian one.
        self.assertEqual(occasions.lunar_days(2026, 12, 29), [date(2026, 2, 16)])

    @unittest.skipUnless(occasions.has_lunar(), "the package lunardate is not there")
    def test_born_in_a_leap_month(self):
        # 2023 had a second 2nd month from 22 March on.
        key = occasions.birthday_key(date(2023, 3, 23), lunar=True)
        self.assertEqual(key, "L02-02")
        self.assertIn(key, occasions.birthday_keys(date(2023, 2, 21)))
        self.assertNotIn(key, occasions.birthday_keys(date(2023, 3, 23)))

    @unittest.skipUnless(occasions.has_lunar(), "the package lunardate is not there")
    def test_every_lunar_birthday_once_a_lunar_year(self):
        # From one Spring Festival to the next, leap month included.
        days = [
            date.fromordinal(number)
            for number in range(
                date(2023, 1, 22).toordinal(), date(2024, 2, 10).toordinal()
            )
        ]
        seen = [key for day in days for key in occasions.birthday_keys(day)]
        for month in range(1, 13):
            for day in range(1, 31):
                key = f"L{month:02}-{day:02}"
                self.assertEqual(seen.count(key), 1, key)

    def test_without_the_package(self):
        with patch.object(occasions, "LunarDate", None):
            self.assertFalse(occasions.has_lunar())
            self.assertIsNone(occasions.birthday_key(date(2000, 1, 1), lunar=True))
            self.assertEqual(occasions.birthday_keys(date(2023, 3, 1)), ["03-01"])
            self.assertEqual(occasions.lunar_days(2025, 1, 1), [])

    def test_recurring_days(self):
        self.assertEqual(
            occasions.recurring_days(
                date(2023, 10, 31), 1, "month", date(2024, 1, 1), date(2024, 4, 30)
            ),
            [
                date(2024, 1, 31),
                date(2024, 2, 29),
                date(2024, 3, 31),
                date(2024, 4, 30),
            ],
        )
        self.assertEqual(
            occasions.recurring_days(
                date(2020, 2, 29), 1, "year", date(2020, 1, 1), date(2024, 12, 31)
            ),
            [date(2020 + n, 2, 28 if n % 4 else 29) for n in range(5)],
        )
        every = occasions.recurring_days(
            date(2001, 1, 1), 3, "day", date(2026, 1, 1), date(2026, 12, 31)
        )
        self.assertTrue(all((day - date(2001, 1, 1)).days % 3 == 0 for day in every))
        self.assertIn(len(every), (121, 122))

    def test_first_days(self):
        days = [date(2026, 12, 31), date(2027, 1, 1), date(2027, 1, 3)]
        self.assertEqual(occasions.first_days(days), [days[0], days[2]])

    def test_quiet_night(self):
        # 21:00 to 8:00 in Shanghai (UTC+8).
        moment = self._next("2026-11-22 14:30:00", "Asia/Shanghai")
        self.assertEqual(moment, "2026-11-23 00:00:00")
        self.assertEqual(
            self._next("2026-11-22 20:00:00", "Asia/Shanghai"), "2026-11-23 00:00:00"
        )
        noon = "2026-11-22 04:00:00"
        self.assertEqual(self._next(noon, "Asia/Shanghai"), noon)

    def test_quiet_night_when_the_clock_changes(self):
        # Clocks in Berlin go forward at 2:00 on 29 March 2026: 8:00 is 6:00 UTC.
        self.assertEqual(
            self._next("2026-03-28 22:00:00", "Europe/Berlin"), "2026-03-29 06:00:00"
        )
        # And back on 25 October: 8:00 is 7:00 UTC.
        self.assertEqual(
            self._next("2026-10-24 22:00:00", "Europe/Berlin"), "2026-10-25 07:00:00"
        )

    def test_blackout_over_the_year_end(self):
        blackout = {date(2026, 12, 31), date(2027, 1, 1)}
        self.assertEqual(
            self._next("2026-12-31 10:00:00", "UTC", blackout), "2027-01-02 08:00:00"
        )
        self.assertEqual(
            self._next("2026-12-30 23:00:00", "UTC", blackout), "2027-01-02 08:00:00"
        )

    def _next(self, moment, zone, blackout=()):
        found = quiet_hours.next_allowed(
            datetime.fromisoformat(moment), zone, 21.0, 8.0, blackout
        )
        return str(found)

    def test_no_quiet_hours(self):
        self.assertFalse(quiet_hours.is_quiet(3, 5, 5))
        self.assertTrue(quiet_hours.is_quiet(13, 12, 14))
        self.assertFalse(quiet_hours.is_quiet(14, 12, 14))
