"""Tills that all want the same coupons, and what is left of them."""

import cashier

# As many as there are clients: each has orders with numbers of its own.
TILLS = 16


def prepare(env, coupons):
    """Open tills, with a cashier, and issue coupons of 10 %.

    :return: dict of what a client needs to sell
    """
    env["loyalty.program"].search([]).action_archive()
    program = env["loyalty.program"].create(
        {
            "name": "Ten percent",
            "program_type": "coupons",
            "strict": True,
            "limit_usage": True,
            "max_usage": int(coupons),
            "applies_on": "current",
            "trigger": "with_code",
            "communication_plan_ids": False,
            "rule_ids": False,
            "reward_ids": [(0, 0, {"discount": 10, "discount_mode": "percent"})],
        }
    )
    promotion = env["loyalty.program"].create(
        {
            "name": "Spring",
            "program_type": "promotion",
            "strict": True,
            "limit_usage": True,
            "max_usage": int(coupons),
            "applies_on": "current",
            "trigger": "auto",
            "communication_plan_ids": False,
            "rule_ids": [(0, 0, {"minimum_amount": 50})],
            "reward_ids": [(0, 0, {"discount": 10, "discount_mode": "percent"})],
        }
    )
    product = env["product.product"].create(
        {
            "name": "Tea",
            "list_price": 100,
            "taxes_id": False,
            "available_in_pos": True,
        }
    )
    cards = env["loyalty.card"].create(
        [{"program_id": program.id} for _number in range(int(coupons))]
    )
    cards._post_move("issue", 1)
    user = cashier.create(env)
    return {
        "cards": cards.ids,
        "product": product.id,
        "coupons": _offer(program),
        "promotion": _offer(promotion),
        "partner": env["res.partner"].create({"name": "Buyer"}).id,
        "tills": [_open_till(env, user, number) for number in range(TILLS)],
    }


def _offer(program):
    """Return the ids of a program, its reward and the product of its discount."""
    reward = program.reward_ids
    discount = reward.discount_line_product_id
    return {"program": program.id, "reward": reward.id, "discount": discount.id}


def _open_till(env, user, number):
    """Return a till, its session and how it is paid."""
    config, method = cashier.open_till(env, user, number)
    session = config.current_session_id
    return {"config": config.id, "session": session.id, "method": method.id}


def summarize(env):
    """Return what redemptions, cards and the ledger say."""
    program = env["loyalty.program"].search([("name", "=", "Ten percent")])
    uses = env["loyalty.redemption"].search(
        [("program_id", "=", program.id), ("is_live", "=", True)]
    )
    cards = env["loyalty.card"].search([("program_id", "=", program.id)])
    moves = env["loyalty.point.move"]
    counters = env["loyalty.use.counter"].search([("program_id", "=", program.id)])
    return {
        "uses": len(uses),
        "cards": len(uses.card_id),
        "negative": len(cards.filtered(lambda card: card.points < 0)),
        "left": sum(cards.mapped("points")),
        "lost": moves.search_count([("kind", "=", "loss")]),
        "differences": len(moves._ledger_differences()),
        "counted": sum(counters.mapped("uses")),
        "refusals": env["loyalty.refusal"].search_count([("card_id", "in", cards.ids)]),
        "held": env["loyalty.point.hold"].search_count([("card_id", "in", cards.ids)]),
    }


def summarize_promotion(env):
    """Return what redemptions, counters and orders say of the promotion."""
    program = env["loyalty.program"].search([("name", "=", "Spring")])
    mine = [("program_id", "=", program.id)]
    uses = env["loyalty.redemption"].search([*mine, ("is_live", "=", True)])
    counters = env["loyalty.use.counter"].search(mine)
    return {
        "uses": len(uses),
        "cards": len(uses.card_id),
        "counted": sum(counters.mapped("uses")),
        "refusals": env["loyalty.refusal"].search_count(mine),
        "held": env["loyalty.point.hold"].search_count(mine),
        "flagged": env["pos.order"].search_count([("loyalty_flag", "!=", False)]),
    }
