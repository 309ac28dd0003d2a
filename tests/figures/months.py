"""Reports by month: points, and season and trend."""

import pandas

from .facts import WALLETS, once
from .groups import money, ratio, total

# Which figure a movement belongs to; a reversal belongs where what it reverses does.
KINDS = {
    "issued": ("opening", "issue"),
    "earned": ("earn",),
    "spent": ("spend",),
    "expired": ("expire", "void"),
    "adjusted": ("adjust", "transfer", "loss"),
}
TAKEN = ("spent", "expired")


@once
def moves(facts):
    """Return the movements of wallets with day and figure, and what they did to it.

    `change` is what the points outstanding rose by: a balance below zero is none.
    """
    rows = facts.point_move
    types = rows.program_id.map(facts.program.set_index("id").program_type)
    rows = rows[types.isin(WALLETS)].sort_values(["date", "id"]).copy()
    origin = rows.reversal_of_id.map(facts.point_move.set_index("id").kind)
    guess = (rows.points > 0).map({True: "spend", False: "earn"})
    kind = rows.kind.where(rows.kind != "reverse", origin.fillna(guess))
    for name, kinds in KINDS.items():
        sign = -1 if name in TAKEN else 1
        rows[name] = (sign * rows.points).where(kind.isin(kinds), 0)
    after = rows.groupby("card_id").points.cumsum().round(2)
    before = (after - rows.points).round(2)
    rows["rise"] = after.clip(lower=0) - before.clip(lower=0)
    rows["day"] = facts.day(rows.date, rows.company_id)
    rows["program_type"] = rows.program_id.map(types.groupby(rows.program_id).first())
    return rows


def points(facts):
    """Return one row per month of a program, from its first movement to this month."""
    rows = moves(facts)
    rows["month"] = rows.day.dt.to_period("M")
    names = [*KINDS, "points", "rise"]
    parts = []
    for (program, company), part in rows.groupby(["program_id", "company_id"]):
        last = max(part.month.max(), facts.today(company).to_period("M"))
        index = pandas.period_range(part.month.min(), last)
        months = part.groupby("month")[names].sum().reindex(index).fillna(0)
        months["outstanding"] = months.rise.cumsum().round(2)
        months["month"] = months.index.to_timestamp()
        kind = part.program_type.iloc[0]
        parts.append(
            months.assign(program_id=program, company_id=company, program_type=kind)
        )
    return pandas.concat(parts, ignore_index=True)


def _of_last(column):
    """Return a figure: the sum of a column over the last month of each group."""

    def compute(groups):
        rows = groups.obj
        last = groups.month.transform("max")
        return (
            rows[column]
            .where(rows.month == last)
            .groupby(groups.grouper if hasattr(groups, "grouper") else groups._grouper)
            .sum(min_count=1)
        )

    return compute


POINTS_FIGURES = {
    **{name: total(name) for name in KINDS},
    "change": total("rise"),
    "outstanding": _of_last("outstanding"),
}
POINTS_GROUPINGS = (
    ("company_id",),
    ("company_id", "program_id", "month:month"),
    ("company_id", "program_type", "month:month"),
    ("company_id", "month:year"),
)


def season(facts):
    """Return one row per month of a company, from its first purchase to this month."""
    rows = facts.purchase.assign(
        month=facts.day(facts.purchase.date, facts.purchase.company_id).dt.to_period(
            "M"
        )
    )
    rows["sale"] = (rows.reversal_of_id.isna() & (rows.amount >= 0)).astype(int)
    parts = []
    for company, part in rows.groupby("company_id"):
        now = facts.today(company).to_period("M")
        index = pandas.period_range(part.month.min(), max(part.month.max(), now))
        sums = part.groupby("month")[["amount", "discount_amount", "sale"]].sum()
        months = sums.reindex(index).fillna(0).astype(float)
        full = months.index < now
        before = months.amount.shift(12)
        months["before"] = before
        months["grown"] = months.amount.where(full & before.notna())
        months["grown_before"] = before.where(full)
        months["full"] = months.amount.where(full)
        months["mean"] = months.amount[full].mean()
        months["mean_of_full"] = months["mean"].where(full)
        months["trend"] = months.amount.rolling(12).mean()
        months["month"] = months.index.to_timestamp()
        months["season"] = months.index.strftime("%m")
        parts.append(months.assign(company_id=company))
    return pandas.concat(parts, ignore_index=True)


def _growth(groups):
    before = groups.grown_before.sum()
    return (groups.grown.sum() / before.where(before != 0) - 1) * 100


SEASON_FIGURES = {
    "amount": money("amount"),
    "purchase_count": total("sale"),
    "discount_amount": money("discount_amount"),
    "discount_rate": ratio(
        money("discount_amount"),
        lambda groups: groups.amount.sum() / 100 + groups.discount_amount.sum() / 100,
        100,
    ),
    "growth": _growth,
    "season_index": ratio(money("full"), money("mean_of_full"), 100),
    "amount_before": money("before"),
    "grown_amount": money("grown"),
    "grown_before": money("grown_before"),
    "full_amount": money("full"),
    "mean_amount": money("mean"),
    "trend_amount": lambda groups: _of_last("trend")(groups) / 100,
}
SEASON_GROUPINGS = (
    ("company_id", "month:month"),
    ("company_id", "season"),
    ("company_id", "month:year"),
)
