"""Demand for the goods that open vouchers give, by a life table of those before."""

import numpy
import pandas

from .groups import total

WEEKS, OWN_USES, WEEK = 12, 30, pandas.Timedelta(weeks=1)


def _gifts(facts):
    """Return the goods of each program; who may choose takes one of the rewards."""
    rewards = facts.reward[facts.reward.active].copy()
    rewards["choices"] = rewards.groupby("program_id").id.transform("size")
    gifts = rewards[rewards.reward_type == "product"].merge(
        facts.product_product, left_on="reward_product_id", right_on="id"
    )
    categories = facts.product_template.set_index("id").categ_id
    gifts["categ_id"] = gifts.product_tmpl_id.map(categories)
    gifts["gives"] = gifts.reward_product_qty / gifts.choices
    return gifts.rename(columns={"reward_product_id": "product_id"})


def _vouchers(facts, gifts):
    """Return all cards of these programs that were issued, and when they ended."""
    cards = facts.card
    cards = cards[cards.program_id.isin(gifts.program_id) & cards.issued_at.notna()]
    owner = facts.program.set_index("id").company_id
    cards = cards.assign(
        company_id=cards.company_id.fillna(cards.program_id.map(owner))
    )
    cards["day"] = facts.todays(cards.company_id)
    over = [
        facts.day_end(day, company) if pandas.notna(day) else pandas.NaT
        for day, company in zip(cards.expiration_date, cards.company_id, strict=True)
    ]
    over = pandas.Series(over, index=cards.index, dtype="datetime64[ns]")
    ended = cards.used_at.fillna(cards.voided_at).fillna(over).fillna(facts.now)
    lived = ended.clip(upper=facts.now) - cards.issued_at
    cards["end_age"] = (lived // WEEK).clip(lower=0)
    cards["age"] = ((facts.now - cards.issued_at) // WEEK).clip(lower=0)
    valid = cards.expiration_date.isna() | (cards.expiration_date >= cards.day)
    cards["open"] = cards.active & (cards.points > 0) & cards.voided_at.isna() & valid
    return cards


def _chances(cards, program, last):
    """Return the chance of use at each age in weeks, and of being there yet."""
    own = cards[cards.program_id == program]
    rows = own if own.used_at.notna().sum() >= OWN_USES else cards
    chances, left = [], []
    there = 1.0
    for age in range(last + 1):
        ends = rows[rows.end_age == age]
        uses = ends.used_at.notna().sum()
        risk = (rows.end_age >= age).sum() - (len(ends) - uses) / 2
        chance = min(1.0, uses / risk) if risk else 0.0
        chances.append(chance)
        left.append(there)
        there *= 1 - min(chance, 0.999999)
    return numpy.array(chances), numpy.array(left)


def demand(facts):
    """Return one row per week to come, program, product and company."""
    gifts = _gifts(facts)
    cards = _vouchers(facts, gifts)
    last = int(cards.end_age.max()) + WEEKS
    units = cards[cards.open].merge(gifts, on="program_id", suffixes=("", "_gift"))
    units = units[units.points >= units.required_points]
    units["gives"] *= units.points // units.required_points
    parts = []
    for program, rows in units.groupby("program_id"):
        chances, left = _chances(cards, program, last)
        for ahead in range(WEEKS):
            day = rows.day + ahead * WEEK
            valid = rows.expiration_date.isna() | (rows.expiration_date >= day)
            here = rows[valid]
            age = here.age.to_numpy(dtype=int)
            use = left[age + ahead] * chances[age + ahead] / left[age]
            parts.append(
                pandas.DataFrame(
                    {
                        "week": day[valid],
                        "program_id": program,
                        "product_id": here.product_id,
                        "categ_id": here.categ_id,
                        "company_id": here.company_id,
                        "vouchers": 1,
                        "gives": here.gives.astype(float),
                        "wanted": here.gives.astype(float).to_numpy() * use,
                    }
                )
            )
    return pandas.concat(parts, ignore_index=True)


def _of_first(column):
    """Return a figure: the sum of a column over the first week of each group."""

    def compute(groups):
        rows = groups.obj
        first = groups.week.transform("min")
        keys = groups._grouper
        return rows[column].where(rows.week == first).groupby(keys).sum(min_count=1)

    return compute


FIGURES = {
    "voucher_count": _of_first("vouchers"),
    "open_quantity": _of_first("gives"),
    "quantity": total("wanted"),
}
GROUPINGS = (
    (),
    ("company_id", "product_id", "week:day"),
    ("company_id", "program_id"),
    ("company_id", "categ_id"),
)
