"""Fill a database with facts by SQL and time what the report screens ask for."""

import time
from datetime import date, timedelta

from lxml import etree

from odoo.tools import SQL

DAYS = 701
MODELS = ("funnel", "use", "basket", "points")
FILL = {
    "customers": """
        INSERT INTO res_partner (name, active, type, autopost_bills)
        SELECT 'Customer ' || n, TRUE, 'contact', 'ask'
          FROM GENERATE_SERIES(1, %(rows)s / 5) n;
        UPDATE res_partner SET commercial_partner_id = id
         WHERE commercial_partner_id IS NULL""",
    "coupons": """
        INSERT INTO loyalty_card
               (program_id, company_id, partner_id, code, points, active, issued_at,
                used_at, expiration_date)
        SELECT (%(programs)s)[1 + n %% 3], %(company)s,
               %(customer)s + n %% %(customers)s, 'P' || n, 0, TRUE, moment,
               CASE WHEN n %% 2 = 0 THEN moment END, CURRENT_DATE - 1
          FROM GENERATE_SERIES(1, %(rows)s * 2) n,
               LATERAL (SELECT %(start)s::timestamp + n * %(step)s::interval
                            AS moment) at""",
    "redemptions": """
        INSERT INTO loyalty_redemption
               (card_id, program_id, partner_id, company_id, channel, shop, order_model,
                order_id, date, points, discount_amount, goods_cost, order_amount)
        SELECT id, program_id, partner_id, company_id, 'pos', 'Shop ' || id %% 9,
               'pos.order', id,
               issued_at + LEAST((id %% 40) * INTERVAL '1 day 7 hours',
                                 (id %% 40) / 40.0 * (NOW() - issued_at)), 1, 5, 0, 50
          FROM loyalty_card WHERE used_at IS NOT NULL AND code LIKE 'P%%'""",
    "reversals": """
        INSERT INTO loyalty_redemption
               (card_id, program_id, partner_id, company_id, channel, shop, order_model,
                order_id, date, points, discount_amount, goods_cost, order_amount,
                reversal_of_id)
        SELECT card_id, program_id, partner_id, company_id, channel, shop, order_model,
               order_id, date, -1, -5, 0, -50, id
          FROM loyalty_redemption WHERE id %% 50 = 0""",
    "purchases": """
        INSERT INTO loyalty_purchase
               (partner_id, commercial_partner_id, company_id, date, amount,
                amount_total, discount_amount, channel, shop, order_model, order_id)
        SELECT partner_id, partner_id, company_id, issued_at, 50, 55, 5, 'pos',
               'Shop ' || id %% 9, 'pos.order', id
          FROM loyalty_card WHERE code LIKE 'P%%'""",
    "wallets": """
        INSERT INTO loyalty_card
               (program_id, company_id, partner_id, code, points, active, issued_at)
        SELECT %(wallet)s, %(company)s, %(customer)s + n %% %(customers)s, 'W' || n, 0,
               TRUE, %(start)s::timestamp
          FROM GENERATE_SERIES(1, %(rows)s / 10) n""",
    "movements": """
        INSERT INTO loyalty_point_move
               (card_id, partner_id, program_id, company_id, date, kind, points,
                balance_after)
        SELECT card.id, card.partner_id, card.program_id, card.company_id,
               %(start)s::timestamp + (card.id %% 650 + n) * INTERVAL '1 day',
               (ARRAY['earn', 'earn', 'spend', 'expire'])[1 + n %% 4],
               CASE WHEN n %% 4 < 2 THEN 10 ELSE -5 END, 0
          FROM loyalty_card card, GENERATE_SERIES(1, 50) n
         WHERE card.code LIKE 'W%%'""",
}
MONTH = "DATE_TRUNC('month', {} AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Shanghai')"
BARE = {
    "funnel": f"""
        SELECT card.program_id, {MONTH.format("card.issued_at")}, COUNT(*),
               COUNT(*) FILTER (WHERE card.used_at IS NOT NULL AND card.points <= 0),
               COUNT(*) FILTER (WHERE card.expiration_date < CURRENT_DATE),
               COUNT(*) FILTER (WHERE card.voided_at IS NOT NULL),
               SUM(use.discount), SUM(use.amount)
          FROM loyalty_card card
          JOIN loyalty_program program ON program.id = card.program_id
          LEFT JOIN (SELECT card_id, SUM(discount_amount) AS discount,
                            SUM(order_amount) AS amount
                       FROM loyalty_redemption GROUP BY card_id) use
            ON use.card_id = card.id
         WHERE program.program_type = 'coupons' AND card.issued_at IS NOT NULL
         GROUP BY GROUPING SETS ((), (1), (1, 2))""",
    "use": f"""
        SELECT EXTRACT(HOUR FROM {MONTH.format("use.date").replace("month", "hour")}),
               EXTRACT(ISODOW FROM {MONTH.format("use.date").replace("month", "hour")}),
               COUNT(*)
          FROM loyalty_redemption use
         WHERE reversal_of_id IS NULL
           AND NOT EXISTS (SELECT FROM loyalty_redemption back
                            WHERE back.reversal_of_id = use.id)
         GROUP BY GROUPING SETS ((), (1), (2), (1, 2))""",
    "basket": f"""
        SELECT use.order_id IS NULL, {MONTH.format("purchase.date")}, COUNT(*),
               AVG(purchase.amount),
               SUM(purchase.discount_amount) / SUM(purchase.amount)
          FROM loyalty_purchase purchase
          LEFT JOIN (SELECT DISTINCT order_model, order_id FROM loyalty_redemption
                      WHERE reversal_of_id IS NULL) use
            ON use.order_model = purchase.order_model
           AND use.order_id = purchase.order_id
         GROUP BY GROUPING SETS ((), (1), (2), (1, 2))""",
    "points": f"""
        SELECT program_id, {MONTH.format("date")},
               SUM(points) FILTER (WHERE kind = 'earn'),
               SUM(points) FILTER (WHERE kind = 'spend'),
               SUM(points) FILTER (WHERE kind = 'expire'), SUM(points)
          FROM loyalty_point_move
         WHERE program_id IN (SELECT id FROM loyalty_program
                               WHERE program_type = 'loyalty')
         GROUP BY 1, 2""",
}


