"""The calendar periods in which uses are counted."""

from datetime import date, timedelta
from functools import lru_cache

EVER = date(1970, 1, 1)


@lru_cache
def period_start(period, day):
    """Return the first day of the period that a day lies in.

    :param period: `ever`, `day`, `week` (from Monday), `month` or `year`
    """
    return {
        "ever": EVER,
        "day": day,
        "week": day - timedelta(days=day.weekday()),
        "month": day.replace(day=1),
        "year": day.replace(month=1, day=1),
    }[period]


def next_start(period, day):
    """Return the first day of the next period, or None when there is none."""
    start = period_start(period, day)
    if period == "ever":
        return None
    if period in ("day", "week"):
        return start + timedelta(days=1 if period == "day" else 7)
    if period == "year":
        return start.replace(year=start.year + 1)
    return (start + timedelta(days=31)).replace(day=1)
