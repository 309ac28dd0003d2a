"""Coupons of our campaign used in real sales orders and at a real till."""

import uuid

from offer import open_coupons, till_products
from people import as_user

from odoo import fields
from odoo.fields import Command

ORDERS = 6
TILL_ORDERS = 6
PRODUCTS = 4


def orders(env, data):
    """Use coupons in sales orders as the salesperson, and cancel one of the orders.

    :return: dict of counts for the table
    """
    # The orders earn points, too.
    env["loyalty.program"].create_from_template("points_card")
    cards = open_coupons(env)[:ORDERS]
    products = till_products(env, PRODUCTS + max(ORDERS, TILL_ORDERS))
    seller = as_user(env, "sales")
    done = seller["sale.order"]
    for number, card in enumerate(cards):
        order = seller["sale.order"].create(
            {
                "partner_id": card.partner_id.id,
                "user_id": seller.uid,
                "order_line": [
                    Command.create({"product_id": product.id, "product_uom_qty": 2})
                    for product in products[number : number + PRODUCTS]
                ],
            }
        )
        answer = order._try_apply_code(card.code)
        if "error" in answer:
            raise SystemExit(f"Coupon {card.code} was refused: {answer['error']}")
        for coupon, rewards in answer.items():
            order._apply_program_reward(rewards[:1], coupon)
        order.action_confirm()
        done += order
    env.cr.flush()
    if done:
        done[-1]._action_cancel()
    return {"used in sales orders": len(done), "of them cancelled": 1 if done else 0}


def till(env, data):
    """Use coupons at a till as the cashier: open, sell as the till does, close.

    :return: dict of counts for the table
    """
    cards = open_coupons(env)[:TILL_ORDERS]
    products = till_products(env, PRODUCTS + max(ORDERS, TILL_ORDERS))
    config = _till(env)
    cashier = as_user(env, "cashier")
    config = config.with_env(cashier)
    config.open_ui()
    session = config.current_session_id
    session.set_opening_control(0, "")
    for number, card in enumerate(cards):
        _sell(session, card.with_env(cashier), products[number : number + PRODUCTS])
    session.post_closing_cash_details(session.cash_register_balance_end)
    session.update_closing_control_state_session("")
    answer = session.close_session_from_ui()
    if not answer["successful"]:
        raise SystemExit(f"The till was not closed: {answer['message']}")
    return {"used at the till": len(cards)}


def _till(env):
    """Return the till of the demonstration, with cash and card."""
    name = "Store 1"
    config = env["pos.config"].search([("name", "=", name)], limit=1)
    if config:
        return config
    journal, methods = env["pos.config"]._create_journal_and_payment_methods(
        cash_journal_vals={"name": "Cash Store 1", "show_on_dashboard": False}
    )
    return env["pos.config"].create(
        {
            "name": name,
            "journal_id": journal.id,
            "payment_method_ids": [Command.set(methods)],
        }
    )


def _sell(session, card, products):
    """Sell products with a coupon, in the calls a till makes."""
    config, env = session.config_id, session.env
    now = fields.Datetime.to_string(fields.Datetime.now())
    answer = config.use_coupon_code(
        card.code, now, card.partner_id.id, config.pricelist_id.id
    )
    if not answer["successful"]:
        raise SystemExit(f"Coupon refused: {answer['payload']['error_message']}")
    order = env["pos.order"]
    lines = [_line(product, product.lst_price) for product in products]
    lines.append(_reward_line(card, lines))
    orders = order.sync_from_ui([_order_values(session, card, lines, now)])
    order = order.browse(orders["pos.order"][0]["id"])
    spent = lines[-1][2]["points_cost"]
    order.confirm_coupon_programs(
        {
            str(card.id): {
                "points": -spent,
                "program_id": card.program_id.id,
                "coupon_id": card.id,
                "barcode": False,
            }
        }
    )


def _line(product, price, **values):
    """Return a line of one product as the till sends it."""
    return Command.create(
        {
            "product_id": product.id,
            "price_unit": price,
            "qty": 1,
            "discount": 0,
            "tax_ids": [Command.clear()],
            "price_subtotal": price,
            "price_subtotal_incl": price,
            "pack_lot_ids": [],
            **values,
        }
    )


def _reward_line(card, lines):
    """Return the line with which the coupon lowers the price."""
    reward = card.program_id.reward_ids[:1]
    gross = sum(line[2]["price_subtotal"] for line in lines)
    currency = card.env.company.currency_id
    return _line(
        reward.discount_line_product_id,
        -currency.round(gross * reward.discount / 100),
        is_reward_line=True,
        reward_id=reward.id,
        coupon_id=card.id,
        points_cost=reward.required_points,
        reward_identifier_code=str(uuid.uuid4()),
    )


def _order_values(session, card, lines, now):
    """Return an order, paid in cash, as the till sends it."""
    currency = session.currency_id
    total = currency.round(sum(line[2]["price_subtotal_incl"] for line in lines))
    methods = session.payment_method_ids
    cash = methods.filtered(lambda method: method.is_cash_count)[:1]
    return {
        "uuid": str(uuid.uuid4()),
        "name": "Order",
        "session_id": session.id,
        "user_id": session.env.uid,
        "partner_id": card.partner_id.id,
        "date_order": now,
        "fiscal_position_id": False,
        "pricelist_id": session.config_id.pricelist_id.id,
        "lines": lines,
        "amount_total": total,
        "amount_tax": 0,
        "amount_paid": total,
        "amount_return": 0,
        "last_order_preparation_change": "{}",
        "to_invoice": False,
        "payment_ids": [
            Command.create({"name": now, "amount": total, "payment_method_id": cash.id})
        ],
    }
