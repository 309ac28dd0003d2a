"""How points of a program are rounded: the till has the same in `rounding.js`.

Both are tested against `static/tests/cases/points_rounding.json`.
"""

import math

# What Odoo keeps of the points of a card.
POINTS_DIGITS = 2
# A number this close to a whole one is the whole one.
NEARLY = 1e-7


def round_earned(points, step):
    """Return points that are given, in whole steps: what is less than one is lost.

    :param points: points as computed, of any sign
    :param step: 1, 0.1 or 0.01
    """
    return _in_steps(points, step, math.floor)


def round_spent(points, step):
    """Return points that are taken, in whole steps: a part of one is taken whole.

    What is less than half of a hundredth is no part: Odoo counts in hundredths.

    :param points: points as computed, of any sign
    :param step: 1, 0.1 or 0.01
    """
    cents = math.floor(abs(points) * 100 + 0.5 + NEARLY)
    return _in_steps(math.copysign(cents / 100, points), step, math.ceil)


def _in_steps(points, step, whole):
    count = abs(points) / step
    nearest = math.floor(count + 0.5)
    if abs(count - nearest) > NEARLY:
        nearest = whole(count)
    rounded = round(nearest * step, POINTS_DIGITS)
    return -rounded if points < 0 and rounded else rounded
