"""What an offer is expected to earn from one customer, discount paid.

Over the next `WINDOW_DAYS` days a customer either would buy anyway (`base`), buys
because of the offer (`lift`), or does not buy:

    profit = lift x basket x margin rate - (base x use + lift) x cost of the reward

* base = alive x (1 - e^(-window / gap)): purchases as a Poisson process with the
  customer's median gap; alive is P(alive) of BG/NBD or, without it, gap / days silent.
* lift = what past campaigns with the offer brought per treated customer, drawn towards
  the average of all offers in proportion to the discount's depth while few customers
  were measured, x coupon sensitivity x taste x reach.
* sensitivity = the customer's share of purchases with a coupon / that of all, both
  drawn towards the average while purchases are few; taste = the share of the customer's
  spend in the offer's categories / that of all; both kept between a third and three.
* reach = basket / minimum amount of the offer, at most 1.
* use = sensitive share of purchases x reach: how often who buys anyway takes the
  discount. Who comes for the offer always does.

It is the profit of a campaign, "incremental margin less discount given", before the
campaign. `loyalty_next_offer_mixin.py` computes the same in SQL for many customers.
"""

import math
from dataclasses import dataclass, replace

WINDOW_DAYS = 30
# Purchases before a customer's own gap and coupon share are believed.
OWN_RHYTHM = 4
PRIOR_PURCHASES = 4
# Customers measured until a campaign's own lift counts as much as that of all offers.
PRIOR_CUSTOMERS = 500
# Of a discount of 10 %, while no campaign was measured.
DEFAULT_LIFT = 0.01
DEFAULT_DEPTH = 0.1
DEFAULT_GAP = 60.0
DEFAULT_COUPON_SHARE = 0.2
DEFAULT_MARGIN_RATE = 0.3
# Of somebody who has not bought yet.
PROSPECT_BASE = 0.02
LEAST, MOST = 1 / 3, 3.0
# What the cheapest product is of a basket, nothing being known of its lines.
CHEAPEST_SHARE = 1 / 3
# From here on a factor is worth a sentence.
HIGH, LOW = 1.25, 0.8
SURE, RARE = 0.6, 0.15


@dataclass(frozen=True)
class Company:
    """What single customers are compared with; None for what is unknown."""

    gap: float | None = None
    basket: float | None = None
    margin_rate: float | None = None
    coupon_share: float | None = None


@dataclass(frozen=True)
class Customer:
    """What is known of one customer; amounts in company currency, untaxed."""

    purchases: int = 0
    gap: float | None = None
    silent_days: int | None = None
    p_alive: float | None = None
    purchase_days: int = 0
    basket: float | None = None
    margin_rate: float | None = None
    coupon_share: float | None = None


@dataclass(frozen=True)
class Offer:
    """What an offer gives, in company currency, and what past arms brought.

    :param percent: percent of the basket, of a part of it by `part`
    :param fixed: money off, at most the basket
    :param most: money that the discount is at most, 0 for no limit
    :param goods_cost: cost of what is given free
    :param minimum: basket below which nothing is given
    :param taste_all: share of all customers' spend in the offer's categories, None for
        an offer on anything
    :param measured: treated customers of past campaigns
    :param brought: additional buyers among them, by their control groups
    :param pooled: additional buyers per treated customer, of all offers
    """

    percent: float = 0.0
    part: float | None = 1.0
    fixed: float = 0.0
    most: float = 0.0
    goods_cost: float = 0.0
    minimum: float = 0.0
    taste_all: float | None = None
    measured: float = 0.0
    brought: float = 0.0
    pooled: float = DEFAULT_LIFT


@dataclass(frozen=True)
class Estimate:
    """What is expected of one offer to one customer."""

    profit: float
    base: float
    lift: float
    basket: float
    cost: float
    use: float
    sensitivity: float
    taste: float
    reach: float


def pooled_lift(arms):
    """Return the additional buyers per treated customer, over all offers.

    :param arms: pairs of treated customers and additional buyers among them
    """
    arms = list(arms)
    measured = sum(count for count, _brought in arms)
    brought = sum(value for _count, value in arms)
    return (brought + PRIOR_CUSTOMERS * DEFAULT_LIFT) / (measured + PRIOR_CUSTOMERS)


