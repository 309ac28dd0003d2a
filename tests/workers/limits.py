"""Many processes that redeem the same program at once."""

import json
import os
import tempfile
from pathlib import Path

import psycopg2

import odoo
from odoo.exceptions import ValidationError
from odoo.modules.registry import Registry


def create_orders(env, count, limit):
    """Create orders with a coupon each, of a program that may be used `limit` times.

    :return: ids of the orders
    """
    env["loyalty.program"].search([]).action_archive()
    program = env["loyalty.program"].create(
        {
            "name": "Limited",
            "program_type": "coupons",
            "strict": True,
            "limit_usage": True,
            "max_usage": int(limit),
            "budget_amount": 10.0 * int(limit),
            "applies_on": "current",
            "trigger": "with_code",
            "communication_plan_ids": False,
            "rule_ids": False,
            "reward_ids": [
                (0, 0, {"discount": 10, "discount_mode": "percent"}),
            ],
        }
    )
    partner = env["res.partner"].create({"name": "Buyer"})
    product = env["product.product"].create(
        {"name": "Tea", "list_price": 100, "taxes_id": False}
    )
    orders = env["sale.order"]
    for _number in range(int(count)):
        card = env["loyalty.card"].create({"program_id": program.id})
        card._post_move("issue", 1)
        order = orders.create(
            {
                "partner_id": partner.id,
                "order_line": [(0, 0, {"product_id": product.id})],
            }
        )
        found = order._try_apply_code(card.code)
        order._apply_program_reward(found[card][:1], card)
        orders |= order
    return orders.ids


def confirm_in_parallel(env, processes):
    """Let processes confirm the draft orders, each its own, all at once.

    :return: dict with the numbers of orders that were `taken`, `refused` and the
        errors that are none of our refusals
    """
    orders = env["sale.order"].search(
        [("state", "=", "draft"), ("order_line.coupon_id", "!=", False)], order="id"
    )
    database, ids, processes = env.cr.dbname, orders.ids, int(processes)
    env.cr.commit()
    folder = Path(tempfile.mkdtemp())
    odoo.sql_db.close_all()
    children = [
        _fork(database, ids[number::processes], folder / str(number))
        for number in range(processes)
    ]
    for pid in children:
        os.waitpid(pid, 0)
    outcomes = {"taken": 0, "refused": 0, "failed": []}
    for path in folder.iterdir():
        for name, value in json.loads(path.read_text()).items():
            outcomes[name] += value
    return outcomes


def _fork(database, ids, path):
    pid = os.fork()
    if pid:
        return pid
    result = {"taken": 0, "refused": 0, "failed": []}
    for order_id in ids:
        try:
            result[_confirm(database, order_id)] += 1
        except Exception as error:
            result["failed"].append(f"{type(error).__name__}: {error}")
    path.write_text(json.dumps(result))
    os._exit(0)


def _confirm(database, order_id):
    """Confirm one order; a transaction that met another one starts anew."""
    with Registry(database).cursor() as cursor:
        env = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})
        for _attempt in range(200):
            try:
                env["sale.order"].browse(order_id).action_confirm()
                cursor.commit()
                return "taken"
            except ValidationError:
                cursor.rollback()
                return "refused"
            except (
                psycopg2.errors.SerializationFailure,
                psycopg2.errors.LockNotAvailable,
            ):
                cursor.rollback()
                env.invalidate_all(flush=False)
        raise TimeoutError(f"no turn for order {order_id}")


def cancel_all(env):
    """Cancel every confirmed order with a coupon."""
    orders = env["sale.order"].search(
        [("state", "=", "sale"), ("order_line.coupon_id", "!=", False)]
    )
    orders._action_cancel()
    return len(orders)


def summarize(env):
    """Return what the counters and the redemptions say."""
    program = env["loyalty.program"].search([("name", "=", "Limited")])
    counters = env["loyalty.use.counter"].search([("program_id", "=", program.id)])
    uses = env["loyalty.redemption"].search(
        [("program_id", "=", program.id), ("is_live", "=", True)]
    )
    refusals = env["loyalty.refusal"].search([("program_id", "=", program.id)])
    return {
        "counted": {
            kind: [sum(rows.mapped("uses")), sum(rows.mapped("amount"))]
            for kind, rows in counters.grouped("kind").items()
        },
        "uses": len(uses),
        "discount": sum(uses.mapped("discount_amount")),
        "refusals": len(refusals),
    }
