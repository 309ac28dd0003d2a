"""The steps of the loop, each done once; the table at the end."""

import json
import sys
import time

import history
import offer
import people
import uses
from dataset import ASSUMED_COST, Dataset

MEMORY = "loyalty_demo.loop"
# (name, function, whether more households mean more to do)
STEPS = (
    ("people and till", people.prepare, False),
    ("shopping history", history.shopping, True),
    ("past campaigns", history.campaigns, True),
    ("past uses", history.redemptions, True),
    ("figures", offer.figures, True),
    ("our own campaign", offer.campaign, False),
    ("sales orders", uses.orders, False),
    ("till", uses.till, False),
    ("a night", offer.night, True),
)


def main(env, full=False, households=None):
    """Run the steps that were not done in this database, and print the table.

    :param env: environment of the superuser
    :param full: every household instead of every eighth one
    :param households: how many, instead of every eighth one
    """
    env = env(context={**env.context, "tracking_disable": True, "lang": "en_US"})
    company = env["res.company"].search([], order="id", limit=1)
    env = env(context={**env.context, "allowed_company_ids": company.ids})
    memory = _recall(env)
    scope = "full" if full or memory.get("scope") == "full" else "sample"
    data = None
    for name, step, grows in STEPS:
        done = memory["steps"].get(name)
        if done and (done["scope"] in (scope, "full") or not grows):
            continue
        data = data or Dataset(scope == "full", memory.get("weeks"), households)
        memory["weeks"] = data.weeks
        start = time.monotonic()
        counts = _call(step, env, data)
        env.cr.flush()
        seconds = time.monotonic() - start
        memory["steps"][name] = {"scope": scope, "seconds": seconds, "counts": counts}
        memory["scope"] = scope
        _remember(env, memory)
        sys.stderr.write(f"· {name}, {seconds:.1f} s\n")
    sys.stdout.write(_table(env, memory))


def _call(step, env, data):
    return step(env) if step is people.prepare else step(env, data)


def _recall(env):
    text = env["ir.config_parameter"].get_param(MEMORY)
    return json.loads(text) if text else {"steps": {}}


def _remember(env, memory):
    env["ir.config_parameter"].set_param(MEMORY, json.dumps(memory))
    env.cr.commit()


def _table(env, memory):
    """Return what is in the database now, and how long each step took."""
    rows = []
    for name, _step, _grows in STEPS:
        step = memory["steps"][name]
        rows.append((name, "", step["seconds"]))
        rows += [(f"  {what}", count, None) for what, count in step["counts"].items()]
    rows.append(("now in the database", "", None))
    rows += [(f"  {what}", count, None) for what, count in _facts(env)]
    lines = [f"{'':44}{'rows / money':>16}{'seconds':>10}"]
    for what, count, seconds in rows:
        number = f"{count:,}" if count != "" else ""
        took = "" if seconds is None else f"{seconds:.1f}"
        lines.append(f"{what:44}{number:>16}{took:>10}".rstrip())
    moved = f"All dates of the data were moved by {memory['weeks']} weeks."
    cost = f"Costs are assumed: {ASSUMED_COST:.0%} of what was paid."
    return "\n".join(["", *lines, moved, cost, ""])


def _facts(env):
    """Return (name, value) of what the add-ons know now."""
    env.flush_all()
    uses = env["loyalty.redemption"]
    valid = [("reversal_of_id", "=", False), ("reversed_by_ids", "=", False)]
    [(discount,)] = uses._read_group(valid, [], ["discount_amount:sum"])
    [(sales,)] = env["loyalty.purchase"]._read_group([], [], ["amount:sum"])
    facts = [
        ("purchases", env["loyalty.purchase"].search_count([])),
        (
            "coupons issued",
            env["loyalty.card"].search_count([("issued_at", "!=", False)]),
        ),
        ("coupons used", uses.search_count(valid)),
        ("uses taken back", uses.search_count([("reversal_of_id", "!=", False)])),
        ("discount given", round(discount, 2)),
        ("net sales", round(sales, 2)),
    ]
    facts += [(f"rows of {name}", env[name].search_count([])) for name in _reports(env)]
    return facts


def _reports(env):
    """Return the names of the models that a report is read from."""
    return sorted(
        name
        for name, model in env.registry.items()
        if name.startswith("loyalty.") and not model._auto and not model._abstract
    )
