"""Figures of customers: rhythm, taste, scores and the stage of the life cycle."""

import math

import numpy
import pandas
from scipy import special

from . import baskets
from .facts import once
from .groups import money, total

FEWEST_RANKED, OWN_RHYTHM, LOST_DAYS, DORMANT_FACTOR, RFM_MONTHS = 500, 4, 365, 2, 24
LOST_PROBABILITY, YEARLY, MONTHS = 0.1, 0.1, 12
WEEKS_IN_MONTH = 365.25 / 7 / MONTHS
EDGES = {"r": (30, 60, 120, 240), "f": (2, 3, 5, 10), "m": (100, 300, 1000, 3000)}
SEGMENTS = {
    5: ["new", "potential", "potential", "champion", "champion"],
    4: ["promising", "potential", "loyal", "champion", "champion"],
    3: ["sleepy", "attention", "attention", "loyal", "loyal"],
    2: ["hibernating", "hibernating", "risk", "risk", "risk"],
    1: ["lost", "lost", "risk", "never_lose", "never_lose"],
}
KEYS = ["company_id", "customer_id"]
# Compared one customer at a time; money to the cent.
CENTS = ("amount", "average_basket", "margin", "repeat_amount", "rfm_amount", "clv")
NAMES = (
    *CENTS,
    "margin_rate",
    "purchase_count",
    "purchase_days",
    "first_date",
    "last_date",
    "next_date",
    "recency_days",
    "tenure_days",
    "gap_median",
    "gap_p75",
    "gap_p90",
    "rfm_count",
    "r_score",
    "f_score",
    "m_score",
    "fm_score",
    "rfm_segment",
    "stage",
    "favourite_channel",
    "favourite_weekday",
    "favourite_hour",
    "favourite_category_id",
    "favourite_category_share",
    "favourite_category_lift",
    "coupon_share",
    "p_alive",
    "churn_band",
    "expected_purchases",
    "clv_band",
)


def rows_of_customers(facts):
    """Return all rows of purchases with the customer who bought, and the basket.

    Whoever brings goods back, it is the buyer who keeps less.
    """
    rows = facts.purchase
    origin = rows.set_index("id").reindex(rows.reversal_of_id.fillna(rows.id))
    origin = origin.reset_index(drop=True)
    rows = rows.reset_index(drop=True)
    buyer = origin.commercial_partner_id.fillna(rows.commercial_partner_id)
    alone = origin.order_model.isna() | origin.order_id.isna() | (origin.order_id == 0)
    first = rows.reversal_of_id.fillna(rows.id)
    rows = rows.assign(
        customer_id=buyer,
        model=origin.order_model.where(~alone, "loyalty.purchase"),
        document=origin.order_id.where(~alone, first),
    )
    return rows[rows.customer_id.notna()]


def _favourite(column):
    """Return the most frequent value of a group, the smallest of several."""
    return column.value_counts().sort_index().idxmax()


def _margins(rows):
    """Return margin, and net amount with known cost, of each customer."""
    groups = rows.groupby([*KEYS, "model", "document"], as_index=False)
    parts = groups.agg(
        amount=("amount", "sum"),
        margin=("margin", "sum"),
        known=("margin", "count"),
        rows=("id", "size"),
    )
    parts = parts[parts.known == parts.rows]
    return parts.groupby(KEYS)[["amount", "margin"]].sum()


def _taste(facts, rows):
    """Return favourite category, its share, and the lift over the company."""
    lines = facts.purchase_line.dropna(subset=["categ_id"])
    buyers = rows[["id", *KEYS]].rename(columns={"id": "purchase_id"})
    lines = lines.merge(buyers, on="purchase_id")
    spent = lines.groupby([*KEYS, "categ_id"], as_index=False).amount.sum()
    spent = spent[spent.amount > 0]
    spent["share"] = spent.amount / spent.groupby(KEYS).amount.transform("sum")
    of_all = spent.groupby(["company_id", "categ_id"]).amount.transform("sum")
    company = spent.groupby("company_id").amount.transform("sum")
    spent["lift"] = spent.share / (of_all / company)
    spent = spent.sort_values(["amount", "categ_id"], ascending=[False, True])
    return spent.drop_duplicates(KEYS).set_index(KEYS)


