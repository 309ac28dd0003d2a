"""The terms of a program change while other processes ask the gate for it."""

import threading
from collections import Counter

import odoo
from odoo.fields import Command

ROUND = "loyalty_test.round"
LAST = -1


def prepare(env):
    """Create a program, a card of it and an order on which it can be used."""
    program = env["loyalty.program"].create(
        {
            "name": "Changing",
            "program_type": "coupons",
            "strict": True,
            "applies_on": "current",
            "trigger": "with_code",
            "communication_plan_ids": False,
            "rule_ids": [Command.create({"minimum_amount": 0})],
            "reward_ids": [Command.create({"discount": 5})],
            "usage_window_ids": [Command.create({"hour_from": 0, "hour_to": 24})],
        }
    )
    card = env["loyalty.card"].create({"program_id": program.id})
    card._post_move("issue", 1)
    tea, cake = env["product.product"].create(
        [{"name": name, "list_price": 100, "taxes_id": False} for name in ("A", "B")]
    )
    env["sale.order"].create(
        {
            "client_order_ref": "Changing",
            "partner_id": env["res.partner"].create({"name": "Buyer"}).id,
            "order_line": [Command.create({"product_id": tea.id})],
        }
    )
    env["loyalty.segment"].create({"name": "Changing", "kind": "static"})
    cake.default_code = "Changing"
    env["ir.config_parameter"].set_param(ROUND, "0")


def changes(env):
    """Return {name: (function that stops the program, function that lets it go on)}.

    The name is the code of the blocker that the gate answers then.
    """
    program = env["loyalty.program"].search([("name", "=", "Changing")])
    other = env["product.product"].search([("default_code", "=", "Changing")])
    own = env["sale.order"].search([("client_order_ref", "=", "Changing")])
    segment = env["loyalty.segment"].search([("name", "=", "Changing")])
    rule, reward = program.rule_ids, program.reward_ids

    def set_on(record, name, stop, go):
        return (
            lambda: record.write({name: stop}),
            lambda: record.write({name: go}),
        )

    def sql(statement, stop, go):
        return (
            lambda: env.cr.execute(statement, [stop, rule.id]),
            lambda: env.cr.execute(statement, [go, rule.id]),
        )

    closed = {"kind": "closed", "date_from": "2000-01-01", "date_to": "2999-01-01"}
    none, every = Command.clear(), Command.create(closed)
    return {
        "ended": set_on(program, "date_to", "2001-01-01", False),
        "minimum": set_on(rule, "minimum_amount", 900, 0),
        "segment": set_on(program, "segment_ids", [Command.set(segment.ids)], [none]),
        "used": set_on(reward, "required_points", 7, 1),
        "closed": (
            lambda: program.write({"usage_window_ids": [every]}),
            lambda: program.usage_window_ids.filtered("date_from").unlink(),
        ),
        "quantity": set_on(rule, "product_ids", [Command.set(other.ids)], [none]),
        "channel": set_on(program, "sale_ok", False, True),
        "quantity/excluded": set_on(
            program,
            "excluded_product_ids",
            [Command.set(own.order_line.product_id.ids)],
            [none],
        ),
        "minimum/sql": sql(
            "UPDATE loyalty_rule SET minimum_amount = %s WHERE id = %s", 900, 0
        ),
    }


def change(env, rounds, start=None):
    """Stop the program and let it go on, each in a transaction with its round's number.

    In every second one the gate is asked before, and all is taken back: what was asked
    then must not be found by anybody.

    :param start: called before the first change
    :return: {round: codes of the blockers that everybody has to get in it}
    """
    expected = {"0": []}
    if start:
        start()
    number = 0
    for _time in range(int(rounds)):
        for name in changes(env):
            for stops in (True, False):
                for kept in (False, True):
                    # Records of before know what was rolled back no more.
                    stop, go = changes(env)[name]
                    (stop if stops else go)()
                    env.flush_all()
                    _set_round(env, number + 1)
                    env.invalidate_all()
                    assert _ask(env) == (
                        str(number + 1),
                        [name.split("/")[0]] if stops else [],
                    ), name
                    if kept:
                        number += 1
                        env.cr.commit()
                    else:
                        env.cr.rollback()
                    env.invalidate_all(flush=False)
                expected[str(number)] = [name.split("/")[0]] if stops else []
    _set_round(env, LAST)
    env.cr.commit()
    return expected


def _set_round(env, number):
    """Write the number beside Odoo, which would forget what it keeps."""
    env.cr.execute(
        "UPDATE ir_config_parameter SET value = %s WHERE key = %s", [number, ROUND]
    )


def _ask(env):
    """Return the number of the round, and what the gate says in it."""
    env.cr.execute("SELECT value FROM ir_config_parameter WHERE key = %s", [ROUND])
    [(number,)] = env.cr.fetchall()
    order = env["sale.order"].search([("client_order_ref", "=", "Changing")])
    card = env["loyalty.card"].search([("program_id.name", "=", "Changing")])
    blockers = env["loyalty.program"]._redemption_blockers(
        card, order.partner_id, "sale", document=order
    )
    return number, sorted({code for code, _message in blockers})


def ask(env, began=None):
    """Ask the gate without a pause until the last round.

    Nothing tells this process of a change: each question is a transaction of its own.

    :return: list of [round, codes of the blockers, how often]
    """
    found = Counter()
    while True:
        number, codes = _ask(env)
        if number == str(LAST):
            return [[*key[:1], list(key[1]), count] for key, count in found.items()]
        found[number, tuple(codes)] += 1
        env.cr.rollback()
        env.invalidate_all(flush=False)
        if began:
            began.set()


def ask_beside(env, rounds):
    """Ask while another thread of the same process changes the program.

    It shares what the process keeps, with what is taken back later.

    :return: dict with `expected` as of `change`, and `found` as of `ask`
    """
    expected, began = {}, threading.Event()

    def work():
        with env.registry.cursor() as cursor:
            own = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})
            try:
                expected.update(change(own, rounds, start=began.wait))
            except BaseException:
                cursor.rollback()
                _set_round(own, LAST)
                cursor.commit()
                raise

    thread = threading.Thread(target=work)
    thread.start()
    found = ask(env, began)
    thread.join()
    return {"expected": expected, "found": found}
