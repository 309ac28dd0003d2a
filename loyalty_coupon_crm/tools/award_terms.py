"""On which day an award can be spent last, by the rules of its program."""

import calendar
from datetime import date, timedelta


def fixed_day(year, month, day):
    """Return a day of a year; a day the month lacks is its last one (29 February)."""
    return date(year, month, min(day, calendar.monthrange(year, month)[1]))


def last_day(earned, spendable=None, after_days=0, month=0, day=0, years=0):
    """Return the last day on which an award can be spent: the earliest of the rules.

    A fixed day never lies before the award can be spent: then it is that of the next
    year. 29 February is 28 February in a year without one.

    :param earned: date of the award
    :param spendable: first date on which it can be spent, `earned` by default
    :param after_days: days after it was earned, 0 for no such rule
    :param month: month of the fixed day, 0 for no such rule
    :param day: day of that month
    :param years: the fixed day is in so many years after the year of the award
    :return: a date, or None when the award never lapses
    """
    days = []
    if after_days:
        days.append(earned + timedelta(days=after_days))
    if month:
        year = earned.year + years
        if fixed_day(year, month, day) < (spendable or earned):
            year = (spendable or earned).year
            if fixed_day(year, month, day) < (spendable or earned):
                year += 1
        days.append(fixed_day(year, month, day))
    return min(days, default=None)
