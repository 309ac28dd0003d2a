"""Offers computed item by item in fractions, to check the code that counts in runs."""

from fractions import Fraction
from itertools import combinations


def exact(number):
    return Fraction(str(number))


def discount_of(lines, offers):
    """Return what each offer takes off the price, not rounded, without limits.

    :param lines: as of `apply_offers`
    :return: list of fractions
    """
    free = [max(exact(line["quantity"]), 0) for line in lines]
    prices = [sum(exact(part["price"]) for part in line["parts"]) for line in lines]
    free = [
        one if price > 0 else Fraction(0)
        for one, price in zip(free, prices, strict=True)
    ]
    return [_KINDS[offer["kind"]](offer, lines, prices, free) for offer in offers]


def best_groups(prices, every):
    """Return the most that every way to form groups of items can make cheaper.

    :param prices: list of fractions, few
    """
    if len(prices) < every:
        return Fraction(0)
    best = best_groups(prices[1:], every)
    for others in combinations(range(1, len(prices)), every - 1):
        group = [prices[0], *(prices[one] for one in others)]
        rest = [price for one, price in enumerate(prices) if one and one not in others]
        best = max(best, min(group) + best_groups(rest, every))
    return best


def _items(offer, lines, prices, free):
    """Return (price, line number) of each whole item, the dearest first."""
    items = [
        (-prices[index], index)
        for index, line in enumerate(lines)
        if offer.get("products") is None or line["product"] in offer["products"]
        for _item in range(int(free[index]))
    ]
    return [(-price, index) for price, index in sorted(items)]


def _nth(offer, lines, prices, free):
    items = _items(offer, lines, prices, free)
    groups = {}
    for item in items:
        product = lines[item[1]]["product"] if offer.get("same_product") else None
        groups.setdefault(product, []).append(item)
    every, chances = offer["every"], []
    for found in groups.values():
        for start in range(0, len(found) - every + 1, every):
            chances.append(found[start : start + every])
    # The best come first; of equal ones the product that is on an earlier line.
    chances.sort(key=lambda group: -group[-1][0])
    saved = Fraction(0)
    for group in chances[: offer.get("times") or len(chances)]:
        saved += group[-1][0] * exact(offer["percent"]) / 100
        for _price, index in group:
            free[index] -= 1
    return saved


def _ladder(offer, lines, prices, free):
    saved, groups = Fraction(0), {}
    for index, line in enumerate(lines):
        if offer.get("products") is None or line["product"] in offer["products"]:
            product = line["product"] if offer.get("same_product") else None
            groups.setdefault(product, []).append(index)
    for indexes in groups.values():
        quantity = sum(free[index] for index in indexes)
        percents = [
            exact(step["percent"])
            for step in sorted(offer["steps"], key=lambda step: step["quantity"])
            if exact(step["quantity"]) <= quantity
        ]
        if percents:
            for index in indexes:
                saved += prices[index] * free[index] * percents[-1] / 100
                free[index] = Fraction(0)
    return saved


def _bundle(offer, lines, prices, free):
    saved, times = Fraction(0), 0
    while not offer.get("times") or times < offer["times"]:
        group, seen = [], set()
        for part in offer["parts"]:
            products = set(part["products"]) - seen
            seen |= products
            found = _items({"products": products}, lines, prices, free)
            if len(found) < part["quantity"]:
                return saved
            group += found[: part["quantity"]]
        gain = sum(price for price, _index in group) - exact(offer["price"])
        if gain <= 0:
            return saved
        saved, times = saved + gain, times + 1
        for _price, index in group:
            free[index] -= 1
    return saved


_KINDS = {"nth": _nth, "ladder": _ladder, "bundle": _bundle}
