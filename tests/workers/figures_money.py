"""What the dashboard, results of campaigns and liabilities say, and what there is."""

import json
from datetime import date
from pathlib import Path

from figures_load import NOW, READER

from odoo.tests.common import freeze_time

ADDONS = ("loyalty_coupon_crm", "loyalty_coupon_crm_pos", "loyalty_coupon_crm_reports")
NUMBERS = ("integer", "float", "monetary")
# Rows of a table that are figures all the same.
STORED = (
    "loyalty.campaign.result",
    "loyalty.point.liability",
    "loyalty.point.liability.line",
    "loyalty.customer.metric",
)


def _plain(value):
    return json.loads(json.dumps(value, default=str))


def dashboard(env, questions):
    """Return what the dashboard shows to a user who reads it.

    :param questions: path of a JSON list of dicts with `companies` (that are switched
        on, the current one first) and `choice`, arguments of the dashboard
    """
    user = env["res.users"].search([("login", "=", READER)])
    answers = []
    with freeze_time(NOW):
        for question in json.loads(Path(questions).read_text(encoding="utf-8")):
            board = env["loyalty.dashboard"].with_user(user)
            board = board.with_context(allowed_company_ids=question["companies"])
            answers.append(_plain(board.get_figures(**question["choice"])))
    return answers


def results(env):
    """Return the results of all campaigns, and of all of a year together.

    They are computed and thrown away.
    """
    model = env["loyalty.campaign.result"]
    names = [name for name in model._fields if name not in ("id", "__last_update")]
    with freeze_time(NOW):
        env["loyalty.campaign"].search([])._refresh_results()
        env["res.company"].search([])._loyalty_refresh_holdout()
        env.flush_all()
        found = _plain(model.search([]).read(names))
    env.cr.rollback()
    return found


def liabilities(env, days, before=""):
    """Return what points owe at the end of some days, one proposal after the other.

    :param days: days in ISO format, separated by commas
    :param before: day before which movements are folded first, all at once or in turns
    :return: list of rows, with their `lines`
    """
    model = env["loyalty.point.liability"]
    folded = sum(_fold(env, day) for day in before.split(",") if day)
    with freeze_time(NOW):
        for day in days.split(","):
            for company in env["res.company"].search([]):
                programs = model._valued_programs(company)
                on = date.fromisoformat(day)
                model.create(model._prepare(company, programs, on))
        env.flush_all()
        found = []
        for row in model.search([], order="date, id"):
            lines = row.line_ids.read()
            found.append({**row.read()[0], "lines": lines})
        found = _plain(found)
    env.cr.rollback()
    return {"rows": found, "folded": folded}


def _fold(env, day):
    """Fold what is older than a day; return how many movements are gone."""
    archives, moves = env["loyalty.point.archive"], env["loyalty.point.move"]
    count, wrong = moves.search_count([]), moves._ledger_differences(None)
    companies = env["res.company"].search([])
    with freeze_time(NOW):
        for owner in (*companies, companies.browse()):
            seen, last, clock = 1, 0, owner or companies[0]
            while seen:
                before = date.fromisoformat(day)
                seen, last = archives._fold_batch(owner, clock, before, 40, last)
    # Coupons have no movements here; whatever else differs did before.
    assert moves._ledger_differences(None) == wrong
    return count - moves.search_count([])


def measures(env):
    """Return the names of the numbers that each of our reports shows, by model."""
    found = {}
    for name, model in env.registry.models.items():
        ours = model._original_module in ADDONS and not model._abstract
        if not ours or (model._auto and name not in STORED):
            continue
        found[name] = sorted(
            field.name
            for field in model._fields.values()
            if field.type in NUMBERS and field.store and field.name != "id"
        )
    return found
