"""Figures of customers beside pandas: stages, scores, values, and the forecast."""

import math

import pandas
import pytest
from figures import baskets, customers

BASKETS, HOLDOUT_WEEKS, LATER_DAYS = 155_848, 17, 25


def test_figures_of_customers(loaded):
    """Every figure of every customer, of all baskets and of random facts."""
    found = customers.with_values(loaded.facts())
    names = ["company_id", "partner_id", *customers.NAMES]
    said = loaded.call("read", "loyalty.customer.metric", *names)
    wrong = customers.differences(found, said)
    assert not wrong, (len(wrong), wrong[:20])


def test_the_forecast_beats_the_naive_one(loaded):
    facts = loaded.facts()
    rows = baskets.counted(facts)
    rows = rows[rows.company_id == facts.main]
    assert len(facts.purchase[facts.purchase.company_id == facts.main]) == BASKETS
    names = ["company_id", "holdout_weeks", "holdout_customer_count", "holdout_actual"]
    names += ["holdout_error", "holdout_naive_error", "holdout_gain", "model_text"]
    [check] = [
        row
        for row in loaded.call("read", "loyalty.company.metric", *names)
        if row["company_id"][0] == facts.main
    ]
    assert check["holdout_weeks"] == HOLDOUT_WEEKS, check
    span = pandas.Timedelta(weeks=HOLDOUT_WEEKS)
    until = facts.today(facts.main) - span
    known = rows[rows.day <= until].customer_id.unique()

    def spent(first, last):
        inside = rows[(rows.day > first) & (rows.day <= last)]
        amounts = inside.groupby("customer_id").amount.sum().astype(float) / 100
        return amounts.reindex(known).fillna(0)

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


def test_flows_between_stages(loaded, changing):
    """A refresh weeks later, after late facts, notes who passed to which stage."""
    first = customers.figures(loaded.facts())
    changing.change("late", module="figures_late")
    then = changing.change("refresh", LATER_DAYS)
    facts = changing.facts_at(then)
    found = customers.figures(facts, first)
    for known, table, moment in (
        (None, first, loaded.facts()),
        (first, found, facts),
    ):
        wanted = customers.flows(table, known)
        days = facts.stage_change.company_id.map(moment.today)
        rows = facts.stage_change[facts.stage_change.date == days]
        said = {
            (row.company_id, row.partner_id): (
                row.stage_from if isinstance(row.stage_from, str) else None,
                row.stage_to,
            )
            for row in rows.itertuples()
        }
        assert said == wanted
    assert {to for _before, to in said.values()} >= {"slowing", "dormant", "lost"}
