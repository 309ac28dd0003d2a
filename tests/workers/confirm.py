"""Confirm sales orders with a coupon and a points card, on any Odoo database."""

import time

ORDERS = 150


def confirm_orders(env):
    """Confirm orders with a coupon and points, one transaction each.

    :return: list of the seconds each confirmation took, the first ones left out
    """
    partner, product, coupons = _prepare(env)
    wizard = env["loyalty.generate.wizard"].create(
        {"program_id": coupons.id, "mode": "anonymous", "coupon_qty": ORDERS}
    )
    cards = wizard.generate_coupons()
    orders = env["sale.order"]
    for card in cards:
        order = env["sale.order"].create(
            {
                "partner_id": partner.id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
        )
        order._update_programs_and_rewards()
        order._try_apply_code(card.code)
        order._apply_program_reward(coupons.reward_ids, card)
        orders |= order
    env.cr.commit()
    seconds = []
    for order in orders:
        env.invalidate_all()
        started = time.perf_counter()
        order.action_confirm()
        env.cr.commit()
        seconds.append(time.perf_counter() - started)
    return seconds[20:]


def _prepare(env):
    """Return customer, product and coupon program; a points card runs beside it."""
    env["loyalty.program"].search([]).action_archive()
    partner = env["res.partner"].create({"name": "Buyer"})
    product = env["product.product"].create({"name": "Tea", "list_price": 100})
    programs = env["loyalty.program"]
    defaults = programs._program_type_default_values()
    coupons, _points = programs.create(
        [
            {
                **defaults[kind],
                "name": kind,
                "program_type": kind,
                "communication_plan_ids": False,
            }
            for kind in ("coupons", "loyalty")
        ]
    )
    return partner, product, coupons
