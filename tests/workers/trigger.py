"""Purchases that trigger campaigns, written by processes that commit when they like."""

import random
import threading
import time

from issue import processor_seconds

TRIGGERS = [
    {"trigger": "first_purchase"},
    {"trigger": "purchase_amount", "trigger_amount": 90},
    {"trigger": "nth_purchase", "trigger_count": 3},
    {"trigger": "nth_purchase", "trigger_count": 5, "repeat_nth": True},
    {"trigger": "visits", "trigger_count": 3, "interval_type": "month"},
    {"trigger": "streak", "trigger_count": 2, "interval_type": "week"},
    {"trigger": "purchase_product"},
]


def prepare(env, campaigns, customers):
    """Launch so many campaigns on purchases, with so many customers to buy."""
    program = env["loyalty.program"].create(
        {
            "name": "Thanks",
            "program_type": "coupons",
            "applies_on": "current",
            "trigger": "with_code",
            "communication_plan_ids": [(5, 0, 0)],
            "rule_ids": [(5, 0, 0)],
            "reward_ids": [(0, 0, {"discount": 10, "required_points": 1})],
        }
    )
    product = env["product.product"].create({"name": "Tea"})
    env.cr.execute(
        """
        INSERT INTO res_partner (name, complete_name, type, active, lang,
                                 autopost_bills, create_date)
        SELECT 'Buyer ' || n, 'Buyer ' || n, 'contact', TRUE, 'en_US', 'ask', NOW()
          FROM generate_series(1, %s) n
        """,
        [int(customers)],
    )
    env.cr.execute(
        "UPDATE res_partner SET commercial_partner_id = id WHERE name LIKE 'Buyer %'"
    )
    for number in range(int(campaigns)):
        values = dict(TRIGGERS[number % len(TRIGGERS)])
        if values["trigger"] == "purchase_product":
            values["trigger_product_ids"] = [(4, product.id)]
        if values["trigger"] == "purchase_amount":
            values["trigger_amount"] += number % 8
        env["loyalty.campaign"].create(
            {
                "name": f"{number} {values['trigger']}",
                "program_id": program.id,
                "seed": str(number),
                **values,
            }
        ).sudo().action_launch()
    env["ir.cron"].search([]).write({"active": False})


def write_purchases(env, count, spread=100):
    """Write so many purchases, one after the other in time, in this transaction."""
    env.cr.execute(
        """
        WITH buyer AS (
            SELECT id, ROW_NUMBER() OVER (ORDER BY id) - 1 AS place
              FROM res_partner WHERE name LIKE 'Buyer %%'
        ), size AS (SELECT COUNT(*) AS buyers FROM buyer), row AS (
            INSERT INTO loyalty_purchase (partner_id, commercial_partner_id, company_id,
                                          date, amount, amount_total, channel)
            SELECT buyer.id, buyer.id, %(company)s,
                   (NOW() AT TIME ZONE 'UTC')::timestamp(0) + n * interval '1 second',
                   n %% %(spread)s + 1, n %% %(spread)s + 1, 'sale'
              FROM generate_series(1, %(count)s) n, size
              JOIN buyer ON TRUE
             WHERE buyer.place = (n * 7919) %% size.buyers
         RETURNING id
        )
        INSERT INTO loyalty_purchase_line (purchase_id, product_id, quantity, amount)
        SELECT id, (SELECT MAX(id) FROM product_product), 1, 1
          FROM row WHERE id %% 20 = 0
        """,
        {"company": env.company.id, "count": int(count), "spread": int(spread)},
    )
    return env.cr.rowcount


def wait_for(env, transaction):
    """Note that a transaction, unknown to the server, may still write purchases."""
    campaigns = env["loyalty.campaign"].search([("state", "=", "running")])
    campaigns.sudo().write({"horizon_waits": transaction})


def _buy(cursor, name):
    """Write a purchase of 500 by a customer, a second from now; commit nothing."""
    cursor.execute(
        """
        INSERT INTO loyalty_purchase (partner_id, commercial_partner_id, company_id,
                                      date, amount, channel)
        SELECT id, id, 1, NOW() AT TIME ZONE 'UTC' + interval '1 s', 500, 'sale'
          FROM res_partner WHERE name = %s
        """,
        [name],
    )


def late_commit(env):
    """Let a purchase with a lower id be committed after one with a higher id was seen.

    :return: who was found at each look, as lists of numbers of members
    """
    campaigns = env["loyalty.campaign"]
    large = campaigns.search([("trigger", "=", "purchase_amount")], limit=1)
    late, early = env.registry.cursor(), env.registry.cursor()
    found = []

    def look():
        campaigns._cron_trigger()
        env.cr.commit()
        env.invalidate_all()
        found.append(len(large.member_ids))

    try:
        for cursor, buyer in ((late, "Buyer 1"), (early, "Buyer 2")):
            _buy(cursor, buyer)
        early.commit()
        look()
        look()
        late.commit()
        look()
        look()
    finally:
        late.close()
        early.close()
    return found


def storm(env, writers, waits):
    """Look for events while threads write purchases and commit some after a look.

    Each writer keeps `waits` of its purchases open until somebody has looked, so that
    later ones of others are seen before them; the looks go on until all have ended.

    :return: number of looks
    """
    looked = threading.Condition()
    looks = 0

    def write(number):
        chance = random.Random(number)
        for purchase in range(3 * int(waits)):
            with env.registry.cursor() as cursor:
                _buy(cursor, f"Buyer {chance.randrange(1, 200)}")
                if (purchase + number) % 3 == 0:
                    with looked:
                        # The look that is at work now may have begun before.
                        goal = looks + 2
                        looked.wait_for(lambda goal=goal: looks >= goal)
                if chance.random() < 0.2:
                    cursor.rollback()

    threads = [
        threading.Thread(target=write, args=(number,)) for number in range(int(writers))
    ]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        env["loyalty.campaign"]._cron_trigger()
        env.cr.commit()
        env.invalidate_all()
        with looked:
            looks += 1
            looked.notify_all()
    return looks


def look(env):
    """Look for events until nothing is new.

    :return: dict of the seconds it took, by the clock and of processors, and the
        members there are
    """
    start, processor = time.monotonic(), processor_seconds(env)
    for _turn in range(2):
        env["loyalty.campaign"]._cron_trigger()
        env.cr.commit()
    seconds = time.monotonic() - start
    env.cr.execute("SELECT COUNT(*) FROM loyalty_campaign_member")
    return {
        "seconds": seconds,
        "processor": processor_seconds(env) - processor,
        "members": env.cr.fetchone()[0],
    }


def members(env):
    """Return {campaign: sorted (customer, occasion)} of all campaigns."""
    env.cr.execute(
        """
        SELECT campaign.name, partner_id, occasion, arm
          FROM loyalty_campaign_member member
          JOIN loyalty_campaign campaign ON campaign.id = member.campaign_id
         ORDER BY 1, 2, 3
        """
    )
    found = {}
    for name, *row in env.cr.fetchall():
        found.setdefault(name, []).append(row)
    return found


def missed(env):
    """Return how many purchases above every amount have not exactly one member."""
    env.cr.execute(
        """
        SELECT campaign.name, COUNT(*)
          FROM loyalty_campaign campaign
          JOIN loyalty_purchase row ON row.amount = 500
         WHERE campaign.trigger = 'purchase_amount'
           AND 1 != (SELECT COUNT(*) FROM loyalty_campaign_member member
                      WHERE member.campaign_id = campaign.id
                        AND SPLIT_PART(member.occasion, '/', 2) = row.id::text)
         GROUP BY 1
        """
    )
    return dict(env.cr.fetchall())
