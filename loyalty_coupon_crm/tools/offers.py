"""What offers on several items take off a cart: the till has the same in `offers.js`.

Both are tested against `static/tests/cases/offers.json`. Sums are taken one by one, in
the order of the lines: both sides add up the same numbers in the same order.
"""

import math

# A quantity or an amount this close to a whole one is the whole one.
NEARLY = 1e-7


def apply_offers(lines, offers, rounding, limit=math.inf):
    """Return what each offer takes off; an item takes part in one offer only.

    Of the items that an offer may take, the dearest come first, so that the customer
    pays no more than with one receipt per group of items.

    :param lines: list of dicts: `product` (any key), `quantity` (in the product's unit;
        nothing is given on what is returned, not above 0), `parts`: what one unit
        consists of, one part or those of a combo, as dicts of `tax` (key, text),
        `price` (as on the line, after its discount) and `total` (with taxes)
    :param offers: list of dicts as of `loyalty.reward._offer_data`; the first takes
        its items first
    :param rounding: smallest amount of the currency, such as 0.01
    :param limit: all offers together take off no more, with taxes
    :return: list of dicts, one per offer: `amounts` ({tax: amount off the price}),
        `total` (their sum), `used` (quantity per line), `times` (groups or bundles),
        `quantity` (items found), `percent` (of the step reached), `missing` (items to
        the next group or step, 0 for none) and `next_percent` (of that step)
    """
    left = [max(line["quantity"], 0) if _price(line) > 0 else 0 for line in lines]
    results = []
    for offer in offers:
        found, ratios = _KINDS[offer["kind"]](offer, lines, left)
        most = min(limit, offer.get("most") or math.inf)
        found["amounts"], taken = _amounts(lines, ratios, rounding, most)
        found["total"] = _total(found["amounts"], rounding)
        limit = max(limit - taken, 0)
        if not found["total"]:
            found.update(used=[0] * len(lines), times=0, percent=0)
        left = [one - used for one, used in zip(left, found["used"], strict=True)]
        results.append(found)
    return results


def round_steps(amount, rounding):
    """Return how many smallest amounts of a currency an amount is, half of one up."""
    return math.floor(amount / rounding + 0.5 + NEARLY)


def in_currency(steps, rounding):
    """Return so many smallest amounts of a currency as an amount."""
    if rounding >= 1:
        return steps * rounding
    return steps / math.floor(1 / rounding + 0.5)


def _nth(offer, lines, left):
    """Return an offer on every so many items: the cheapest of each group costs less."""
    found, ratios = _nothing(lines), []
    every, percent = offer["every"], offer["percent"]
    groups = _groups(offer, lines, left)
    missing = 0
    for runs, times in zip(groups, _times(offer, lines, groups), strict=True):
        count = _count(runs)
        found["quantity"] += count
        found["times"] += times
        lacking = (times + 1) * every - count
        if not missing or lacking < missing:
            missing = lacking
        start = 0
        for index, one in _first(runs, times * every):
            end = start + one
            cheaper = end // every - start // every
            found["used"][index] += one
            if cheaper:
                ratios.append((index, cheaper, percent / 100))
            start = end
    open_times = found["times"] < (offer.get("times") or math.inf)
    found["percent"] = percent if found["times"] else 0
    found["missing"] = missing if found["quantity"] and open_times else 0
    found["next_percent"] = percent if found["missing"] else 0
    return found, ratios