def fill(env, rows):
    """Write `rows` redemptions, twice as many coupons, five times as many movements.

    :return: dict of table name to rows
    """
    rows = int(rows)
    env.company.partner_id.tz = "Asia/Shanghai"
    program = {"program_type": "coupons", "company_id": env.company.id}
    programs = env["loyalty.program"].create(
        [{"name": f"Coupon {number}", **program} for number in range(3)]
    )
    wallet = env["loyalty.program"].create(
        {"name": "Points", "program_type": "loyalty", "company_id": env.company.id}
    )
    env.flush_all()
    [(last,)] = env.execute_query(SQL("SELECT MAX(id) FROM res_partner"))
    for statement in FILL.values():
        env.cr.execute(
            statement,
            {
                "rows": rows,
                "programs": programs.ids,
                "wallet": wallet.id,
                "company": env.company.id,
                "customer": last + 1,
                "customers": rows // 5,
                "start": date.today() - timedelta(days=DAYS),
                "step": f"{700 * 86400 / rows / 2} seconds",
            },
        )
    env.cr.commit()
    tables = ("loyalty_card", "loyalty_redemption", "loyalty_purchase")
    tables += ("loyalty_point_move",)
    env.cr.connection.autocommit = True
    found = {}
    for table in tables:
        env.cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
        query = SQL("SELECT COUNT(*) FROM %s", SQL.identifier(table))
        [(found[table],)] = env.execute_query(query)
    env.cr.connection.autocommit = False
    return found


def measure(env):
    """Return {report: seconds of its pivot, its list, and the bare query}."""
    return {
        name: {
            "pivot": _seconds(_pivot, env, name),
            "list": _seconds(_list, env, name),
            "bare": _seconds(env.cr.execute, BARE[name]),
        }
        for name in MODELS
    }


def _seconds(function, *arguments):
    """Return the time of the better of two runs."""
    times = []
    for _run in range(2):
        start = time.perf_counter()
        function(*arguments)
        times.append(time.perf_counter() - start)
    return min(times)


def _pivot(env, name):
    """Ask what the pivot view asks when it is opened."""
    model = env[f"loyalty.{name}.report"]
    arch = model.get_view(view_type="pivot")["arch"]
    rows, columns, measures = _pivot_parts(arch)
    specs = [f"{field}:{model._fields[field].aggregator}" for field in measures]
    sets = [
        rows[:depth] + columns[:width]
        for depth in range(len(rows) + 1)
        for width in range(len(columns) + 1)
    ]
    model.formatted_read_grouping_sets([], sets, specs)


def _pivot_parts(arch):
    parts = {"row": [], "col": [], "measure": []}
    for node in etree.fromstring(arch).iter("field"):
        interval = node.get("interval")
        name = node.get("name")
        parts[node.get("type")].append(f"{name}:{interval}" if interval else name)
    return parts.values()


def _list(env, name):
    """Read the first page of rows with all stored fields."""
    model = env[f"loyalty.{name}.report"]
    fields = {field: {} for field in model._fields if field != "display_name"}
    model.web_search_read([], fields, limit=80, count_limit=10001)
