"""Many processes that spend the same cards at once."""

import json
import os
import random
import signal
import tempfile
import time
from pathlib import Path

import psycopg2

import odoo
from odoo.fields import Command
from odoo.modules.registry import Registry


def create_cards(env, count, points):
    """Create `count` cards of a strict program with `points` each."""
    program = env["loyalty.program"].create(
        {
            "name": "Shared",
            "program_type": "coupons",
            "strict": True,
            "reward_ids": [Command.clear(), Command.create({"required_points": 1})],
        }
    )
    cards = env["loyalty.card"].create([{"program_id": program.id}] * int(count))
    cards._post_move("issue", float(points))
    return cards.ids


def spend_in_parallel(env, processes, attempts, kills):
    """Let `processes` spend single points of all cards, and kill some half-way.

    What a killed process did is not known, so all of it is asked for once more.

    :param attempts: tries of each process
    :param kills: number of processes that are killed while they work
    :return: dict with the outcomes and the seconds each hold took
    """
    database = env.cr.dbname
    cards = env["loyalty.card"].search([("program_id.name", "=", "Shared")]).ids
    env.cr.commit()
    folder = Path(tempfile.mkdtemp())
    odoo.sql_db.close_all()
    children = [
        _fork(database, cards, int(attempts), folder, number)
        for number in range(int(processes))
    ]
    for pid in random.sample(children, int(kills)):
        time.sleep(0.3)
        os.kill(pid, signal.SIGKILL)
    codes = [os.waitpid(pid, 0)[1] for pid in children]
    killed = [number for number, code in enumerate(codes) if os.WIFSIGNALED(code)]
    again = [_fork(database, cards, int(attempts), folder, one) for one in killed]
    for pid in again:
        os.waitpid(pid, 0)
    outcomes = {**_nothing(), "killed": len(killed)}
    for path in folder.iterdir():
        result = json.loads(path.read_text())
        for name, value in result.items():
            outcomes[name] += value
    return outcomes


def _nothing():
    """Return the outcomes of a process that did nothing yet."""
    return {
        "taken": 0,
        "repeated": 0,
        "refused": 0,
        "unexplained": 0,
        "holds": [],
        "failed": [],
    }


def _fork(database, cards, attempts, folder, number):
    pid = os.fork()
    if pid:
        return pid
    random.seed(number)
    result = _nothing()
    for attempt in range(attempts):
        try:
            _spend_once(database, random.choice(cards), f"{number}/{attempt}", result)
        except Exception as error:
            result["failed"].append(f"{type(error).__name__}: {error}")
    (folder / str(number)).write_text(json.dumps(result))
    os._exit(0)


def _spend_once(database, card_id, holder, result):
    """Hold one point of a card and spend it, as a till does.

    A transaction that met another one is tried again at once, as a cashier would.
    """
    with Registry(database).cursor() as cursor:
        env = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})
        card = env["loyalty.card"].browse(card_id)
        moves = env["loyalty.point.move"]
        if moves.search_count([("request_key", "=", holder)]):
            # As an order that is confirmed already: nothing is spent again.
            result["repeated"] += 1
            return
        started = time.perf_counter()
        taken = card._hold(1, holder, 600)
        result["holds"].append(time.perf_counter() - started)
        cursor.rollback()
        if not taken:
            result["refused"] += 1
            reasons = card.program_id._redemption_blockers(card, None, "pos")
            result["unexplained"] += not (
                reasons and all(text for _code, text in reasons)
            )
            return
        for _attempt in range(500):
            try:
                card._post_move("spend", -1, request_key=holder)
                env["loyalty.point.hold"]._end([holder])
                cursor.commit()
                result["taken"] += 1
                return
            except psycopg2.errors.SerializationFailure:
                cursor.rollback()
                env.invalidate_all(flush=False)
        raise TimeoutError(f"no turn for {holder}")


def summarize(env):
    """Return what the ledger says after the storm."""
    cards = env["loyalty.card"].search([("program_id.name", "=", "Shared")])
    moves = env["loyalty.point.move"].search([("card_id", "in", cards.ids)])
    spends = moves.filtered(lambda move: move.kind == "spend")
    awards = moves.filtered(lambda move: move.kind == "issue")
    return {
        "lowest": min(cards.mapped("points") + moves.mapped("balance_after")),
        "balance": sum(cards.mapped("points")),
        "spends": len(spends),
        "requests": len(set(spends.mapped("request_key"))),
        "remaining": sum(awards.mapped("remaining")),
        "differences": len(moves._ledger_differences()),
        "holds": env["loyalty.point.hold"].search_count([("card_id", "in", cards.ids)]),
        "waiting": _waiting(env),
    }


def _waiting(env):
    """Return how many connections of the database wait for a lock."""
    env.cr.execute(
        """
        SELECT COUNT(*) FROM pg_stat_activity
         WHERE datname = current_database() AND wait_event_type = 'Lock'
        """
    )
    return env.cr.fetchone()[0]
