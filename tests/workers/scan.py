"""A till at which coupons are scanned, with Odoo alone and with us."""

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
    return {
        "config": _open_till(env),
        "product": product.id,
        "codes": cards.mapped("code"),
    }


def _open_till(env):
    """Return the id of an open till of a new cashier."""
    groups = env.ref("base.group_user") + env.ref("point_of_sale.group_pos_user")
    cashier = env["res.users"].create(
        {
            "name": "Cashier",
            "login": "cashier",
            "password": "cashier-secret",
            "group_ids": [Command.set(groups.ids)],
        }
    )
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )
    method = env["pos.payment.method"].create(
        {"name": "Card", "journal_id": journal.id}
    )
    config = env["pos.config"].create(
        {"name": "Till", "payment_method_ids": [Command.set(method.ids)]}
    )
    config.with_user(cashier).open_ui()
    config.current_session_id.with_user(cashier).set_opening_control(0, "")
    return config.id
