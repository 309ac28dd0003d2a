"""Fill a database with facts by SQL and time what the report screens ask for."""

import time
from datetime import date, timedelta
from pathlib import Path

from lxml import etree

from odoo.fields import Command
from odoo.tools import SQL

DAYS = 701
TABLES = (
    *("customer_metric", "stage_change", "daily_figure", "daily_customer"),
    *("daily_coupon", "daily_use", "customer_month", "cohort_month", "first_use"),
    "use_cohort",
)
# Every screen under Reporting, and those of customers that read as much.
SCREENS = {
    **{
        name: f"loyalty.{name}.report"
        for name in (
            *("funnel", "use", "basket", "points", "after", "retention", "daily"),
            *("season", "demand", "around", "product", "price"),
        )
    },
    "staff": "loyalty.use.report",
    "customers": "loyalty.customer.metric",
    "stages": "loyalty.stage.change",
    "events": "loyalty.customer.event",
}
# What the menus filter by.
DOMAINS = {
    "after": [("is_complete", "=", True)],
    "around": [("is_complete", "=", True), ("age", ">=", -6), ("age", "<=", 6)],
    "product": [("date", ">", "today -3m")],
    "price": [("month", ">", "today -3m"), ("others", ">", 0)],
}
# Views that are opened instead of the first of their model.
VIEWS = {
    "customers": "loyalty_coupon_crm.loyalty_customer_metric_view_pivot_rfm",
    "staff": "loyalty_coupon_crm_reports.loyalty_use_report_view_pivot_staff",
}
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
    "lines": """
        INSERT INTO loyalty_purchase_line
               (purchase_id, product_id, categ_id, quantity, amount)
        SELECT row.id, (%(products)s)[1 + row.id %% 100], %(category)s, 1,
               45 + row.id %% 11
          FROM loyalty_purchase row WHERE row.order_model = 'pos.order'""",
    "wallets": """
        INSERT INTO loyalty_card
               (program_id, company_id, partner_id, code, points, active, issued_at)
        SELECT %(wallet)s, %(company)s, %(customer)s + n %% %(customers)s, 'W' || n, 0,
               TRUE, %(start)s::timestamp
          FROM GENERATE_SERIES(1, %(rows)s / 10) n""",
    "vouchers": """
        INSERT INTO loyalty_card
               (program_id, company_id, partner_id, code, points, active, issued_at)
        SELECT %(voucher)s, %(company)s, %(customer)s + n %% %(customers)s, 'V' || n, 1,
               TRUE, NOW() - n %% 60 * INTERVAL '1 day'
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
    env["res.company"].create({"name": "Other Shops"})
    program = {"program_type": "coupons", "company_id": env.company.id}
    programs = env["loyalty.program"].create(
        [{"name": f"Coupon {number}", **program} for number in range(3)]
    )
    wallet = env["loyalty.program"].create(
        {
            "name": "Points",
            "program_type": "loyalty",
            "applies_on": "both",
            "company_id": env.company.id,
        }
    )
    gift = env["product.product"].create({"name": "Gift"})
    goods = env["product.product"].create(
        [{"name": f"Goods {number}"} for number in range(100)]
    )
    reward = {"reward_type": "product", "reward_product_id": gift.id}
    voucher = env["loyalty.program"].create(
        {"name": "Voucher", **program, "reward_ids": [Command.create(reward)]}
    )
    env.flush_all()
    [(last,)] = env.execute_query(SQL("SELECT MAX(id) FROM res_partner"))
    for statement in FILL.values():
        env.cr.execute(
            statement,
            {
                "rows": rows,
                "programs": programs.ids,
                "products": goods.ids,
                "category": goods.categ_id[:1].id or None,
                "wallet": wallet.id,
                "voucher": voucher.id,
                "company": env.company.id,
                "customer": last + 1,
                "customers": rows // 5,
                "start": date.today() - timedelta(days=DAYS),
                "step": f"{700 * 86400 / rows / 2} seconds",
            },
        )
    env.cr.commit()
    tables = ("loyalty_card", "loyalty_redemption", "loyalty_purchase")
    tables += ("loyalty_purchase_line", "loyalty_point_move")
    env.cr.connection.autocommit = True
    found = {}
    for table in tables:
        env.cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(table)))
        query = SQL("SELECT COUNT(*) FROM %s", SQL.identifier(table))
        [(found[table],)] = env.execute_query(query)
    env.cr.connection.autocommit = False
    return found


def measure(env):
    """Return {screen: {"list", "groups", "pivot", "graph", "bare": cost}}.

    A cost is the seconds by the clock and the processor's, the better of two runs. Bare
    queries are known for four screens.
    """
    env["loyalty.customer.metric"]._refresh(env.company)
    refresh = env["loyalty.daily.refresh"]
    whole = _cost(env, refresh._refresh, True, runs=1)
    env.cr.commit()
    env.cr.connection.autocommit = True
    for table in TABLES:
        env.cr.execute(SQL("VACUUM ANALYZE %s", SQL.identifier(f"loyalty_{table}")))
    env.cr.connection.autocommit = False
    found = {"refresh": {"of all": whole, "of nothing": _cost(env, refresh._refresh)}}
    for name, model in SCREENS.items():
        domain = DOMAINS.get(name, [])
        found[name] = {"list": _cost(env, _list, env[model], domain)}
        kinds = _view_kinds(env[model])
        if _list_groups(env[model]):
            found[name]["groups"] = _cost(env, _groups, env[model], domain)
        if "pivot" in kinds:
            view = VIEWS.get(name)
            found[name]["pivot"] = _cost(env, _pivot, env[model], view, domain)
        if "graph" in kinds:
            found[name]["graph"] = _cost(env, _graph, env[model], domain)
        if name in BARE:
            found[name]["bare"] = _cost(env, env.cr.execute, BARE[name])
    funnel = env["loyalty.funnel.report"]
    some = funnel.with_context(allowed_company_ids=env.company.ids)
    found["funnel"] |= {
        "month": _cost(env, _list, funnel, _old_month(env)),
        "one company": _cost(env, _pivot, some, None, []),
    }
    return {**found, "liability": {"bookkeeper": _cost(env, _liability, env)}}


def _cost(env, function, *arguments, runs=2):
    """Return the time of the best of some runs, by the clock and the processor.

    That is our own process and the database's; helpers the database calls are missing.
    """
    env.cr.execute("SELECT pg_backend_pid()")
    [pid] = env.cr.fetchone()
    costs = []
    for _run in range(runs):
        env.invalidate_all()
        start, used = time.perf_counter(), _processor(pid)
        function(*arguments)
        costs.append((time.perf_counter() - start, _processor(pid) - used))
    return {"seconds": min(costs)[0], "processor": min(cost[1] for cost in costs)}


def _processor(pid):
    """Return the processor's seconds of this process and of another one."""
    waited = Path(f"/proc/{pid}/schedstat").read_text(encoding="ascii").split()
    return time.process_time() + int(waited[0]) / 1e9


