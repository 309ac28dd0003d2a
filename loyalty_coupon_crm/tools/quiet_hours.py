"""When a message may be sent. No Odoo here."""

from datetime import datetime, time, timedelta

import pytz

# More days without messages in a row are a mistake in the calendar.
MAX_DAYS = 60


def is_quiet(hour, start, end):
    """Tell whether an hour lies in the quiet time.

    :param hour: hour of the day, 0 to 24, with decimals
    :param start: first quiet hour
    :param end: first hour that is not quiet; before `start` for a night, equal for none
    """
    if start <= end:
        return start <= hour < end
    return hour >= start or hour < end


def next_allowed(moment, zone, start, end, blackout=()):
    """Return the first moment from `moment` on at which a message may be sent.

    :param moment: naive datetime in UTC
    :param zone: name of the customer's time zone
    :param start: first quiet hour there, 0 to 24
    :param end: first hour there that is not quiet
    :param blackout: days on which nothing is sent, by the customer's calendar
    :return: naive datetime in UTC, `moment` itself when it is allowed
    """
    zone = pytz.timezone(zone)
    local = pytz.utc.localize(moment).astimezone(zone)
    hour = local.hour + local.minute / 60.0 + local.second / 3600.0
    day, opening = local.date(), end if start != end else 0.0
    if day not in blackout and not is_quiet(hour, start, end):
        return moment
    if day in blackout or hour >= opening:
        day += timedelta(days=1)
    for _attempt in range(MAX_DAYS):
        if day not in blackout:
            break
        day += timedelta(days=1)
    minutes = round(opening * 60)
    wall = datetime.combine(day, time(minutes // 60 % 24, minutes % 60))
    return zone.normalize(zone.localize(wall)).astimezone(pytz.utc).replace(tzinfo=None)
