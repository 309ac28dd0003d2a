"""Codes that a customer must not tell from each other."""

from odoo.addons.loyalty_coupon_crm.tools import codes


def prepare(env, count):
    """Create a customer who may log in, and codes that are good for nothing.

    :param count: codes of each kind
    :return: {kind: codes}; expired and foreign ones, too, with Odoo's own rules
    """
    count = int(count)
    portal = env.ref("base.group_portal")
    customer = env["res.users"].create(
        {
            "name": "Guesser",
            "login": "guesser",
            "password": "guesser-secret",
            "group_ids": [(6, 0, portal.ids)],
        }
    )
    other = env["res.partner"].create({"name": "Somebody else"})
    found = {
        "unknown": codes.generate_codes(count),
        "used": _cards(env, count, used_at="2026-01-01"),
        "expired": _cards(env, count, points=1, expiration_date="2020-01-01"),
        "foreign": _cards(env, count, points=1, partner_id=other.id),
        "used, Odoo's rules": _cards(env, count, strict=False),
        "expired, Odoo's rules": _cards(
            env, count, strict=False, points=1, expiration_date="2020-01-01"
        ),
    }
    env.cr.commit()
    return {"customer": customer.id, "codes": found}


def _cards(env, count, strict=True, points=0, partner_id=False, **values):
    """Return the codes of cards of a program of their own."""
    program = env["loyalty.program"].create(
        {
            "name": "Coupons",
            "program_type": "coupons",
            "applies_on": "current",
            "trigger": "with_code",
            "strict": strict,
            "transferable": False,
            "communication_plan_ids": False,
            "rule_ids": False,
            "reward_ids": [(0, 0, {"discount": 10, "discount_mode": "percent"})],
        }
    )
    cards = env["loyalty.card"].create(
        [{"program_id": program.id, "partner_id": partner_id} for _ in range(count)]
    )
    if points:
        cards._post_move("issue", points)
    cards.write({"issued_at": "2026-01-01", **values})
    return cards.mapped("code")
