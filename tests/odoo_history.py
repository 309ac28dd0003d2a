"""Code for Odoo's shell: all kinds of wallets and offers, used with Odoo alone."""

BUILD = """
from uuid import uuid4

from odoo.fields import Command

# Making the mail of a gift card takes longer than all the rest.
env = env(context={**env.context, "action_no_send_mail": True, "loyalty_no_mail": True})
Program, Card = env["loyalty.program"], env["loyalty.card"]
tea = env["product.product"].search([("name", "=", "Tea")], limit=1)
points = Program.search([("name", "=", "Points of old")])
coupons = Program.search([("name", "=", "Coupons of old")])


def template(name):
    return Program.browse(Program.create_from_template(name)["res_id"])


gift_cards, ewallets, promo = map(template, ("gift_card", "ewallet", "promo_code"))
gift_cards.pos_report_print_id = env.ref("loyalty.report_gift_card")
promo.rule_ids.write({"code": "TENOFF", "minimum_amount": 0, "minimum_qty": 0})
promo.reward_ids.write({"discount": 10, "discount_applicability": "order"})
for program, name in ((gift_cards, "GIFT"), (ewallets, "WALLET")):
    card = program.trigger_product_ids[:1].copy({"name": name, "list_price": 500})
    card.write({"taxes_id": [Command.clear()], "sale_ok": True})
    program.trigger_product_ids = card.product_variant_id
gift, top_up = gift_cards.trigger_product_ids, ewallets.trigger_product_ids


def customer(name):
    return env["res.partner"].create({"name": name})


def order(partner, product, code=None, program=None, quantity=1):
    made = env["sale.order"].create(
        {
            "partner_id": partner.id,
            "order_line": [
                Command.create(
                    {"product_id": product.id, "product_uom_qty": quantity}
                )
            ],
        }
    )
    made._update_programs_and_rewards()
    found = made._try_apply_code(code) if code else made._get_claimable_rewards()
    assert "error" not in found, found
    for card, rewards in found.items():
        if code or card.program_id == program:
            made._apply_program_reward(rewards[:1], card)
    made._update_programs_and_rewards()
    made.action_confirm()
    return made


# A gift card is bought, used in part, and used by an order that is cancelled.
giver = customer("Giver")
order(giver, gift)
gift_card = gift_cards.coupon_ids.filtered("points")
order(giver, tea, gift_card.code)
order(giver, tea, gift_card.code)._action_cancel()

# An eWallet is topped up and pays.
saver = customer("Saver")
order(saver, top_up)
order(saver, tea, program=ewallets)

# A promotion code; used, and used by an order that is cancelled.
order(customer("Hunter"), tea, "TENOFF")
order(customer("Doubter"), tea, "TENOFF")._action_cancel()

# Odoo takes back too little, or too much, of orders that were edited.
editor = customer("Editor")
edited = order(editor, tea)
edited.order_line[:1].product_uom_qty = 3
edited._update_programs_and_rewards()
regretter = customer("Regretter")
regretted = order(regretter, tea)
regretted.order_line[:1].product_uom_qty = 3
regretted._update_programs_and_rewards()
regretted._action_cancel()

# Odoo leaves the points of what a credit note takes back.
returner = customer("Returner")
returned = order(returner, tea, quantity=3)
returned.order_line.qty_delivered = 3
invoice = returned._create_invoices()
invoice.action_post()
for quantity in (1, 2):
    note = invoice._reverse_moves([{"invoice_date": invoice.invoice_date}])
    note.invoice_line_ids.quantity = quantity
    if quantity == 1:
        note.action_post()

# The till: points are earned and spent, a coupon is used, goods come back.
config = env["pos.config"].create({"name": "Till of old"})
config.with_user(env.ref("base.user_admin")).open_ui()
session = config.current_session_id
method = config.payment_method_ids.filtered(lambda one: not one.is_cash_count)[:1]
shopper = customer("Shopper")
purse = Card.create({"program_id": points.id, "partner_id": shopper.id, "points": 80})


def line(quantity=1, **values):
    price = 100 * quantity
    return {
        "product_id": tea.id,
        "qty": quantity,
        "price_unit": 100,
        "price_subtotal": price,
        "price_subtotal_incl": price,
        "tax_ids": [Command.clear()],
        **values,
    }


def reward(card, amount, cost):
    made = card.program_id.reward_ids[:1]
    return line(
        product_id=made.discount_line_product_id.id,
        price_unit=-amount,
        price_subtotal=-amount,
        price_subtotal_incl=-amount,
        is_reward_line=True,
        reward_id=made.id,
        coupon_id=card.id,
        points_cost=cost,
        reward_identifier_code=str(uuid4()),
    )


def sell(lines, changes=()):
    total = sum(one["price_subtotal_incl"] for one in lines)
    data = {
        "uuid": str(uuid4()),
        "access_token": False,
        "state": "paid",
        "session_id": session.id,
        "partner_id": shopper.id,
        "lines": [Command.create(one) for one in lines],
        "payment_ids": [
            Command.create({"amount": total, "payment_method_id": method.id})
        ],
        "amount_total": total,
        "amount_paid": total,
        "amount_tax": 0,
        "amount_return": 0,
    }
    answer = env["pos.order"].sync_from_ui([data])
    sold = env["pos.order"].browse(answer["pos.order"][-1]["id"])
    if changes:
        sold.confirm_coupon_programs(
            {
                str(card.id): {
                    "points": change,
                    "program_id": card.program_id.id,
                    "coupon_id": card.id,
                    "barcode": False,
                }
                for card, change in changes
            }
        )
    return sold


coupon = Card.search([("code", "=", "OLD000200")])
first = sell([line(2)], [(purse, 200)])
sell([line(), reward(purse, 50, 50)], [(purse, 0)])
sell([line(), reward(coupon, 10, 1)], [(purse, 90), (coupon, -1)])
sell([line(-1, refunded_orderline_id=first.lines.id)])
env.cr.commit()
answer = {
    "gift card": gift_card.points,
    "ewallet": ewallets.coupon_ids.points,
    "edited": points.coupon_ids.filtered(lambda one: one.partner_id == editor).points,
    "regretted": points.coupon_ids.filtered(
        lambda one: one.partner_id == regretter
    ).points,
    "till": [purse.points, coupon.points],
}
"""

