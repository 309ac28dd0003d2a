"""The figures of customers once more, in plain Python from raw rows.

It shares no code with the add-on, so that both cannot be wrong in the same way.
"""

import math
from collections import Counter, defaultdict
from datetime import timedelta

import pytz

ROWS = {
    5: "champion champion potential potential new",
    4: "champion champion loyal potential promising",
    3: "loyal loyal attention attention sleepy",
    2: "risk risk risk hibernating hibernating",
    1: "never_lose never_lose risk lost lost",
}


def percentile(values, share):
    """Return the linear percentile, None without values."""
    values = sorted(values)
    if not values:
        return None
    place = share * (len(values) - 1)
    low = math.floor(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def baskets_of(rows, used, zone, window_start):
    """Return {customer: [basket]}: rows of one document with their refunds."""
    by_id = {row["id"]: row for row in rows}
    groups = defaultdict(list)
    for row in rows:
        origin = by_id.get(row["reversal_of"], row)
        key = origin["document"] or ("row", origin["id"])
        groups[origin["customer"], key].append(row)
    found = defaultdict(list)
    for (customer, document), parts in groups.items():
        bought = [part for part in parts if not part["reversal_of"]]
        left = defaultdict(float)
        for part in parts:
            left[part["reversal_of"] or part["id"]] += part["amount"]
        standing = [part for part in bought if round(left[part["id"]], 2) > 0]
        moment = min(part["date"] for part in standing or parts)
        local = pytz.utc.localize(moment).astimezone(pytz.timezone(zone))
        amount = sum(part["amount"] for part in parts)
        backs = sum(1 for part in parts if part["reversal_of"])
        free = all(part["amount"] == 0 for part in parts) and backs * 2 < len(parts)
        known = all(part["margin"] is not None for part in parts)
        found[customer].append(
            {
                "local": local,
                "day": local.date(),
                "amount": amount,
                "counted": round(amount, 2) > 0 or free,
                "channel": min(part["channel"] for part in bought),
                "margin": sum(part["margin"] for part in parts) if known else None,
                "used": document in used,
                "recent": local.date() > window_start,
            }
        )
    return found


def favourite(values):
    """Return the most frequent value, the smallest of several."""
    counts = Counter(values)
    return min(counts, key=lambda value: (-counts[value], value)) if counts else None


def figures(baskets, today):
    """Return the figures of one customer that depend on nobody else."""
    counted = [basket for basket in baskets if basket["counted"]]
    recent = [basket for basket in counted if basket["recent"]]
    days = sorted({basket["day"] for basket in counted})
    gaps = [
        (after - before).days for before, after in zip(days, days[1:], strict=False)
    ]
    known = [basket for basket in baskets if basket["margin"] is not None]
    sold = sum(basket["amount"] for basket in known)
    later = defaultdict(float)
    for basket in counted:
        if basket["day"] != days[0]:
            later[basket["day"]] += basket["amount"]
    return {
        "amount": sum(basket["amount"] for basket in baskets),
        "purchase_count": len(counted),
        "purchase_days": len(days),
        "repeat_amount": sum(later.values()) / len(later) if later else None,
        "first_date": days[0] if days else None,
        "last_date": days[-1] if days else None,
        "recency_days": (today - days[-1]).days if days else None,
        "tenure_days": (today - days[0]).days if days else None,
        "gaps": gaps,
        "gap_median": percentile(gaps, 0.5),
        "gap_p75": percentile(gaps, 0.75),
        "gap_p90": percentile(gaps, 0.9),
        "margin": sum(basket["margin"] for basket in known) if known else None,
        "margin_rate": sum(basket["margin"] for basket in known) / sold
        if sold
        else None,
        "rfm_count": len(recent),
        "rfm_amount": sum(b["amount"] for b in baskets if b["recent"]),
        "favourite_channel": favourite(basket["channel"] for basket in counted),
        "favourite_weekday": favourite(
            str(basket["day"].isoweekday()) for basket in counted
        ),
        "favourite_hour": favourite(basket["local"].hour for basket in counted),
        "coupon_share": sum(basket["used"] for basket in counted) / len(counted)
        if counted
        else None,
    }


def score(value, values):
    """Return 1 + 5 x share of others strictly worse, at most 5."""
    return min(5, 1 + 5 * sum(other < value for other in values) // len(values))


def add_scores(customers, edges):
    """Write scores and the cell of each customer with a purchase in the window."""
    buyers = [row for row in customers.values() if row["rfm_count"]]
    columns = {
        "r": [-row["recency_days"] for row in buyers],
        "f": [row["rfm_count"] for row in buyers],
        "m": [round(row["rfm_amount"], 2) for row in buyers],
    }
    for place, row in enumerate(buyers):
        for name, values in columns.items():
            if len(buyers) >= 500:
                row[f"{name}_score"] = score(values[place], values)
            elif name == "r":
                row["r_score"] = 1 + sum(-values[place] <= edge for edge in edges["r"])
            else:
                row[f"{name}_score"] = 1 + sum(
                    values[place] >= edge for edge in edges[name]
                )
        middle = math.floor((row["f_score"] + row["m_score"]) / 2 + 0.5)
        row["fm_score"] = middle
        row["rfm_segment"] = ROWS[row["r_score"]].split()[5 - middle]


def add_stages(customers, before):
    """Write the stage and the next expected day.

    :param before: {customer: (stage, last date)} of the refresh before
    """
    every = [gap for row in customers.values() for gap in row["gaps"]]
    shared = [percentile(every, share) for share in (0.5, 0.75, 0.9)]
    for customer, row in customers.items():
        own = [row["gap_median"], row["gap_p75"], row["gap_p90"]]
        limits = own if row["purchase_count"] >= 4 and row["gaps"] else shared
        row["stage"] = stage(row, limits, shared[0], before.get(customer))
        row["next_date"] = None
        if row["last_date"] and limits[0] is not None:
            # The database rounds halves of floats to the even number.
            row["next_date"] = row["last_date"] + timedelta(days=round(limits[0]))


def stage(row, limits, shared_median, before):
    """Return the stage of one customer."""
    silent, count = row["recency_days"], row["purchase_count"]
    if not count:
        return "prospect"
    if silent > 365:
        return "lost"
    median, p75, p90 = limits
    if median is not None:
        if silent > p90 and silent > 2 * median:
            return "dormant"
        if silent > p75 or (count == 1 and silent > shared_median):
            return "slowing"
    if before:
        was, last = before
        if was in ("dormant", "lost") and row["last_date"] > last:
            return "won_back"
        if was == "won_back" and row["last_date"] == last:
            return "won_back"
    if count == 1:
        return "new"
    return "growing" if count < 4 else "mature"


def add_tastes(customers, lines):
    """Write favourite category, its share and its lift over all customers.

    :param lines: (customer, category, amount) of every line with a category
    """
    spent = defaultdict(lambda: defaultdict(float))
    for customer, category, amount in lines:
        spent[customer][category] += amount
    total = defaultdict(float)
    for categories in spent.values():
        for category, amount in list(categories.items()):
            if round(amount, 2) <= 0:
                del categories[category]
            else:
                total[category] += amount
    for customer, row in customers.items():
        categories = spent[customer]
        if not categories:
            continue
        best = min(categories, key=lambda key: (-round(categories[key], 2), key))
        share = categories[best] / sum(categories.values())
        row["favourite_category_id"] = best
        row["favourite_category_share"] = share
        row["favourite_category_lift"] = share / (total[best] / sum(total.values()))
