"""A cashier and an open till, for workers that sell."""

from odoo.fields import Command

PASSWORD = "cashier-secret"


def create(env, *groups):
    """Return a new user who works at tills.

    :param groups: external identifiers of further groups
    """
    groups = [env.ref(name).id for name in (*groups, "point_of_sale.group_pos_user")]
    return env["res.users"].create(
        {
            "name": "Cashier",
            "login": "cashier",
            "password": PASSWORD,
            "group_ids": [Command.set(groups)],
        }
    )


def open_till(env, cashier, number=1):
    """Return an open till of a cashier and how it is paid.

    :return: `pos.config` and `pos.payment.method` records
    """
    journal = env["account.journal"].search(
        [("type", "=", "bank"), ("company_id", "=", env.company.id)], limit=1
    )
    method = env["pos.payment.method"].create(
        {"name": f"Card {number}", "journal_id": journal.id}
    )
    config = env["pos.config"].create(
        {"name": f"Till {number}", "payment_method_ids": [Command.set(method.ids)]}
    )
    config = config.with_user(cashier)
    config.open_ui()
    config.current_session_id.set_opening_control(0, "")
    return config, method
