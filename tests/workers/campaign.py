"""Campaigns that processes issue which are killed, or are two."""

import threading
import time
from collections import Counter

BATCH_SIZE = 7
BARRIER = 44


def prepare(env, count):
    """Launch two campaigns, one of coupons and one of points, and issue nothing.

    The coupons are told by e-mail.
    """
    customers = env["res.partner"].create(
        [
            {"name": f"Customer {number}", "email": f"c{number}@example.com"}
            for number in range(int(count))
        ]
    )
    env.company.write({"loyalty_quiet_from": 0, "loyalty_quiet_to": 0})
    template = env["mail.template"].create(
        {
            "name": "Code",
            "model_id": env["ir.model"]._get_id("loyalty.card"),
            "subject": "Your code",
            "body_html": "<p t-out='object.code'/>",
            "use_default_to": True,
        }
    )
    segment = env["loyalty.segment"].create(
        {
            "name": "Everybody",
            "kind": "static",
            "member_ids": [
                (0, 0, {"partner_id": customer.id, "date_from": "2026-01-01"})
                for customer in customers
            ],
        }
    )
    reward = [(0, 0, {"discount": 10, "required_points": 1})]
    for name, values in {
        "Coupons": {"program_type": "coupons", "applies_on": "current"},
        "Points": {"program_type": "loyalty", "applies_on": "both"},
    }.items():
        program = env["loyalty.program"].create(
            {
                "name": name,
                "trigger": "with_code",
                "rule_ids": [(5, 0, 0)],
                "communication_plan_ids": [(5, 0, 0)],
                "reward_ids": reward,
                **values,
            }
        )
        if name == "Points":
            wallets = env["loyalty.card"].create(
                [
                    {"program_id": program.id, "partner_id": customer.id}
                    for customer in customers[::2]
                ]
            )
            wallets._post_move("adjust", 3)
        env["loyalty.campaign"].create(
            {
                "name": name,
                "program_id": program.id,
                "segment_id": segment.id,
                "points": 5,
                "validity_days": 10,
                "control_percent": 20,
                "seed": name,
                "mail_template_id": name == "Coupons" and template.id,
            }
        ).action_launch()
    env["ir.config_parameter"].set_param("loyalty.issue_batch_size", BATCH_SIZE)
    # The test starts the runners; the server's own must not help them.
    env["ir.cron"].search([]).write({"active": False})


def run(env, runners):
    """Run what is running, together with the other runners, and write the messages.

    :param runners: number of processes that begin at the same moment
    :return: number of members done by this one
    """
    campaigns = env["loyalty.campaign"]
    done = []
    genuine = type(campaigns)._issue_batch
    genuine_messages = type(campaigns)._send_message_batch

    def counting(self, size=None):
        done.append(genuine(self, size))
        return done[-1]

    def in_small_batches(self):
        return genuine_messages(self, BATCH_SIZE)

    type(campaigns)._issue_batch = counting
    type(campaigns)._send_message_batch = in_small_batches
    _wait_for_all(env, int(runners))
    campaigns._cron_issue()
    due = campaigns._due_messages_domain()
    while env["loyalty.campaign.member"].search_count(due):
        # A conflict with another runner ends a run; the next one goes on.
        campaigns._cron_send_messages()
        env.cr.commit()
    return sum(done)


def _wait_for_all(env, runners):
    """Wait until so many processes wait; the loaded registries take unequal time."""
    env.cr.execute("SELECT pg_advisory_lock_shared(%s)", [BARRIER])
    waiting = 0
    while waiting < runners:
        time.sleep(0.01)
        env.cr.execute(
            "SELECT COUNT(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
            " WHERE locktype = 'advisory' AND objid = %s"
            " AND datname = current_database()",
            [BARRIER],
        )
        [waiting] = env.cr.fetchone()
    env.cr.rollback()


def apply_while_issuing(env):
    """Enter a code while a batch of its program is being written.

    :return: whether the code was applied
    """
    campaign = env["loyalty.campaign"].search([("name", "=", "Coupons")])
    campaign._run_batch()
    card = campaign.member_ids.card_id[:1]
    product = env["product.product"].create({"name": "Tea", "list_price": 100})
    order = env["sale.order"].create(
        {
            "partner_id": card.partner_id.id,
            "order_line": [(0, 0, {"product_id": product.id})],
        }
    )
    env.cr.commit()
    runner = env.registry.cursor()
    campaign.with_env(env(cr=runner))._run_batch()
    threading.Timer(1, lambda: (runner.commit(), runner.close())).start()
    return "error" not in order._try_apply_code(card.code)


def result(env):
    """Return what was issued, and everything that must not be."""
    found = {}
    written = env["mail.mail"].search([("model", "=", "loyalty.card")])
    mails = Counter(written.mapped("res_id"))
    for campaign in env["loyalty.campaign"].search([], order="id"):
        members = campaign.member_ids
        cards = members.card_id
        found[campaign.name] = {
            "state": campaign.state,
            "issued": campaign.issued_count,
            "left": campaign.todo_count,
            "treated": campaign.treated_count,
            "members": sorted(
                [
                    member.partner_id.id,
                    member.arm,
                    member.state,
                    member.message_state,
                    mails[member.card_id.id],
                    member.card_id.points,
                    str(member.card_id.expiration_date),
                    len(member.card_id.move_ids),
                ]
                for member in members
            ),
            "told": len(
                members.filtered(lambda member: member.message_state == "queued")
            ),
            "cards": len(campaign.program_id.coupon_ids),
            "shared_cards": len(members.filtered("card_id")) - len(cards),
            "codes": len(set(cards.mapped("code"))),
        }
    keys = Counter(env["loyalty.point.move"].search([]).mapped("request_key"))
    keys.pop(False, None)
    return {
        "campaigns": found,
        "treated": sum(campaign["treated"] for campaign in found.values()),
        "repeated": [key for key, times in keys.items() if times > 1],
        "differences": env["loyalty.point.move"]._ledger_differences(),
    }