# What customers bought, by customer: what the orders say, net of what the offers gave.
PURCHASES = """
SELECT partner.name, purchase.channel, SUM(purchase.amount), COUNT(*)
  FROM loyalty_purchase purchase JOIN res_partner partner
    ON partner.id = purchase.partner_id
 WHERE partner.name IN ('Giver', 'Saver', 'Hunter', 'Doubter', 'Editor', 'Regretter',
                        'Returner', 'Shopper')
 GROUP BY 1, 2 ORDER BY 1
"""

# Uses that stand, by customer and kind of offer.
USES = """
SELECT partner.name, program.program_type, redemption.channel,
       SUM(redemption.points), COUNT(*)
  FROM loyalty_redemption redemption
  JOIN loyalty_card card ON card.id = redemption.card_id
  JOIN loyalty_program program ON program.id = card.program_id
  LEFT JOIN sale_order ON redemption.order_model = 'sale.order'
   AND sale_order.id = redemption.order_id
  LEFT JOIN pos_order ON redemption.order_model = 'pos.order'
   AND pos_order.id = redemption.order_id
  JOIN res_partner partner
    ON partner.id = COALESCE(sale_order.partner_id, pos_order.partner_id)
 WHERE partner.name IN ('Giver', 'Saver', 'Hunter', 'Doubter', 'Editor', 'Regretter',
                        'Shopper')
 GROUP BY 1, 2, 3 ORDER BY 1, 2
"""

# Cards whose balance is not one opening movement of these points.
UNEXPLAINED = """
SELECT card.id, card.points, SUM(move.points)
  FROM loyalty_card card LEFT JOIN loyalty_point_move move ON move.card_id = card.id
 GROUP BY card.id
HAVING card.points != COALESCE(SUM(move.points), 0)
    OR COUNT(move.id) != CASE WHEN card.points = 0 THEN 0 ELSE 1 END
    OR BOOL_OR(move.kind != 'opening')
"""

# Orders of before are edited, cancelled, credited and refunded once we are there.
GO_ON = """
from odoo.fields import Command

def of(name):
    partner = env["res.partner"].search([("name", "=", name)])
    return env["sale.order"].search([("partner_id", "=", partner.id)], order="id")


edited = of("Editor")
edited.order_line[:1].product_uom_qty = 2
edited._update_programs_and_rewards()
edited._action_cancel()
used = of("Giver").filtered(lambda one: one.state == "sale")[-1]
gift_card = used.order_line.coupon_id
before = gift_card.points
used._action_cancel()
sold = env["pos.order"].search([("partner_id.name", "=", "Shopper")], order="id")
refund = env["pos.order"].browse(sold[1].refund()["res_id"])
methods = refund.session_id.payment_method_ids
method = methods.filtered(lambda one: not one.is_cash_count)
env["pos.make.payment"].with_context(active_ids=refund.ids, active_id=refund.id).create(
    {"payment_method_id": method[:1].id}
).check()
env.cr.commit()
answer = {
    "differences": env["loyalty.point.move"]._ledger_differences(),
    "gift card": gift_card.points - before,
    "uses left": len(gift_card.redemption_ids.filtered("is_live")),
}
"""
