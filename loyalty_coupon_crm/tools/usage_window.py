"""When an offer may be used: weekdays, hours and days on which it is closed.

All moments are naive, on the wall clock of the company: an offer "from 14:00" opens
when the clock in the shop says so, on days with a time change too.
"""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

DAY_MINUTES = 24 * 60
# A year and a day: a window that does not open until then never opens.
HORIZON_DAYS = 367


@dataclass(frozen=True)
class Window:
    """One weekly window.

    `weekday`: 0 for Monday to 6 for Sunday, None for every day. `start` and `end`:
    hours as decimal numbers, 14.5 for half past two. The end is excluded; an end of 0
    or 24 is midnight, an end before the start lies on the next day.
    """

    weekday: int | None
    start: float
    end: float

    @property
    def minutes(self):
        """Return start and end in minutes from the midnight on which it begins."""
        start, end = round(self.start * 60), round(self.end * 60)
        return start, end if end > start else end + DAY_MINUTES

    def begins_on(self, day):
        """Tell whether the window begins on a date."""
        return self.weekday is None or self.weekday == day.weekday()


def is_open(windows, closed, moment):
    """Tell whether an offer may be used.

    :param windows: list of `Window`; an empty list is open all week
    :param closed: list of (first, last) dates, both included, on which it is closed
    :param moment: naive `datetime` on the wall clock
    """
    if closing_day(closed, moment.date()):
        return False
    return not windows or _contains(windows, moment)


def closing_day(closed, day):
    """Return the (first, last) dates that close a day, or None."""
    return next((span for span in closed if span[0] <= day <= span[1]), None)


def next_opening(windows, closed, moment):
    """Return the first moment at or after `moment` at which an offer may be used.

    :return: naive `datetime`, or None when it does not open within a year
    """
    if is_open(windows, closed, moment):
        return moment
    for offset in range(HORIZON_DAYS):
        day = moment.date() + timedelta(days=offset)
        midnight = datetime.combine(day, time())
        starts = (
            {0}
            if not windows
            else {window.minutes[0] for window in windows if window.begins_on(day)}
        )
        # A window of the day before may run past midnight into a day that is open.
        for minutes in sorted(starts | {0}):
            start = midnight + timedelta(minutes=minutes)
            if start >= moment and is_open(windows, closed, start):
                return start
    return None


def _contains(windows, moment):
    minutes = moment.hour * 60 + moment.minute
    day, before = moment.date(), moment.date() - timedelta(days=1)
    for window in windows:
        start, end = window.minutes
        if window.begins_on(day) and start <= minutes < end:
            return True
        if window.begins_on(before) and minutes + DAY_MINUTES < end:
            return True
    return False
