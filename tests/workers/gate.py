"""The gate and a cart beside many live programs, with Odoo alone or with ours."""

import statistics
import time

CHECKS = 200
CART_UPDATES = 5


def prepare(env, programs):
    """Create live promotions, most of them for products that no cart has.

    :param programs: how many of them
    """
    env["loyalty.program"].search([]).action_archive()
    products = env["product.product"].create(
        [
            {"name": f"Product {number}", "list_price": 100, "taxes_id": False}
            for number in range(50)
        ]
    )
    env["loyalty.program"].create(
        [
            {
                "name": f"Promotion {number}",
                "program_type": "promotion",
                "trigger": "auto",
                "applies_on": "current",
                "communication_plan_ids": False,
                "rule_ids": [
                    (0, 0, {"product_ids": [(6, 0, products[10 + number % 40].ids)]})
                ],
                "reward_ids": [
                    (0, 0, {"discount": 5, "discount_mode": "percent"}),
                ],
            }
            for number in range(int(programs))
        ]
    )
    env.cr.commit()
    return len(products)


def update_cart(env):
    """Return the seconds of each update of a cart of three lines."""
    order = _cart(env)
    order._update_programs_and_rewards()
    env.cr.commit()
    seconds = []
    for number in range(CART_UPDATES):
        env.invalidate_all()
        order.order_line[0].product_uom_qty = number + 2
        env.flush_all()
        started = time.perf_counter()
        order._update_programs_and_rewards()
        env.flush_all()
        seconds.append(time.perf_counter() - started)
    return seconds


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
        values |= {
            "strict": True,
            "per_customer_limit": 5,
            "usage_window_ids": [(0, 0, {"hour_from": 0, "hour_to": 24})],
        }
    program = env["loyalty.program"].create(values)
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "points": 1} for _number in range(CHECKS)]
    )
    order = _cart(env)
    env.cr.commit()
    seconds = []
    for card in cards:
        env.invalidate_all()
        order.order_line.mapped("price_total")
        started = time.perf_counter()
        if ours:
            found = env["loyalty.program"]._redemption_blockers(
                card, order.partner_id, "sale", document=order
            )
            assert not found, found
        else:
            _check_of_odoo(order, card)
        seconds.append(time.perf_counter() - started)
    return statistics.median(seconds)


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
    products = env["product.product"].search([("name", "like", "Product %")], limit=3)
    return env["sale.order"].create(
        {
            "partner_id": env["res.partner"].create({"name": "Buyer"}).id,
            "order_line": [(0, 0, {"product_id": product.id}) for product in products],
        }
    )