def _times(offer, lines, groups):
    """Return how often each group of items gets an offer: the best ones come first."""
    every, open_times = offer["every"], offer.get("times")
    if not open_times:
        return [_count(runs) // every for runs in groups]
    times = [0] * len(groups)
    for _time in range(open_times):
        best, chosen = 0, None
        for number, runs in enumerate(groups):
            price = _price_at(lines, runs, (times[number] + 1) * every)
            if price > best:
                best, chosen = price, number
        if chosen is None:
            break
        times[chosen] += 1
    return times


def _ladder(offer, lines, left):
    """Return an offer in steps: the highest one reached counts for all items."""
    found, ratios = _nothing(lines), []
    for indexes in _alike(offer, lines, left):
        quantity = 0
        for index in indexes:
            quantity += left[index]
        found["quantity"] += quantity
        steps = sorted(offer["steps"], key=lambda step: step["quantity"])
        reached = [one for one in steps if one["quantity"] <= quantity + NEARLY]
        ahead = steps[len(reached) :]
        if ahead:
            missing = ahead[0]["quantity"] - quantity
            if not found["missing"] or missing < found["missing"]:
                found["missing"] = missing
                found["next_percent"] = ahead[0]["percent"]
        if not reached:
            continue
        percent = reached[-1]["percent"]
        found["times"] += 1
        found["percent"] = max(found["percent"], percent)
        for index in indexes:
            found["used"][index] = left[index]
            ratios.append((index, left[index], percent / 100))
    return found, ratios


def _bundle(offer, lines, left):
    """Return an offer for a set of items at one price, as often as it saves money."""
    found, ratios = _nothing(lines), []
    seen, parts = set(), []
    for part in offer["parts"]:
        products = set(part["products"]) - seen
        seen |= products
        runs = _runs({"products": products}, lines, left)
        parts.append((runs, part["quantity"]))
    counts = [_count(runs) for runs, _quantity in parts]
    found["quantity"] = sum(counts)
    needed = [quantity for _runs, quantity in parts]
    allowed = offer.get("times") or math.inf
    whole = [count // one for count, one in zip(counts, needed, strict=True)]
    most = min(allowed, *whole) if whole else 0
    times = _worthwhile(offer, lines, parts, most)
    found["times"] = times
    if times == most and times < allowed and found["quantity"]:
        for count, one in zip(counts, needed, strict=True):
            found["missing"] += max((times + 1) * one - count, 0)
    taken = []
    for runs, quantity in parts:
        taken += _first(runs, times * quantity)
    gross = _worth(lines, taken)
    for index, count in taken:
        found["used"][index] += count
        ratios.append((index, count, (gross - times * offer["price"]) / gross))
    return found, ratios


_KINDS = {"nth": _nth, "ladder": _ladder, "bundle": _bundle}


def _worthwhile(offer, lines, parts, most):
    """Return how many bundles to take: each holds cheaper items than the one before."""

    def worth(times):
        value = 0
        for runs, quantity in parts:
            value += _worth(lines, _first(runs, times * quantity))
        return value

    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if worth(middle) - worth(middle - 1) > offer["price"] + NEARLY:
            low = middle
        else:
            high = middle - 1
    return low


def _nothing(lines):
    return {
        "used": [0] * len(lines),
        "times": 0,
        "quantity": 0,
        "percent": 0,
        "missing": 0,
        "next_percent": 0,
    }


def _price(line):
    price = 0
    for part in line["parts"]:
        price += part["price"]
    return price


def _alike(offer, lines, left):
    """Return lists of line numbers that count together."""
    indexes = [
        index
        for index, line in enumerate(lines)
        if left[index] > NEARLY
        and (offer.get("products") is None or line["product"] in offer["products"])
    ]
    if not offer.get("same_product"):
        return [indexes]
    groups = {}
    for index in indexes:
        groups.setdefault(lines[index]["product"], []).append(index)
    return list(groups.values())


def _groups(offer, lines, left):
    """Return lists of (line number, whole items), the dearest items first."""
    return [
        _sorted_runs(lines, left, indexes) for indexes in _alike(offer, lines, left)
    ]


def _runs(offer, lines, left):
    return _groups(offer, lines, left)[0]


def _sorted_runs(lines, left, indexes):
    # A part of a kilogram is no item of its own.
    runs = [(index, math.floor(left[index] + NEARLY)) for index in indexes]
    return sorted(
        ((index, count) for index, count in runs if count),
        key=lambda run: (-_price(lines[run[0]]), run[0]),
    )


def _count(runs):
    return sum(one for _index, one in runs)


def _price_at(lines, runs, number):
    """Return the price of the item with a number, from 1; 0 when there are fewer."""
    for index, one in runs:
        if number <= one:
            return _price(lines[index])
        number -= one
    return 0


def _first(runs, count):
    """Return the runs of the first so many items."""
    taken = []
    for index, one in runs:
        if count <= 0:
            break
        taken.append((index, min(one, count)))
        count -= one
    return taken


def _worth(lines, runs):
    value = 0
    for index, count in runs:
        value += _price(lines[index]) * count
    return value


def _amounts(lines, ratios, rounding, most):
    """Return the discount by tax in whole smallest amounts, and all of it with taxes.

    :param ratios: list of (line number, quantity, share of the price taken off)
    :param most: with taxes no more is taken off
    """
    raw, taxed = {}, 0
    for index, count, ratio in ratios:
        for part in lines[index]["parts"]:
            raw[part["tax"]] = raw.get(part["tax"], 0) + part["price"] * count * ratio
            taxed += part["total"] * count * ratio
    capped = taxed > most + NEARLY
    if capped:
        raw = {tax: amount * (most / taxed) for tax, amount in raw.items()}
    whole = 0
    for amount in raw.values():
        whole += amount
    # More than the limit is never taken.
    steps = (
        math.floor(whole / rounding + NEARLY)
        if capped
        else round_steps(whole, rounding)
    )
    shares = _share_out(raw, steps, rounding)
    amounts = {
        tax: in_currency(share, rounding) for tax, share in shares.items() if share > 0
    }
    return amounts, min(taxed, most)


def _share_out(raw, steps, rounding):
    """Return whole steps by tax that sum up to `steps`, the largest rests first."""
    shares, rests = {}, []
    for number, (tax, amount) in enumerate(raw.items()):
        shares[tax] = math.floor(amount / rounding + NEARLY)
        rests.append((shares[tax] - amount / rounding, number, tax))
    missing = steps - sum(shares.values())
    for _rest, _number, tax in sorted(rests)[: max(missing, 0)]:
        shares[tax] += 1
    return shares


def _total(amounts, rounding):
    steps = sum(round_steps(amount, rounding) for amount in amounts.values())
    return in_currency(steps, rounding)