def estimate(customer, offer, company, taste=None):
    """Return the expected profit of an offer, and what it is made of.

    :param taste: share of the customer's spend in the offer's categories
    """
    basket = max(0.0, customer.basket or company.basket or 0.0)
    base = _base(customer, company)
    average = company.coupon_share or DEFAULT_COUPON_SHARE
    share = (
        customer.purchases * (customer.coupon_share or 0.0) + PRIOR_PURCHASES * average
    ) / (customer.purchases + PRIOR_PURCHASES)
    sensitivity = _bounded(share / average)
    liking = 1.0
    if offer.taste_all and taste is not None:
        liking = _bounded(taste / offer.taste_all)
    reach = min(1.0, basket / offer.minimum) if offer.minimum else 1.0
    cost = _cost(offer, basket, taste)
    lift = _lift(offer, cost, basket) * sensitivity * liking * reach
    lift = max(-base, min(1.0 - base, lift))
    use = min(1.0, share) * reach
    rate = customer.margin_rate
    if rate is None:
        rate = company.margin_rate
    if rate is None:
        rate = DEFAULT_MARGIN_RATE
    profit = lift * basket * rate - (base * use + max(lift, 0.0)) * cost
    return Estimate(profit, base, lift, basket, cost, use, sensitivity, liking, reach)


def _base(customer, company):
    if not customer.purchases:
        return PROSPECT_BASE
    gap = customer.gap if customer.purchases >= OWN_RHYTHM else None
    gap = gap or company.gap or DEFAULT_GAP
    alive = customer.p_alive
    if alive is None or customer.purchase_days < 2:
        alive = min(1.0, gap / max(1, customer.silent_days or 0))
    return alive * (1.0 - math.exp(-WINDOW_DAYS / gap))


def _bounded(value):
    return max(LEAST, min(MOST, value))


def _cost(offer, basket, taste):
    part = offer.part
    if part is None:
        # Of chosen categories: what the customer, or else everybody, spends on them.
        part = (offer.taste_all or 0.0) if taste is None else taste
    given = offer.percent / 100.0 * basket * part + min(offer.fixed, basket)
    if offer.most:
        given = min(given, offer.most)
    return given + offer.goods_cost


def _lift(offer, cost, basket):
    depth = min(MOST, cost / basket / DEFAULT_DEPTH) if basket else 1.0
    prior = PRIOR_CUSTOMERS * offer.pooled * depth
    return (offer.brought + prior) / (offer.measured + PRIOR_CUSTOMERS)


def rank(customer, offers, company, tastes=None):
    """Return pairs of offer key and estimate, the best first; ties by key.

    :param offers: dict of key to `Offer`
    :param tastes: dict of key to the customer's share of spend in its categories
    """
    tastes = tastes or {}
    found = [
        (key, estimate(customer, offer, company, tastes.get(key)))
        for key, offer in offers.items()
    ]
    return sorted(found, key=lambda pair: (-pair[1].profit, pair[0]))


def reasons(found, offer):
    """Return why an offer was ranked where it is, as codes, the strongest first.

    :param found: its `Estimate`
    :return: list of `taste`, `no_taste`, `coupons`, `no_coupons`, `silent`, `anyway`,
        `measured`, `minimum`
    """
    said = [
        ("taste", offer.taste_all and found.taste >= HIGH),
        ("no_taste", offer.taste_all and found.taste <= LOW),
        ("coupons", found.sensitivity >= HIGH),
        ("no_coupons", found.sensitivity <= LOW),
        ("anyway", found.base >= SURE),
        ("silent", found.base <= RARE),
        ("measured", offer.measured > 0),
        ("minimum", found.reach < 1.0),
    ]
    return [code for code, holds in said if holds]


def with_past(offer, arms, pooled):
    """Return the offer with what past arms brought.

    :param arms: pair of treated customers and additional buyers, or None
    """
    measured, brought = arms or (0.0, 0.0)
    return replace(offer, measured=measured, brought=brought, pooled=pooled)
