"""On which days something comes round: birthdays, holidays, periods. No Odoo here.

Lunar dates need the Python package `lunardate`; without it they have no day.
"""

import calendar
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

try:
    from lunardate import LunarDate
except ImportError:
    LunarDate = None

UNITS = {
    "day": relativedelta(days=1),
    "week": relativedelta(weeks=1),
    "month": relativedelta(months=1),
    "quarter": relativedelta(months=3),
    "year": relativedelta(years=1),
}


def has_lunar():
    """Tell whether lunar dates can be computed."""
    return LunarDate is not None


def birthday_key(birthday, lunar=False):
    """Return what all birthdays on the same day of the year share.

    :param birthday: date of birth, Gregorian
    :param lunar: whether it is celebrated by the lunar calendar
    :return: "MM-DD", or "L" and lunar month and day; a birthday in a leap month is
        one in the month it repeats. None when the lunar date is not known.
    """
    if not lunar:
        return f"{birthday:%m-%d}"
    moon = _to_lunar(birthday)
    return moon and f"L{moon.month:02}-{moon.day:02}"


def birthday_keys(day):
    """Return the keys of all birthdays that are celebrated on a day.

    Who was born on 29 February celebrates on the 28th in other years; who was born on
    the 30th of a lunar month that has 29 days this year, on the 29th.

    :param day: a date
    :return: list of keys as of `birthday_key`
    """
    keys = [f"{day:%m-%d}"]
    if (day.month, day.day) == (2, 28) and not calendar.isleap(day.year):
        keys.append("02-29")
    moon = _to_lunar(day)
    if moon and not _is_leap(moon):
        keys.append(f"L{moon.month:02}-{moon.day:02}")
        if moon.day == 29 and _to_lunar(day + timedelta(days=1)).day == 1:
            keys.append(f"L{moon.month:02}-30")
    return keys


def _to_lunar(day):
    """Return the lunar date of a day, None when it is not known."""
    if LunarDate is None:
        return None
    convert = getattr(LunarDate, "from_solar_date", None) or LunarDate.fromSolarDate
    try:
        return convert(day.year, day.month, day.day)
    except ValueError:
        return None


def _is_leap(moon):
    """Tell whether a lunar date lies in a leap month; the package changed its names."""
    return bool(getattr(moon, "is_leap_month", None) or vars(moon).get("isLeapMonth"))


def gregorian_day(year, month, day):
    """Return a day of a year; a day the month does not have becomes its last one."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def lunar_days(year, month, day):
    """Return the days of a Gregorian year on which a lunar date falls.

    :param year: Gregorian year
    :param month: lunar month, 1 to 12; never a leap month
    :param day: lunar day, 1 to 30; the 29th where the month has no 30th
    :return: list of dates: one, rarely none or two
    """
    if LunarDate is None:
        return []
    found = []
    for lunar_year in (year - 1, year):
        solar = _to_solar(lunar_year, month, day)
        if solar and solar.year == year:
            found.append(solar)
    return found


def _to_solar(year, month, day):
    """Return the day of a lunar date, None when the calendar does not reach so far."""
    for known in (day, day - 1):
        try:
            moon = LunarDate(year, month, known)
            return (getattr(moon, "to_solar_date", None) or moon.toSolarDate)()
        except ValueError:
            continue
    return None


def recurring_days(first, number, unit, since, until):
    """Return the days of a rhythm within two days, both included.

    Months are counted from the first day, so that the 31st comes back after a short
    month.

    :param first: date of the first time
    :param number: every so many units, at least 1
    :param unit: key of `UNITS`
    :return: list of dates
    """
    step = UNITS[unit] * number
    length = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366}[unit]
    place = max(0, (since - first).days // (length * number) - 1)
    days = []
    while (day := first + step * place) <= until:
        if day >= since:
            days.append(day)
        place += 1
    return days


def first_days(days):
    """Return the days that do not follow another one of the same list."""
    known = set(days)
    return sorted(day for day in known if day - timedelta(days=1) not in known)
