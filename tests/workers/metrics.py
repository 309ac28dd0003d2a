"""Fill a database with purchases by SQL and time the refresh of customer figures."""

import time

from odoo.fields import Command
from odoo.tools import SQL

from odoo.addons.loyalty_coupon_crm.tools.planner import without_jit

FILL = {
    "categories": """
        INSERT INTO product_category (name, complete_name, parent_path)
        SELECT 'C' || n, 'C' || n, '' FROM GENERATE_SERIES(1, 20) n""",
    "customers": """
        INSERT INTO res_partner (name, active, type, autopost_bills)
        SELECT 'Customer ' || n, TRUE, 'contact', 'ask'
          FROM GENERATE_SERIES(1, %(customers)s) n;
        UPDATE res_partner SET commercial_partner_id = id
         WHERE commercial_partner_id IS NULL""",
    "purchases": """
        INSERT INTO loyalty_purchase
               (partner_id, commercial_partner_id, company_id, date, amount, margin,
                amount_total, discount_amount, channel, shop, order_model, order_id)
        SELECT buyer, buyer, %(company)s,
               NOW()::timestamp(0) - (HASHINT4(n) & 1048575) * INTERVAL '55 seconds',
               10 + n %% 90, 4, 12 + n %% 90, 0,
               (ARRAY['pos', 'sale', 'website'])[1 + n %% 3], 'Shop ' || n %% 9,
               'pos.order', n
          FROM GENERATE_SERIES(1, %(purchases)s) n,
               LATERAL (SELECT %(customer)s
                             + (HASHINT4(n * 7) & 2147483647) %% %(customers)s) b(buyer)
        """,
    "refunds": """
        INSERT INTO loyalty_purchase
               (partner_id, commercial_partner_id, company_id, date, amount, margin,
                amount_total, discount_amount, channel, shop, order_model, order_id,
                reversal_of_id)
        SELECT partner_id, commercial_partner_id, company_id, date + INTERVAL '1 day',
               -amount, -margin, -amount_total, 0, channel, shop, order_model,
               order_id + 100000000, id
          FROM loyalty_purchase WHERE id %% 50 = 0""",
    "lines": """
        INSERT INTO loyalty_purchase_line
               (purchase_id, categ_id, quantity, amount, cost)
        SELECT row.id, %(category)s + (HASHINT4(row.id * 3 + n) & 2147483647) %% 20,
               1, row.amount / 2, 1
          FROM loyalty_purchase row, GENERATE_SERIES(1, 2) n""",
}


def fill(env, purchases, customers):
    """Write so many purchases of so many customers, with refunds and lines."""
    env.company.partner_id.tz = "Asia/Shanghai"
    env.flush_all()
    [(partner,)] = env.execute_query(SQL("SELECT MAX(id) FROM res_partner"))
    [(category,)] = env.execute_query(SQL("SELECT MAX(id) FROM product_category"))
    values = {
        "purchases": int(purchases),
        "customers": int(customers),
        "company": env.company.id,
        "customer": partner + 1,
        "category": category + 1,
    }
    for statement in FILL.values():
        env.cr.execute(statement, values)
    env.cr.commit()
    env.cr.connection.autocommit = True
    for table in ("loyalty_purchase", "loyalty_purchase_line", "res_partner"):
        env.cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
    env.cr.connection.autocommit = False
    return int(purchases)


def measure(env):
    """Return the seconds of the first and of later refreshes beside the bare query."""
    metrics = env["loyalty.customer.metric"]
    first = _seconds(env, metrics._refresh, env.company)
    env.cr.connection.autocommit = True
    env.cr.execute("VACUUM ANALYZE loyalty_customer_metric")
    env.cr.connection.autocommit = False
    bare, again = [], []
    for _run in range(3):
        bare.append(_seconds(env, _bare, env))
        again.append(_seconds(env, metrics._refresh, env.company))
    _buy(env, 1000)
    recent = _seconds(env, metrics._refresh, env.company, True)
    campaign = _campaign(env)
    best = _seconds(env, _best, env, campaign)
    return {
        "customers": metrics.search_count([]),
        "first": first,
        "bare": min(bare),
        "again": min(again),
        "recent": recent,
        "best": best,
    }


def _seconds(env, function, *arguments):
    start = time.perf_counter()
    function(*arguments)
    env.cr.commit()
    return time.perf_counter() - start


def _bare(env):
    """Compute the columns and write nothing; the rows stay on the server."""
    query = env["loyalty.customer.metric"]._figures_sql(env.company)
    without_jit(env.cr)
    env.cr.execute(SQL("EXPLAIN (ANALYZE, TIMING OFF) %s", query))


def _campaign(env):
    """Return a campaign with three offers, each of which suits somebody best."""
    programs = env["loyalty.program"].create(
        [
            {
                "name": f"Offer {percent}",
                "program_type": "coupons",
                "company_id": env.company.id,
                "reward_ids": [Command.create({"discount": percent})],
            }
            for percent in (5, 10, 20)
        ]
    )
    return env["loyalty.campaign"].create(
        {
            "name": "Best offer",
            "program_id": programs[0].id,
            "arm_choice": "best",
            "variant_ids": [
                Command.create({"name": program.name, "program_id": program.id})
                for program in programs
            ],
        }
    )


def _best(env, campaign):
    """Find the best offer for each customer; the rows stay on the server."""
    campaign._flush_audience()
    audience = SQL(
        "SELECT partner_id, partner_id AS customer_id FROM loyalty_customer_metric"
    )
    query = campaign._best_query(audience)
    without_jit(env.cr)
    env.cr.execute(SQL("EXPLAIN (ANALYZE, TIMING OFF) %s", query))


def _buy(env, count):
    """Write a purchase of each of so many customers."""
    env.cr.execute(
        """
        INSERT INTO loyalty_purchase
               (partner_id, commercial_partner_id, company_id, date, amount, margin,
                amount_total, discount_amount, channel, order_model, order_id)
        SELECT partner_id, partner_id, company_id, NOW()::timestamp(0), 50, 5, 50, 0,
               'pos', 'pos.order', 200000000 + id
          FROM loyalty_customer_metric ORDER BY id LIMIT %s
        """,
        (count,),
    )
    env.cr.commit()