def figures(facts, known=None):
    """Return the figures of each customer, by company and customer.

    :param known: what they were at the refresh before, for who was won back
    """
    rows = rows_of_customers(facts)
    bought = baskets.counted(facts)
    bought = bought[bought.customer_id.notna()].copy()
    local = facts.local(bought.date, bought.company_id)
    bought["hour"], bought["weekday"] = local.dt.hour, local.dt.dayofweek + 1
    bought["with_coupon"] = (bought.coupon == "with").astype(int)
    by = bought.groupby(KEYS)
    found = pandas.DataFrame(
        {"amount": rows.groupby(KEYS).amount.sum().astype(float) / 100}
    )
    found["purchase_count"] = by.size()
    found["purchase_count"] = found.purchase_count.fillna(0).astype(int)
    found["first_date"], found["last_date"] = by.day.min(), by.day.max()
    found["coupon_share"] = by.with_coupon.mean()
    for name in ("channel", "weekday", "hour"):
        found[f"favourite_{name}"] = by[name].agg(_favourite)
    buys = found.purchase_count.where(found.purchase_count > 0)
    found["average_basket"] = found.amount / buys
    margins = _margins(rows).astype(float)
    found["margin"] = margins.margin / 100
    found["margin_rate"] = margins.margin / margins.amount.where(margins.amount != 0)
    taste = _taste(facts, rows)
    found["favourite_category_id"] = taste.categ_id
    found["favourite_category_share"] = taste["share"].astype(float)
    found["favourite_category_lift"] = taste.lift.astype(float)
    company = found.index.get_level_values("company_id").to_series(index=found.index)
    today = facts.todays(company)
    found["recency_days"] = (today - found.last_date).dt.days
    found["tenure_days"] = (today - found.first_date).dt.days
    # All of the data is within the months that scores look at.
    assert bought.day.min() > facts.now - pandas.DateOffset(months=RFM_MONTHS)
    found["rfm_count"], found["rfm_amount"] = found.purchase_count, found.amount
    _add_rhythm(found, bought)
    _add_scores(found)
    _add_alive(facts, found, known is not None)
    found["stage"] = _stages(found, known)
    return found


@once
def with_values(facts):
    """Return the figures with those of the purchase model, and what its bands are."""
    found = figures(facts)
    _add_alive(facts, found, True)
    _add_values(facts, found)
    return found


def _models(facts):
    """Return the fitted parameters of the companies that have a model."""
    models = facts.company_metric
    return models[models.fitted_on.notna()].itertuples()


def _add_alive(facts, found, is_fitted):
    """Add P(alive), equation 10 of Fader, Hardie, Lee (2008), of fitted companies."""
    found["p_alive"] = numpy.nan
    for model in _models(facts) if is_fitted else ():
        here = found.index.get_level_values("company_id") == model.company_id
        rows = found[here & (found.purchase_days > 0)]
        x, recency, age = _history(rows)
        power = (model.model_r + x) * numpy.log(
            (model.model_alpha + age) / (model.model_alpha + recency)
        )
        odds = model.model_a / (model.model_b + x - 1) * numpy.exp(power)
        found.loc[rows.index, "p_alive"] = (1 / (1 + odds)).where(x > 0, 1.0)


def _history(rows):
    """Return repeat purchase days, and weeks from the first to the last and to now."""
    recency = rows.tenure_days - rows.recency_days
    return (
        rows.purchase_days.astype(float) - 1,
        recency.astype(float) / 7,
        rows.tenure_days.astype(float) / 7,
    )


