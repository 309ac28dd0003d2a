"""Code for Odoo's shell: what a shop that used Odoo alone has in its database."""

CARDS = 10_000

BUILD = f"""
from odoo.fields import Command

Program, Card = env["loyalty.program"], env["loyalty.card"]
Program.search([]).action_archive()
partners = env["res.partner"].create(
    [{{"name": f"Customer {{number}}"}} for number in range(20)]
)
product = env["product.product"].create(
    {{"name": "Tea", "list_price": 100.0, "type": "consu", "taxes_id": False}}
)
coupons = Program.create(
    {{
        "name": "Coupons of old",
        "program_type": "coupons",
        "trigger": "with_code",
        "applies_on": "current",
        "rule_ids": False,
        "reward_ids": [
            Command.create(
                {{
                    "reward_type": "discount",
                    "discount": 10,
                    "discount_mode": "percent",
                    "required_points": 1,
                }}
            )
        ],
    }}
)
wallet = Program.create(
    {{
        "name": "Points of old",
        "program_type": "loyalty",
        "trigger": "auto",
        "applies_on": "both",
        "rule_ids": [
            Command.create({{"reward_point_amount": 1, "reward_point_mode": "money"}})
        ],
        "reward_ids": [
            Command.create(
                {{
                    "reward_type": "discount",
                    "discount": 1,
                    "discount_mode": "per_point",
                    "required_points": 1,
                }}
            )
        ],
    }}
)
Card.create(
    [
        {{"program_id": coupons.id, "points": 1, "code": f"OLD{{number:06}}"}}
        for number in range({CARDS})
    ]
)
Card.create(
    [
        {{"program_id": wallet.id, "partner_id": partner.id, "points": index * 2.5}}
        for index, partner in enumerate(partners)
    ]
)


def order(partner, code=None, points=False):
    made = env["sale.order"].create(
        {{
            "partner_id": partner.id,
            "order_line": [
                Command.create({{"product_id": product.id, "product_uom_qty": 2}})
            ],
        }}
    )
    made._update_programs_and_rewards()
    if code:
        for card, rewards in made._try_apply_code(code).items():
            made._apply_program_reward(rewards[:1], card)
    if points:
        for card, rewards in made._get_claimable_rewards().items():
            if card.program_id == wallet and card.points:
                made._apply_program_reward(rewards[:1], card)
    made.action_confirm()
    return made


orders = [order(partner, f"OLD{{i:06}}") for i, partner in enumerate(partners[:8])]
orders += [order(partner, points=True) for partner in partners[8:16]]
orders[0]._action_cancel()
env.cr.commit()
answer = {{"orders": len(orders), "used": 8}}
"""

SELL_AGAIN = """
from odoo.fields import Command

partner = env["res.partner"].search([("name", "=", "Customer 19")])
product = env["product.product"].search([("name", "=", "Tea")], limit=1)
card = env["loyalty.card"].search([("code", "=", "OLD000100")])
order = env["sale.order"].create(
    {
        "partner_id": partner.id,
        "order_line": [Command.create({"product_id": product.id})],
    }
)
before = order.amount_total
for coupon, rewards in order._try_apply_code(card.code).items():
    order._apply_program_reward(rewards, coupon)
order.action_confirm()
answer = [before, order.amount_total, order.state, card.points]
"""

DEMO_OF_OURS = (
    "(SELECT res_id FROM ir_model_data "
    "WHERE module LIKE 'loyalty_coupon_crm%' AND model = '{}')"
)
DEMO_PROGRAMS = DEMO_OF_OURS.format("loyalty.program")
DEMO_PRODUCTS = DEMO_OF_OURS.format("product.product")

# Every Odoo row that must survive our coming and going, as counts and sums.
FACTS = {
    "cards": "SELECT count(*), sum(points) FROM loyalty_card "
    f"WHERE program_id NOT IN {DEMO_PROGRAMS}",
    "each card": "SELECT md5(string_agg(id || ':' || points || ':' || code, ',' "
    f"ORDER BY id)) FROM loyalty_card WHERE program_id NOT IN {DEMO_PROGRAMS}",
    "history": "SELECT count(*), sum(issued), sum(used) FROM loyalty_history",
    "programs": "SELECT count(*), count(*) FILTER (WHERE active) FROM loyalty_program "
    f"WHERE id NOT IN {DEMO_PROGRAMS}",
    "rules, rewards": "SELECT (SELECT count(*) FROM loyalty_rule "
    f"WHERE program_id NOT IN {DEMO_PROGRAMS}), (SELECT count(*) FROM loyalty_reward "
    f"WHERE program_id NOT IN {DEMO_PROGRAMS})",
    "sales orders": "SELECT count(*), sum(amount_total) FROM sale_order",
    "order lines": "SELECT count(*), sum(price_subtotal), sum(points_cost) "
    "FROM sale_order_line",
    "order points": "SELECT count(*), sum(points) FROM sale_order_coupon_points",
    "till orders": "SELECT count(*), sum(amount_total) FROM pos_order",
    "till lines": "SELECT count(*), sum(price_subtotal) FROM pos_order_line",
    "partners": "SELECT count(*) FROM res_partner",
    "products": f"SELECT count(*) FROM product_product WHERE id NOT IN {DEMO_PRODUCTS}",
    "users": "SELECT count(*) FROM res_users",
}

# What an add-on may leave nothing of.
STRUCTURE = {
    "tables": "SELECT table_name FROM information_schema.tables "
    "WHERE table_schema = 'public'",
    "columns": "SELECT table_name || '.' || column_name "
    "FROM information_schema.columns WHERE table_schema = 'public'",
    "indexes": "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'",
    "constraints": "SELECT conrelid::regclass || ': ' || conname FROM pg_constraint",
    "views, functions": "SELECT proname FROM pg_proc WHERE pronamespace = "
    "'public'::regnamespace",
    "models": "SELECT model FROM ir_model",
    "fields": "SELECT model || '.' || name FROM ir_model_fields",
    "names of records": "SELECT module || '.' || name FROM ir_model_data "
    "WHERE name NOT LIKE 'module\\_%'",
    "crons": "SELECT id || ' ' || cron_name FROM ir_cron",
    "menus": "SELECT id FROM ir_ui_menu",
    "windows": "SELECT id FROM ir_act_window",
    "server actions": "SELECT id FROM ir_act_server",
    "reports": "SELECT id FROM ir_act_report_xml",
    "views": "SELECT id FROM ir_ui_view",
    "groups": "SELECT id FROM res_groups",
    "implied groups": "SELECT gid || '>' || hid FROM res_groups_implied_rel",
    "users in groups": "SELECT gid || ':' || uid FROM res_groups_users_rel",
    "rules of rows": "SELECT id FROM ir_rule",
    "access rights": "SELECT id FROM ir_model_access",
    "templates of mail": "SELECT id FROM mail_template",
    "parameters": "SELECT key FROM ir_config_parameter",
    "sequences": "SELECT id FROM ir_sequence",
    "defaults": "SELECT id FROM ir_default",
    "spreadsheet dashboards": "SELECT id FROM spreadsheet_dashboard",
}
