"""Days that lie close together, as few spans."""

from datetime import timedelta


def merge_days(days, gap=2):
    """Return the spans that cover days, so that few of them need to be looked up.

    :param days: iterable of dates, in any order
    :param gap: days that may be missing within a span
    :return: list of (first day, last day), ascending
    """
    spans = []
    for day in sorted(set(days)):
        if spans and day - spans[-1][1] <= timedelta(days=gap + 1):
            spans[-1] = (spans[-1][0], day)
        else:
            spans.append((day, day))
    return spans


def days_between(first, last):
    """Return every day from `first` to `last`, both included."""
    count = (last - first).days + 1
    return [first + timedelta(days=number) for number in range(count)]
