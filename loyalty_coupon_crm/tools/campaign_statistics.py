"""Did it pay? Pure functions on the figures of two groups. No Odoo here.

Sources: Newcombe (1998) and textbook formulas for two proportions; Welch (1947) and
Satterthwaite (1946) for means; Deng, Xu, Kohavi, Walker (2013) for CUPED; Numerical
Recipes, 3rd edition, 6.2 and 6.4, for the incomplete gamma and beta functions.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

NORMAL = NormalDist()
SRM_LIMIT = 0.001
P_LIMIT = 0.05
TINY, ROUNDS, PRECISION = 1e-300, 500, 1e-15


@dataclass
class Group:
    """What is known of one group.

    `buyers`: how many of `count` bought; `mean`, `variance`: of net purchases (sample
    variance); `before_mean`, `before_variance`, `covariance`: of the purchases before,
    and of both together.
    """

    count: int = 0
    buyers: int = 0
    mean: float = 0.0
    variance: float = 0.0
    before_mean: float = 0.0
    before_variance: float = 0.0
    covariance: float = 0.0


@dataclass
class Lift:
    """A difference, its 95 % interval and two-sided p-value.

    Everything but `value` is None when it cannot be told: a group is too small.
    """

    value: float = 0.0
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    relative: float | None = None

    @property
    def is_conclusive(self):
        """Whether the interval excludes zero, and the test agrees.

        The interval alone believes in two customers of whom neither bought.
        """
        if self.low is None or self.low <= 0 <= self.high:
            return False
        return self.p_value is None or self.p_value < P_LIMIT


def binary_lift(treated, control, confidence=0.95):
    """Return the difference of the shares of buyers.

    Standard error unpooled for the interval, pooled for the test.
    """
    if not treated.count or not control.count:
        return Lift()
    share_t = treated.buyers / treated.count
    share_c = control.buyers / control.count
    lift = Lift(share_t - share_c)
    lift.relative = lift.value / share_c if share_c else None
    error = math.sqrt(
        share_t * (1 - share_t) / treated.count
        + share_c * (1 - share_c) / control.count
    )
    if not error:
        return lift
    reach = NORMAL.inv_cdf(0.5 + confidence / 2) * error
    lift.low, lift.high = lift.value - reach, lift.value + reach
    pooled = (treated.buyers + control.buyers) / (treated.count + control.count)
    error = math.sqrt(pooled * (1 - pooled) * (1 / treated.count + 1 / control.count))
    lift.p_value = 2 * NORMAL.cdf(-abs(lift.value) / error) if error else None
    return lift


def amount_lift(treated, control, confidence=0.95):
    """Return the difference of the mean net purchases, by Welch's test."""
    lift = Lift(treated.mean - control.mean)
    lift.relative = lift.value / control.mean if control.mean else None
    if min(treated.count, control.count) < 2:
        return lift
    part_t = treated.variance / treated.count
    part_c = control.variance / control.count
    if not part_t + part_c:
        return lift
    freedom = (part_t + part_c) ** 2 / (
        part_t**2 / (treated.count - 1) + part_c**2 / (control.count - 1)
    )
    error = math.sqrt(part_t + part_c)
    reach = t_quantile(0.5 + confidence / 2, freedom) * error
    lift.low, lift.high = lift.value - reach, lift.value + reach
    lift.p_value = 2 * t_tail(abs(lift.value) / error, freedom)
    return lift


def cuped(treated, control):
    """Return both groups with what they bought before taken out of the figures.

    Theta is that of both groups together: pooled covariance over pooled variance.
    """
    total = treated.count + control.count
    if total < 3:
        return treated, control
    before = (
        treated.count * treated.before_mean + control.count * control.before_mean
    ) / total
    after = (treated.count * treated.mean + control.count * control.mean) / total
    variance = covariance = 0.0
    for group in (treated, control):
        variance += (group.count - 1) * group.before_variance
        variance += group.count * (group.before_mean - before) ** 2
        covariance += (group.count - 1) * group.covariance
        covariance += group.count * (group.before_mean - before) * (group.mean - after)
    if variance <= 0:
        return treated, control
    theta = covariance / variance
    return tuple(
        Group(
            count=group.count,
            buyers=group.buyers,
            mean=group.mean - theta * (group.before_mean - before),
            variance=max(
                0.0,
                group.variance
                - 2 * theta * group.covariance
                + theta**2 * group.before_variance,
            ),
        )
        for group in (treated, control)
    )


def sample_ratio_p(counts, shares):
    """Return how likely counts as far from the plan are, by a chi-squared test.

    :param counts: customers per group
    :param shares: planned weights, as many
    :return: p-value; 1.0 when there is nothing to test
    """
    total, weight = sum(counts), sum(shares)
    planned = [
        (count, total * share / weight)
        for count, share in zip(counts, shares, strict=True)
        if share
    ]
    if not total or len(planned) < 2:
        return 1.0
    distance = sum((count - plan) ** 2 / plan for count, plan in planned)
    return gamma_tail((len(planned) - 1) / 2, distance / 2)


@dataclass
class Profit:
    """Money of a campaign, in company currency.

    `roi` is None without cost; everything but `cost` is None while no margin is known.
    """

    margin: float | None
    cost: float
    profit: float | None
    roi: float | None


def profit(count, gross_lift, margin_rate, discount, goods_cost, channel_cost):
    """Return what the campaign earned beyond the control group.

    :param count: treated members
    :param gross_lift: difference of the mean gross sales (net + discount given)
    :param margin_rate: (gross sales - cost of the goods sold) / gross sales of the
        treated, what was given free left out; None when unknown
    :param discount: discount given on the campaign's coupons
    :param goods_cost: cost of goods given free
    :param channel_cost: cost of the messages
    """
    cost = discount + goods_cost + channel_cost
    if margin_rate is None and gross_lift:
        return Profit(None, cost, None, None)
    margin = count * gross_lift * (margin_rate or 0.0)
    gain = margin - cost
    return Profit(margin, cost, gain, gain / cost if cost else None)


def t_tail(value, freedom):
    """Return P(T > value) of Student's distribution, for value >= 0."""
    return 0.5 * beta_ratio(freedom / 2, 0.5, freedom / (freedom + value * value))


def t_quantile(share, freedom):
    """Return the value below which a share above one half of Student's T lies."""
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > 1 - share:
        low, high = high, high * 2
    while high - low > 1e-12 * high:
        middle = (low + high) / 2
        if t_tail(middle, freedom) > 1 - share:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def beta_ratio(a, b, x):
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    front = math.exp(
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _beta_fraction(a, b, x) / a
    return 1 - front * _beta_fraction(b, a, 1 - x) / b


def _beta_fraction(a, b, x):
    """Return the continued fraction of the incomplete beta function (Lentz)."""
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    result = d
    for m in range(1, ROUNDS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d = 1 / _away(1 + step * d)
            c = _away(1 + step / c)
            result *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return result


def gamma_tail(a, x):
    """Return the regularised upper incomplete gamma function Q(a, x)."""
    if x <= 0:
        return 1.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for n in range(1, ROUNDS):
            term *= x / (a + n)
            total += term
            if term < total * PRECISION:
                break
        return 1 - front * total
    b = x + 1 - a
    c, d = 1 / TINY, 1 / _away(b)
    result = d
    for n in range(1, ROUNDS):
        step = -n * (n - a)
        b += 2
        d = 1 / _away(step * d + b)
        c = _away(b + step / c)
        result *= c * d
        if abs(c * d - 1) < PRECISION:
            break
    return front * result


def _away(number):
    """Return a number that can be divided by."""
    return number if abs(number) > TINY else TINY