def _add_values(facts, found):
    """Add expected purchases, CLV of twelve months and its band.

    BG/NBD by equation 10 of Fader, Hardie, Lee (2005), Gamma-Gamma by equation 5 of
    Fader, Hardie (2013).
    """
    for name in ("expected_purchases", "clv"):
        found[name] = numpy.nan
    found["clv_band"] = found["churn_band"] = None
    for model in _models(facts):
        here = found.index.get_level_values("company_id") == model.company_id
        rows = found[here & (found.purchase_days > 0)]
        x, _recency, _age = _history(rows)
        mean = rows.repeat_amount.fillna(0).astype(float)
        spend = (
            model.model_p
            * (model.model_gamma + x * mean)
            / (model.model_p * x + model.model_q - 1)
        )
        value, before = 0.0, 0.0
        for month in range(1, MONTHS + 1):
            until = _expected(model, rows, month * WEEKS_IN_MONTH)
            value = value + (until - before) / (1 + YEARLY) ** (month / MONTHS)
            before = until
        value = value * spend * model.margin_rate
        place = value.rank(ascending=False, method="min").sub(1) / (len(value) - 1)
        band = numpy.select([place < 0.2, place < 0.5], ["top", "middle"], "base")
        alive = rows.p_alive
        risk = numpy.select([alive >= 0.7, alive >= 0.3], ["low", "medium"], "high")
        found.loc[rows.index, "expected_purchases"] = before
        found.loc[rows.index, "clv"] = value
        found.loc[rows.index, "clv_band"] = band
        risk = pandas.Series(risk, index=rows.index).where(rows.purchase_days > 1)
        found.loc[rows.index, "churn_band"] = risk


def _expected(model, rows, weeks):
    """Return how many purchases are expected within so many weeks."""
    r, alpha, a, b = model.model_r, model.model_alpha, model.model_a, model.model_b
    x, _recency, age = _history(rows)
    series = special.hyp2f1(r + x, b + x, a + b + x - 1, weeks / (alpha + age + weeks))
    left = 1 - ((alpha + age) / (alpha + age + weeks)) ** (r + x) * series
    return (a + b + x - 1) / (a - 1) * left * rows.p_alive


def flows(found, known=None):
    """Return {(company, customer): (stage before, stage)} of who changed the stage."""
    before = pandas.Series(None, index=found.index, dtype=object)
    if known is not None:
        before = known.stage.reindex(found.index)
    changed = found[found.stage != before]
    return {
        key: (_from(before[key], stage), stage) for key, stage in changed.stage.items()
    }


def _from(before, stage):
    """Return the stage before: who is new was a prospect."""
    known = before if isinstance(before, str) else None
    return (known or "prospect") if stage == "new" else known


def report(facts):
    """Return one row per customer, for the RFM matrix and shares of value."""
    found = with_values(facts).reset_index()
    return found.assign(
        one=1,
        cents=found.amount * 100,
        rounded_clv=found.clv.round(2),
        r_score=found.r_score.astype("Int64"),
        fm_score=found.fm_score.astype("Int64"),
    )


FIGURES = {
    "__count": total("one"),
    "amount": money("cents"),
    "purchase_count": total("purchase_count"),
    "clv": total("rounded_clv"),
}
GROUPINGS = (
    ("company_id", "r_score", "fm_score"),
    ("company_id", "rfm_segment"),
    ("company_id", "clv_band"),
    ("company_id", "stage"),
    ("company_id", "churn_band"),
)


