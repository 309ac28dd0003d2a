"""A year of a grocer's real purchases, replayed through drafts of campaigns."""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "setup" / "loop"))

import dataset

from odoo import fields


def replay(env, weeks, households, rules):
    """Write the sample's purchases and replay rules over them.

    :param weeks: by how many weeks dates are moved
    :param households: how many of them
    :param rules: JSON of {name: values of the draft}, each with `days` to replay and,
        for a rule on categories, their names as `categories`
    :return: {name: {"since": moment, "now": moment, "found": [[household, occasion],
        …]}}
    """
    data = dataset.Dataset(full=False, weeks=int(weeks), households=int(households))
    partners, categories = _write(env, data)
    households = {partner: household for household, partner in partners.items()}
    program = env["loyalty.program"].create(
        {"name": "Thanks", "program_type": "coupons", "trigger": "with_code"}
    )
    found = {}
    for name, values in json.loads(rules).items():
        days = values.pop("days")
        names = values.pop("categories", [])
        campaign = env["loyalty.campaign"].create(
            {
                "name": name,
                "program_id": program.id,
                "trigger_categ_ids": [(6, 0, [categories[one] for one in names])],
                **values,
            }
        )
        trial = env["loyalty.campaign.backtest"].create(
            {"campaign_id": campaign.id, "days": days}
        )
        since = trial._since()
        rows = trial._replay()
        found[name] = {
            "since": fields.Datetime.to_string(since),
            "now": fields.Datetime.to_string(fields.Datetime.now()),
            "found": sorted([households[row.partner_id], row.occasion] for row in rows),
        }
    return found


def _write(env, data):
    """Write customers, categories, purchases and their lines by category.

    :return: ({household: contact id}, {category: id})
    """
    env.company.partner_id.tz = dataset.TIMEZONE
    baskets = data.baskets()
    households = [int(number) for number in data.households]
    contacts = env["res.partner"].create(
        [{"name": f"Household {number}"} for number in households]
    )
    partners = dict(zip(households, contacts.ids, strict=True))
    names = sorted(baskets.product_category.dropna().unique())
    categories = dict(
        zip(
            names,
            env["product.category"].create([{"name": name} for name in names]).ids,
            strict=True,
        )
    )
    keys = ["external_ref", "customer_ref", "date"]
    lines = baskets.groupby(
        [*keys, "product_category"], as_index=False, dropna=False
    ).agg(amount=("amount", "sum"), quantity=("quantity", "sum"))
    heads = lines.groupby(keys, as_index=False).agg(amount=("amount", "sum"))
    heads = heads.sort_values(["date", "external_ref"])
    env.cr.execute(
        """
        INSERT INTO loyalty_purchase (partner_id, commercial_partner_id, company_id,
                                      date, amount, amount_total, channel, external_ref)
        SELECT partner, partner, %s, moment, ROUND(amount, 2), ROUND(amount, 2), 'pos',
               ref
          FROM unnest(%s, %s::timestamp[], %s::numeric[], %s)
               AS row (partner, moment, amount, ref)
        """,
        [
            env.company.id,
            [partners[int(ref[3:])] for ref in heads.customer_ref],
            [str(moment.tz_localize(None)) for moment in heads.date],
            heads.amount.tolist(),
            heads.external_ref.tolist(),
        ],
    )
    env.cr.execute(
        """
        INSERT INTO loyalty_purchase_line (purchase_id, categ_id, quantity, amount)
        SELECT purchase.id, row.categ, row.quantity, row.amount
          FROM unnest(%s, %s::integer[], %s::numeric[], %s::numeric[])
               AS row (ref, categ, quantity, amount)
          JOIN loyalty_purchase purchase ON purchase.external_ref = row.ref
        """,
        [
            lines.external_ref.tolist(),
            [categories.get(name) for name in lines.product_category],
            lines.quantity.tolist(),
            lines.amount.tolist(),
        ],
    )
    env.cr.execute("ANALYZE loyalty_purchase, loyalty_purchase_line, res_partner")
    return partners, categories
