"""Time the dashboard over many facts, and the refresh of the daily figures."""

import time
from datetime import timedelta

from odoo.fields import Command
from odoo.tools import SQL


def measure(env):
    """Return seconds of the refreshes and of the dashboard.

    The dashboard is asked as a reader with the least rights asks, for the last 30 days
    and the last twelve months.
    """
    refresh = env["loyalty.daily.refresh"]
    env["loyalty.customer.metric"]._refresh(env.company)
    env.cr.commit()
    seconds = {"all": _seconds(env, lambda: refresh._refresh(everything=True))}
    for table in ("loyalty_daily_figure", "loyalty_daily_customer"):
        env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
    env.cr.commit()
    # While something else was open at the first time, everything is looked at again.
    refresh._refresh()
    env.cr.commit()
    _refund_one(env)
    seconds["some"] = _seconds(env, refresh._refresh)
    dashboard = env["loyalty.dashboard"].with_user(_reader(env))
    dashboard = dashboard.with_context(allowed_company_ids=env.company.ids)
    today = env.company._loyalty_today()
    for name, days in (("month", 29), ("year", 364)):
        choice = {"date_from": str(today - timedelta(days=days))}
        found = min(
            _seconds(env, lambda choice=choice: dashboard.get_figures(**choice))
            for _run in range(3)
        )
        seconds[name] = found
    figures = dashboard.get_figures()["sections"][0]["figures"]
    return {
        **seconds,
        "rows": env["loyalty.daily.figure"].search_count([]),
        "purchases": figures[1]["value"],
    }


def _seconds(env, function):
    start = time.perf_counter()
    function()
    taken = time.perf_counter() - start
    env.cr.commit()
    env.invalidate_all()
    return taken


def _refund_one(env):
    """Have a use and a purchase of an old day taken back."""
    use = env["loyalty.redemption"].search([], order="id", limit=1)
    use._reverse()
    env["loyalty.purchase"].create(
        {
            "company_id": env.company.id,
            "date": use.date,
            "amount": 10,
            "channel": "pos",
        }
    )
    env.cr.commit()


def _reader(env):
    return env["res.users"].create(
        {
            "name": "Reader",
            "login": "dashboard_reader",
            "group_ids": [
                Command.set(env.ref("loyalty_coupon_crm.group_loyalty_auditor").ids)
            ],
        }
    )