def _add_rhythm(found, bought):
    """Add gaps between days with a purchase, own ones and those that count."""
    days = bought.groupby([*KEYS, "day"], as_index=False).amount.sum()
    days["gap"] = days.groupby(KEYS).day.diff().dt.days
    by = days.groupby(KEYS)
    found["purchase_days"] = by.size()
    found["purchase_days"] = found.purchase_days.fillna(0).astype(int)
    later = days[days.gap.notna()].groupby(KEYS).amount.mean()
    found["repeat_amount"] = later.astype(float) / 100
    all_gaps = days.groupby("company_id").gap
    company = found.index.get_level_values("company_id")
    own = found.purchase_count >= OWN_RHYTHM
    for name, part in (("gap_median", 0.5), ("gap_p75", 0.75), ("gap_p90", 0.9)):
        found[name] = by.gap.quantile(part)
        usual = pandas.Series(company.map(all_gaps.quantile(part)), index=found.index)
        found[f"usual_{name}"] = usual
        found[f"own_{name}"] = found[name].where(own).fillna(usual)
    days = pandas.to_timedelta(found.own_gap_median.round(), "D")
    found["next_date"] = found.last_date + days


def _add_scores(found):
    """Add the scores: 1 + 5 x share strictly worse, or thresholds for few buyers."""
    buyers = found[found.rfm_count > 0]
    for _company, group in buyers.groupby("company_id"):
        columns = {"r": group.last_date, "f": group.rfm_count, "m": group.rfm_amount}
        for name, values in columns.items():
            worse = values.rank(method="min") - 1
            score = numpy.minimum(5, 1 + 5 * worse // len(group))
            if len(group) < FEWEST_RANKED:
                values = group.recency_days if name == "r" else values
                score = 1 + sum(
                    (values <= edge if name == "r" else values >= edge).astype(int)
                    for edge in EDGES[name]
                )
            found.loc[group.index, f"{name}_score"] = score
    found["fm_score"] = numpy.floor((found.f_score + found.m_score) / 2 + 0.5)
    found["rfm_segment"] = [
        None if math.isnan(r) else SEGMENTS[int(r)][int(fm) - 1]
        for r, fm in zip(found.r_score, found.fm_score, strict=True)
    ]


def _stages(found, known):
    """Return the stage of each customer: the first that applies."""
    gap = found.recency_days
    single = found.purchase_count == 1
    silent = (gap > found.own_gap_p90) & (gap > DORMANT_FACTOR * found.own_gap_median)
    slow = (gap > found.own_gap_p75) | (single & (gap > found.usual_gap_median))
    won_back = pandas.Series(False, index=found.index)
    if known is not None:
        before, last = known.stage.reindex(found.index), known.last_date
        last = last.reindex(found.index)
        won_back = before.isin(["dormant", "lost"]) & (found.last_date > last)
        won_back |= (before == "won_back") & (found.last_date == last)
    return pandas.Series(
        numpy.select(
            [
                found.purchase_count == 0,
                (gap > LOST_DAYS) | (found.p_alive < LOST_PROBABILITY),
                silent,
                slow,
                won_back,
                single,
                found.purchase_count < OWN_RHYTHM,
            ],
            ["prospect", "lost", "dormant", "slowing", "won_back", "new", "growing"],
            "mature",
        ),
        index=found.index,
    )


def differences(found, said):
    """Return what the figures say differently, as text.

    :param said: list of dicts of the figures as a user reads them
    """
    rows = {(row["company_id"][0], row["partner_id"][0]): row for row in said}
    wrong = [f"{key}: only the figures have it" for key in set(rows) - set(found.index)]
    for key, wanted in found.iterrows():
        row = rows.get(key)
        if row is None:
            wrong.append(f"{key}: missing in the figures")
            continue
        for name in NAMES:
            if not _same(wanted[name], row[name], 0.0051 if name in CENTS else 1e-6):
                wrong.append(f"{key} {name}: {row[name]} is not {wanted[name]}")
    return wrong


def _same(wanted, said, tolerance):
    if isinstance(said, list):
        said = said[0]
    if wanted is None or wanted is pandas.NaT or wanted != wanted:
        return not said
    if isinstance(wanted, pandas.Timestamp):
        return said == str(wanted.date())
    if isinstance(wanted, str):
        return wanted == said
    return abs(float(wanted) - float(said or 0)) < tolerance
