"""What points owe: expected use by the curve of closed cohorts, and IFRS 15 revenue.

Source of the revenue: IFRS 15 B39-B43, B46 and Illustrative Example 52. Points of one
month of earning are a cohort; a cohort is closed when nothing of it is open any more.
"""

from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

# What a draw on an award means for it; all else takes the points away as if they had
# not been earned: refunds of the purchase, adjustments, points moved to nowhere.
USED = ("spend",)
LAPSED = ("expire", "void")


class Fact(NamedTuple):
    """Points that sales earned, or that were drawn from such awards, summed up.

    :param cohort: month of earning
    :param meaning: `award`, what the draw means, or `kept` of points that lapse soon on
        other terms than their award's
    :param age: months from that month to the draw
    :param place: how many of the moments that divide the facts had passed
    :param soon: whether the award lapses soon
    :param programs: ids of all programs that earned on the document, of one alone ()
    """

    cohort: object
    meaning: str
    age: int
    place: int
    soon: bool
    programs: tuple
    points: float

    @property
    def earned(self):
        """Return by how much the points earned rose."""
        if self.meaning == "award":
            return self.points
        return 0.0 if self.meaning in (*USED, *LAPSED, "kept") else -self.points

    @property
    def redeemed(self):
        """Return the points that were spent."""
        return self.points if self.meaning in USED else 0.0

    @property
    def expiring(self):
        """Return by how much the open points that lapse soon rose."""
        if not self.soon:
            return 0.0
        return self.points if self.meaning in ("award", "kept") else -self.points


@dataclass
class Cohort:
    """Points earned in one month, as they stand at the end of a day.

    :param age: months from the cohort's month to that day
    :param earned: points, less what refunds and adjustments took back
    :param used: {age in months at which they were spent: points}
    :param lapsed: {age in months at which they lapsed: points}
    """

    age: int
    earned: float = 0.0
    used: dict = field(default_factory=dict)
    lapsed: dict = field(default_factory=dict)

    @property
    def used_points(self):
        """Return the points that were spent."""
        return sum(self.used.values())

    @property
    def lapsed_points(self):
        """Return the points that lapsed."""
        return sum(self.lapsed.values())

    @property
    def open_points(self):
        """Return the points that can still be spent."""
        # Sums of many points are off by a hair, of which none is open.
        return max(0.0, round(self.earned - self.used_points - self.lapsed_points, 6))

    @property
    def is_closed(self):
        """Tell whether nothing is open any more."""
        return self.open_points < 0.005


def cohorts_of(facts, date):
    """Return {month: `Cohort`} of facts, as they stand on a day."""
    cohorts = {}
    for fact in facts:
        month = fact.cohort
        if not month:
            continue
        if month not in cohorts:
            age = (date.year - month.year) * 12 + date.month - month.month
            cohorts[month] = Cohort(age)
        cohort = cohorts[month]
        cohort.earned += fact.earned
        if fact.meaning in USED:
            cohort.used[fact.age] = cohort.used.get(fact.age, 0.0) + fact.points
        elif fact.meaning in LAPSED:
            cohort.lapsed[fact.age] = cohort.lapsed.get(fact.age, 0.0) + fact.points
    return cohorts


@dataclass(frozen=True)
class Curve:
    """Which share of closed cohorts was spent and had lapsed up to an age."""

    used: tuple
    lapsed: tuple

    @property
    def use(self):
        """Return the share that was spent in the end."""
        return self.used[-1]

    def future_use(self, age):
        """Return which share of points still open at an age will be spent."""
        place = min(age, len(self.used) - 1)
        left = 1.0 - self.used[place] - self.lapsed[place]
        if left <= 1e-9:
            # Older than any cohort that has closed: what is left has no example.
            return 0.0
        return min(1.0, (self.use - self.used[place]) / left)


