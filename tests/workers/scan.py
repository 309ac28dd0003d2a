"""A till at which coupons are scanned, with Odoo alone and with us."""

import cashier

from odoo.fields import Command


def prepare(env, count, programs):
    """Open a till, with a cashier, and issue coupons of one of many programs.

    :return: dict of the till's id, the product to sell and the codes
    """
    env["loyalty.program"].search([]).action_archive()
    strict = {"strict": True} if "strict" in env["loyalty.program"]._fields else {}
    made = env["loyalty.program"].create(
        [
            {
                "name": f"Program {number}",
                "program_type": "coupons",
                "trigger": "with_code",
                "applies_on": "current",
                "communication_plan_ids": False,
                "rule_ids": [Command.clear()],
                "reward_ids": [
                    Command.create({"discount": 10, "discount_mode": "percent"})
                ],
                **strict,
            }
            for number in range(int(programs))
        ]
    )
    cards = env["loyalty.card"].create(
        [{"program_id": made[:1].id} for _number in range(int(count))]
    )
    if strict:
        cards._post_move("issue", 1)
    else:
        cards.points = 1
    product = env["product.product"].create(
        {
            "name": "Tea",
            "list_price": 100,
            "taxes_id": False,
            "available_in_pos": True,
        }
    )
    config, _method = cashier.open_till(env, cashier.create(env, "base.group_user"))
    return {
        "config": config.id,
        "product": product.id,
        "codes": cards.mapped("code"),
    }
