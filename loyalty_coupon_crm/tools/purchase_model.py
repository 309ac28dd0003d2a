"""How often customers will buy again (BG/NBD) and for how much (Gamma-Gamma).

P. Fader, B. Hardie, K. Lee: "Counting Your Customers" the Easy Way (2005), and
P. Fader, B. Hardie: The Gamma-Gamma Model of Monetary Value (2013). Time is in weeks; a
purchase is a day with purchases; `x` counts those after the first, `recency` is the
time from the first to the last one and `age` the time from the first to now.

numpy and scipy are optional: without them `available()` is False and nothing else may
be called.
"""

from typing import NamedTuple

try:
    import numpy as np
    from scipy import optimize, special
except ImportError:  # pragma: no cover
    np = None

MONTHS = 12
WEEKS_IN_MONTH = 365.25 / 7 / MONTHS


class Purchases(NamedTuple):
    """Parameters of BG/NBD, and the log-likelihood they reach."""

    r: float
    alpha: float
    a: float
    b: float
    log_likelihood: float


class Spend(NamedTuple):
    """Parameters of Gamma-Gamma, and the log-likelihood they reach."""

    p: float
    q: float
    gamma: float
    log_likelihood: float


def available():
    """Return whether the libraries that compute are installed."""
    return np is not None


def _arrays(*values):
    return [np.asarray(value, dtype=float) for value in values]


def purchase_log_likelihood(params, x, recency, age):
    """Return the log-likelihood of each customer (equation 6, in logarithms).

    :param params: r, alpha, a, b
    """
    r, alpha, a, b = params
    x, recency, age = _arrays(x, recency, age)
    common = (
        special.gammaln(r + x)
        - special.gammaln(r)
        + r * np.log(alpha)
        + special.gammaln(a + b)
        + special.gammaln(b + x)
        - special.gammaln(b)
        - special.gammaln(a + b + x)
    )
    alive = -(r + x) * np.log(alpha + age)
    bought = x > 0
    gone = np.full_like(alive, -np.inf)
    gone[bought] = (
        np.log(a)
        - np.log(b + x[bought] - 1)
        - (r + x[bought]) * np.log(alpha + recency[bought])
    )
    return common + np.logaddexp(alive, gone)


def fit_purchases(x, recency, age):
    """Return `Purchases` of maximum likelihood, or None when none is found.

    Customers with the same history are computed once.
    """
    rows, counts = np.unique(
        np.column_stack(_arrays(x, recency, age)), axis=0, return_counts=True
    )

    def loss(logs):
        found = purchase_log_likelihood(np.exp(logs), *rows.T)
        return -np.dot(counts, found) / counts.sum()

    best = _minimise(loss, [0.0, np.log(max(rows[:, 2].mean() / 4, 0.1)), 0.0, 0.5])
    if best is None:
        return None
    return Purchases(*np.exp(best.x), -best.fun * counts.sum())


def spend_log_likelihood(params, x, mean):
    """Return the log-likelihood of the mean amount of each repeat buyer.

    :param params: p, q, gamma
    :param mean: mean amount of the purchases after the first, above zero
    """
    p, q, gamma = params
    x, mean = _arrays(x, mean)
    total = x * mean
    return (
        -np.log(mean)
        - special.betaln(p * x, q)
        + q * (np.log(gamma) - np.log(gamma + total))
        + p * x * (np.log(total) - np.log(gamma + total))
    )


def fit_spend(x, mean):
    """Return `Spend` of maximum likelihood of repeat buyers, or None."""
    x, mean = _arrays(x, mean)

    def loss(logs):
        return -spend_log_likelihood(np.exp(logs), x, mean).mean()

    best = _minimise(loss, [1.0, 1.0, np.log(mean.mean())])
    if best is None or np.exp(best.x[1]) <= 1:
        return None
    return Spend(*np.exp(best.x), -best.fun * len(x))


def _minimise(loss, start):
    """Return the better of two searches, None when neither comes to an end.

    Where hardly anybody leaves, many pairs of a and b explain the purchases equally
    well: the finer search wanders among them, and the first one is as good.
    """

    def safe(logs):
        if np.any(np.abs(logs) > 25):
            return 1e12
        value = loss(logs)
        return value if np.isfinite(value) else 1e12

    first = optimize.minimize(
        safe, start, method="Nelder-Mead", options={"maxiter": 4000, "xatol": 1e-6}
    )
    second = optimize.minimize(
        safe,
        first.x,
        method="Nelder-Mead",
        options={"maxiter": 1000, "xatol": 1e-7, "fatol": 1e-11},
    )
    found = second if second.success else first
    return found if found.success and found.fun < 1e11 else None


def p_alive(params, x, recency, age):
    """Return the probability that each customer still buys.

    :param params: r, alpha, a, b
    """
    r, alpha, a, b = params[:4]
    x, recency, age = _arrays(x, recency, age)
    power = (r + x) * (np.log(alpha + age) - np.log(alpha + recency))
    odds = np.exp(np.minimum(600, power)) * a / np.maximum(b + x - 1, 1e-12)
    return np.where(x > 0, 1 / (1 + odds), 1.0)


def expected_purchases(params, x, recency, age, weeks):
    """Return how many more purchases of each customer are expected within `weeks`.

    Equation 10, with Euler's transformation of the hypergeometric function: its
    arguments stay small, so it does not overflow for frequent buyers.
    """
    r, alpha, a, b = params[:4]
    x, recency, age = _arrays(x, recency, age)
    if abs(a - 1) < 1e-6:
        a = 1 + 1e-6
    z = weeks / (alpha + age + weeks)
    series = special.hyp2f1(a + b - 1 - r, a - 1, a + b + x - 1, z)
    left = 1 - np.exp((a - 1) * np.log1p(-z)) * series
    found = (a + b + x - 1) / (a - 1) * left
    return np.maximum(found, 0) * p_alive((r, alpha, a, b), x, recency, age)


def expected_spend(params, x, mean):
    """Return the expected amount of one purchase of each customer.

    :param params: p, q, gamma
    :param mean: mean repeat amount; of customers without one or not above zero, the
        mean of all customers is expected
    """
    p, q, gamma = params[:3]
    x, mean = _arrays(x, mean)
    known = (x > 0) & (mean > 0)
    x, mean = np.where(known, x, 0), np.where(known, mean, 0)
    return p * (gamma + x * mean) / (p * x + q - 1)


def lifetime_value(purchases, spend, customers, margin_rate, yearly_discount):
    """Return the margin expected of each customer in twelve months, discounted monthly.

    :param purchases: r, alpha, a, b
    :param spend: p, q, gamma
    :param customers: x, recency, age, mean repeat amount
    :param margin_rate: gross margin ÷ net sales
    :param yearly_discount: 0.1 for 10 % a year
    """
    x, recency, age, mean = customers
    monthly = (1 + yearly_discount) ** (1 / MONTHS) - 1
    total, before = 0.0, 0.0
    for month in range(1, MONTHS + 1):
        weeks = month * WEEKS_IN_MONTH
        until = expected_purchases(purchases, x, recency, age, weeks)
        total = total + (until - before) / (1 + monthly) ** month
        before = until
    return total * expected_spend(spend, x, mean) * margin_rate


def root_mean_square(forecast, actual):
    """Return the typical error of a forecast, in the unit of the forecast."""
    forecast, actual = _arrays(forecast, actual)
    return float(np.sqrt(np.mean((forecast - actual) ** 2)))
