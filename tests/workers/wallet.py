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
from odoo.modules.registry import Registry


def create_cards(env, count, points):
    """Create `count` cards of a strict program with `points` each."""
    program = env["loyalty.program"].create(
        {"name": "Shared", "program_type": "coupons", "strict": True}
    )
    cards = env["loyalty.card"].create([{"program_id": program.id}] * int(count))
    cards._post_move("issue", float(points))
    return cards.ids


def spend_in_parallel(env, processes, attempts, kills):
    """Let `processes` spend single points of all cards, and kill some half-way.

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
    outcomes = {"taken": 0, "refused": 0, "holds": [], "failed": []}
    outcomes["killed"] = sum(os.WIFSIGNALED(code) for code in codes)
    for path in folder.iterdir():
        result = json.loads(path.read_text())
        for name, value in result.items():
            outcomes[name] += value
    return outcomes


def _fork(database, cards, attempts, folder, number):
    pid = os.fork()
    if pid:
        return pid
    random.seed(number)
    result = {"taken": 0, "refused": 0, "holds": [], "failed": []}
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
        started = time.perf_counter()
        taken = card._hold(1, holder, 600)
        result["holds"].append(time.perf_counter() - started)
        cursor.rollback()
        if not taken:
            result["refused"] += 1
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
        "lowest": min(cards.mapped("points")),
        "balance": sum(cards.mapped("points")),
        "spends": len(spends),
        "requests": len(set(spends.mapped("request_key"))),
        "remaining": sum(awards.mapped("remaining")),
        "differences": len(moves._ledger_differences()),
    }
