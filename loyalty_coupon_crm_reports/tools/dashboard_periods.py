"""Days, weeks and months of a period, and the period before it."""

from datetime import date, timedelta

from babel.dates import format_skeleton

MOST_DAYS, MOST_WEEKS = 62, 370


def month_start(day, months=0):
    """Return the first day of the month of a day, or of one so many months later."""
    number = day.year * 12 + day.month - 1 + months
    return date(number // 12, number % 12 + 1, 1)


def period_before(first, last):
    """Return first and last day of the period before, as long as this one.

    Before whole months are as many whole months, else as many days.
    """
    if first.day == 1 and (last + timedelta(days=1)).day == 1:
        months = (last.year - first.year) * 12 + last.month - first.month + 1
        return month_start(first, -months), first - timedelta(days=1)
    return first - (last - first) - timedelta(days=1), first - timedelta(days=1)


def bucket_of(size, day):
    """Return the first day of the `day`, `week` (from Monday) or `month` of a day."""
    if size == "week":
        return day - timedelta(days=day.weekday())
    return month_start(day) if size == "month" else day


def buckets(first, last):
    """Return the size that a chart of a period is drawn in, and where each begins.

    :return: `day`, `week` or `month`, and a list of days that begins with `first`
    """
    length = (last - first).days + 1
    size = "day" if length <= MOST_DAYS else "week"
    if length > MOST_WEEKS:
        size = "month"
    starts = [first]
    day = first
    while day < last:
        day += timedelta(days=1)
        if bucket_of(size, day) == day:
            starts.append(day)
    return size, starts


def last_full_month(day):
    """Return the first day of the month before that of a day."""
    return month_start(day, -1)


def month_end(day):
    """Return the last day of the month of a day."""
    return month_start(day, 1) - timedelta(days=1)


def day_name(day, skeleton, locale):
    """Return a day in the order and words of a language.

    :param skeleton: the parts that are wanted, as `yMMMM` or `MMMd`
    :param locale: Babel locale
    """
    return format_skeleton(skeleton, day, locale=locale)
