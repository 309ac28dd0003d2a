"""The gate and a cart beside many live programs, with Odoo alone or with ours."""

import statistics
import time

CHECKS = 200
CART_UPDATES = 7
CANDIDATES = 100


def prepare(env, programs):
    """Create live promotions; a hundred of them are for what carts have.

    With us those hundred are strict: each has limits, a window and an audience, to
    which the customer belongs for every second one.

    :param programs: how many of them
    """
    env["loyalty.program"].search([]).action_archive()
    products = env["product.product"].create(
        [
            {"name": f"Product {number}", "list_price": 100, "taxes_id": False}
            for number in range(50)
        ]
    )
    customer = env["res.partner"].create({"name": "Buyer"})
    rules = _strict_rules(env, customer)
    env["loyalty.program"].create(
        [
            _promotion(number, products[10 + number % 40])
            for number in range(int(programs) - CANDIDATES)
        ]
        + [
            _promotion(number, products[number % 3]) | rules(number)
            for number in range(CANDIDATES)
        ]
    )
    env.cr.commit()
    return len(products)


def _promotion(number, product):
    return {
        "name": f"Promotion {number} for {product.name}",
        "program_type": "promotion",
        "trigger": "auto",
        "applies_on": "current",
        "communication_plan_ids": False,
        "rule_ids": [(0, 0, {"product_ids": [(6, 0, product.ids)]})],
        "reward_ids": [(0, 0, {"discount": 5, "discount_mode": "percent"})],
    }


def _strict_rules(env, customer):
    """Return the function that gives our fields of a candidate, none in Odoo alone."""
    if "strict" not in env["loyalty.program"]._fields:
        return lambda number: {}
    segments = env["loyalty.segment"].create(
        [{"name": name, "kind": "static"} for name in ("Gold", "Silver")]
    )
    segments[0]._add_members(customer)
    return lambda number: {
        "strict": True,
        "limit_usage": True,
        "max_usage": 1000,
        "per_customer_limit": 5,
        "per_day_limit": 500,
        "segment_ids": [(6, 0, segments[number % 2].ids)],
        "usage_window_ids": [(0, 0, {"hour_from": 0, "hour_to": 24})],
    }


def update_cart(env):
    """Return what each update of a cart of three lines took, and how many queries.

    An update is what the website does at each change: update the rewards, and look
    which ones can be claimed.
    """
    order = _cart(env)
    _change_cart(order, 1)
    env.cr.commit()
    seconds, queries = [], []
    for number in range(CART_UPDATES):
        env.invalidate_all()
        order.order_line[0].product_uom_qty = number + 2
        env.flush_all()
        before = env.cr.sql_log_count
        started = time.perf_counter()
        _change_cart(order, number)
        seconds.append(time.perf_counter() - started)
        queries.append(env.cr.sql_log_count - before)
    return {
        "seconds": statistics.median(seconds),
        "queries": statistics.median(queries),
        "offers": len(order._get_claimable_rewards()),
    }


def _change_cart(order, _number):
    order._update_programs_and_rewards()
    order._get_claimable_rewards()
    order.env.flush_all()


def check(env, strict):
    """Return the seconds of asking whether a coupon may be used, one after the other.

    Odoo alone has no gate: there its check of a code at a till's server is the same
    work, that is the search of the card and its dates, uses and points.
    """
    ours = "strict" in env["loyalty.program"]._fields
    values = {
        "name": "Coupons",
        "program_type": "coupons",
        "trigger": "with_code",
        "applies_on": "current",
        "communication_plan_ids": False,
        "rule_ids": [(0, 0, {"minimum_amount": 10})],
        "reward_ids": [(0, 0, {"discount": 5, "discount_mode": "percent"})],
        "limit_usage": True,
        "max_usage": 1000,
    }
    if ours and strict == "strict":
        gold = env["loyalty.segment"].search([("name", "=", "Gold")])
        values |= {
            "strict": True,
            "per_customer_limit": 5,
            "per_day_limit": 500,
            "segment_ids": [(6, 0, gold.ids)],
            "usage_window_ids": [(0, 0, {"hour_from": 0, "hour_to": 24})],
        }
    program = env["loyalty.program"].create(values)
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "points": 1} for _number in range(CHECKS)]
    )
    order = _cart(env)
    env.cr.commit()
    seconds, queries = [], []
    for card in cards:
        env.invalidate_all()
        order.order_line.mapped("price_total")
        before = env.cr.sql_log_count
        started = time.perf_counter()
        if ours:
            found = env["loyalty.program"]._redemption_blockers(
                card, order.partner_id, "sale", document=order
            )
            assert not found, found
        else:
            _check_of_odoo(order, card)
        seconds.append(time.perf_counter() - started)
        queries.append(env.cr.sql_log_count - before)
    return {
        "seconds": statistics.median(seconds),
        "queries": statistics.median(queries),
    }


def _check_of_odoo(order, card):
    """Do what Odoo does in `_try_apply_code` before it applies a coupon."""
    program = card.program_id
    today = order._get_confirmed_tx_create_date()
    assert program.active and program.filtered_domain(order._get_program_domain())
    assert not card.expiration_date or card.expiration_date >= today
    assert card.points >= min(program.reward_ids.mapped("required_points"))
    assert program.total_order_count < program.max_usage
    assert "error" not in order._program_check_compute_points(program)[program]


def _cart(env):
    products = env["product.product"].search(
        [("name", "like", "Product %")], order="id", limit=3
    )
    return env["sale.order"].create(
        {
            "partner_id": env["res.partner"].search([("name", "=", "Buyer")]).id,
            "order_line": [(0, 0, {"product_id": product.id}) for product in products],
        }
    )