def _view_kinds(model):
    kinds = model.env["ir.ui.view"].search([("model", "=", model._name)])
    return kinds.mapped("type")


def _liability(env):
    """Compute what the points owe, as the bookkeeper's proposal does."""
    programs = env["loyalty.program"].search([("program_type", "=", "loyalty")])
    programs.write({"points_value": 0.01})
    yesterday = env.company._loyalty_today() - timedelta(days=1)
    env["loyalty.point.liability"]._prepare(env.company, programs, yesterday)


def _pivot(model, view, domain):
    """Ask what the pivot view asks when it is opened."""
    view_id = model.env.ref(view).id if view else None
    arch = model.get_view(view_id, view_type="pivot")["arch"]
    rows, columns, measures = _pivot_parts(arch)
    specs = [f"{field}:{model._fields[field].aggregator}" for field in measures]
    sets = [
        rows[:depth] + columns[:width]
        for depth in range(len(rows) + 1)
        for width in range(len(columns) + 1)
    ]
    model.formatted_read_grouping_sets(domain, sets, [*specs, "__count"])


def _graph(model, domain):
    """Ask what the graph view asks when it is opened."""
    arch = model.get_view(view_type="graph")["arch"]
    groupby, specs = [], ["__count"]
    for node in etree.fromstring(arch).iter("field"):
        name, interval = node.get("name"), node.get("interval")
        if node.get("type") == "measure":
            specs.append(f"{name}:{model._fields[name].aggregator}")
        else:
            groupby.append(f"{name}:{interval}" if interval else name)
    model.formatted_read_group(domain, groupby, specs)


def _list_groups(model):
    """Return what the list is grouped by when it is opened."""
    arch = etree.fromstring(model.get_view(view_type="list")["arch"])
    return [part for part in arch.get("default_group_by", "").split(",") if part]


def _groups(model, domain):
    """Ask what a grouped list asks when it is opened: sums of all its columns."""
    arch = etree.fromstring(model.get_view(view_type="list")["arch"])
    specs = []
    for name in {node.get("name") for node in arch.iterfind("field")}:
        field = model._fields[name]
        if field.aggregator and field.type in ("integer", "float", "monetary"):
            specs.append(f"{name}:{field.aggregator}")
        if field.type == "monetary":
            specs += [f"{name}:sum_currency", "currency_id:array_agg_distinct"]
    groups = _list_groups(model)
    model.web_read_group(domain, groups[:1], list(set(specs)), limit=80)


def _pivot_parts(arch):
    parts = {"row": [], "col": [], "measure": []}
    for node in etree.fromstring(arch).iter("field"):
        interval = node.get("interval")
        name = node.get("name")
        kind = parts.get(node.get("type"))
        if kind is not None:
            kind.append(f"{name}:{interval}" if interval else name)
    return parts.values()


def _old_month(env):
    """Return the domain of a group of the funnel's list: a month of a year ago."""
    first = (date.today() - timedelta(days=365)).replace(day=1)
    program = env["loyalty.program"].search([("name", "=", "Coupon 0")])
    return [
        ("program_id", "=", program.id),
        ("issue_date", ">=", str(first)),
        ("issue_date", "<", str((first + timedelta(days=31)).replace(day=1))),
    ]


def _list(model, domain):
    """Read the first page of rows with the fields of the list."""
    arch = etree.fromstring(model.get_view(view_type="list")["arch"])
    fields = {node.get("name"): {} for node in arch.iterfind("field")}
    model.web_search_read(domain, fields, limit=80, count_limit=10001)