def redemption_curve(cohorts):
    """Return the curve of the closed cohorts, None while there is none.

    :param cohorts: list of `Cohort`
    """
    closed = [cohort for cohort in cohorts if cohort.is_closed]
    total = sum(cohort.used_points + cohort.lapsed_points for cohort in closed)
    if total <= 0:
        return None
    last = max(
        (age for cohort in closed for age in (*cohort.used, *cohort.lapsed)), default=0
    )
    sums = {"used": [], "lapsed": []}
    for name, values in sums.items():
        reached = 0.0
        for age in range(last + 1):
            reached += sum(getattr(cohort, name).get(age, 0.0) for cohort in closed)
            values.append(reached / total)
    return Curve(tuple(sums["used"]), tuple(sums["lapsed"]))


def future_use(cohort, curve, breakage):
    """Return which share of a cohort's open points is expected to be spent.

    :param curve: of closed cohorts, or None
    :param breakage: share of the points awarded that is expected to lapse, for as long
        as no cohort has closed
    """
    if not cohort.open_points:
        return 0.0
    if curve:
        return curve.future_use(cohort.age)
    coming = cohort.earned * (1.0 - breakage) - cohort.used_points
    return max(0.0, min(1.0, coming / cohort.open_points))


def breakage_rate(cohorts):
    """Return points lapsed ÷ points that cannot be open any more, None without any."""
    lapsed = sum(cohort.lapsed_points for cohort in cohorts)
    gone = lapsed + sum(cohort.used_points for cohort in cohorts)
    return lapsed / gone if gone > 0 else None


@dataclass(frozen=True)
class Estimate:
    """What a program's points are worth and how many of them will be spent.

    :param cohorts: {month of earning: `Cohort`}
    :param breakage: share of the points that is expected to lapse, for as long as no
        cohort has closed
    :param worth: money per point
    :param expiring: open points that lapse soon
    """

    cohorts: dict
    breakage: float
    worth: float
    expiring: float = 0.0

    @cached_property
    def curve(self):
        """Return the curve of the closed cohorts, None while there is none."""
        return redemption_curve(self.cohorts.values())

    @cached_property
    def uses(self):
        """Return {month: share of the open points that is expected to be spent}."""
        return {
            month: future_use(cohort, self.curve, self.breakage)
            for month, cohort in self.cohorts.items()
        }

    @property
    def open_points(self):
        """Return the points that can still be spent."""
        return sum(cohort.open_points for cohort in self.cohorts.values())

    @property
    def coming(self):
        """Return the points that are expected to be spent yet."""
        return sum(
            self.cohorts[month].open_points * use for month, use in self.uses.items()
        )

    @property
    def expected_use(self):
        """Return the share of the open points that is expected to be spent."""
        return self.coming / self.open_points if self.open_points else 0.0

    @property
    def breakage_rate(self):
        """Return points lapsed ÷ points that cannot be open any more, 0 without any."""
        return breakage_rate(self.cohorts.values()) or 0.0

    def price(self, points):
        """Return the stand-alone selling price of new points: value x likely use."""
        use = self.curve.use if self.curve else 1.0 - self.breakage
        return points * self.worth * use


def allocate(sales, price, beside=0.0):
    """Return the part of a transaction price that belongs to the points of the sales.

    By relative stand-alone selling prices. Where refunds weigh more than sales and took
    back more points than were earned, what is returned is below zero.

    :param sales: net amount of the sales that earned the points
    :param price: stand-alone selling price of the points
    :param beside: that of the points that other programs gave on the same sales
    """
    if sales < 0 and price < 0:
        return -allocate(-sales, -price, -beside)
    if sales <= 0 or price <= 0:
        return 0.0
    return sales * price / (sales + price + max(0.0, beside))


def recognise(allocated, redeemed, expected):
    """Return the revenue of points to date: allocated x redeemed ÷ expected in total.

    :param expected: points expected to be redeemed in total, not points awarded
    """
    if expected <= 0:
        # Nobody is expected to spend any more: nothing is owed.
        return allocated
    return allocated * max(0.0, min(1.0, redeemed / expected))
