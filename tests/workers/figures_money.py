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


def liabilities(env, days):
    """Return what points owe at the end of some days, one proposal after the other.

    :param days: days in ISO format, separated by commas
    :return: list of rows, with their `lines`
    """
    model = env["loyalty.point.liability"]
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
    return found


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
