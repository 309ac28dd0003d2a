"""The people of the demonstration, each with no more than their rights."""

from dataset import TIMEZONE

from odoo.fields import Command

# Log-in and password are the same: it is a demonstration.
PEOPLE = {
    "marketing": ("Mia Marketing", "loyalty_coupon_crm.group_loyalty_marketing"),
    "sales": ("Sam Sales", "sales_team.group_sale_salesman"),
    "cashier": ("Cara Cashier", "point_of_sale.group_pos_user"),
}


def prepare(env):
    """Create the people and set the time zone of the shops."""
    company = env.company
    company.partner_id.tz = TIMEZONE
    users = env["res.users"].with_context(no_reset_password=True)
    for login, (name, group) in PEOPLE.items():
        if users.search_count([("login", "=", login)]):
            continue
        users.create(
            {
                "name": name,
                "login": login,
                "password": login,
                "tz": TIMEZONE,
                "company_id": company.id,
                "company_ids": [Command.set(company.ids)],
                "group_ids": [
                    Command.set([env.ref("base.group_user").id, env.ref(group).id])
                ],
            }
        )
    return {}


def as_user(env, login):
    """Return the environment of one of the people."""
    return env(user=env["res.users"].search([("login", "=", login)]), su=False)
