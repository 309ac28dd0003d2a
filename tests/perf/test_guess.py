"""Target of the issue: the time of an answer tells nothing of a code that is not good.

A customer asks the gate over HTTP for codes that are unknown, used, expired or somebody
else's, in turns. What the throttle counts is forgotten before each, as if each guess
came from somebody else; otherwise nobody is answered so often.

LOYALTY_GUESSES says how many codes there are of each kind.
"""

import os
import statistics
import time

from processes import result_of
from provision import odoo
from server import Server

GUESSES = int(os.environ.get("LOYALTY_GUESSES", "100"))
PATH = "/web/dataset/call_kw/loyalty.program/ask_gate"


def _ask(client, code):
    """Return what is said of a code, and the milliseconds it took."""
    params = {"model": "loyalty.program", "method": "ask_gate", "args": [code]}
    started = time.perf_counter()
    answer = client.rpc(PATH, **params, kwargs={})
    return str(answer["result"]), (time.perf_counter() - started) * 1000


def _times(client, database, kinds):
    """Return {kind: milliseconds of all answers}, and all that was said."""
    times, said = {kind: [] for kind in kinds}, set()
    for number in range(GUESSES):
        for kind, known in kinds.items():
            odoo.cluster.query("DELETE FROM loyalty_throttle", database)
            text, milliseconds = _ask(client, known[number])
            times[kind].append(milliseconds)
            said.add(text)
    return times, said


def test_time_tells_nothing(start_worker, database, capsys):
    """Print the medians and quarters of what answers take, by kind of code."""
    kinds = result_of(start_worker("guess", "prepare", str(GUESSES)))["codes"]
    server = Server(database, "--workers=0", "--log-level=warn")
    try:
        client = server.client()
        client.login(database, "guesser", "guesser-secret")
        _ask(client, "WARM")
        times, said = _times(client, database, kinds)
    finally:
        server.stop()
    assert len(said) == 1, said
    medians = {kind: statistics.median(found) for kind, found in times.items()}
    noise = {}
    with capsys.disabled():
        print(f"\n{'code':>22} {'median ms':>10} {'middle half ms':>16}")
        for kind, found in times.items():
            low, _middle, high = statistics.quantiles(found, n=4)
            noise[kind] = high - low
            print(f"{kind:>22} {medians[kind]:>10.1f} {low:>8.1f}–{high:.1f}")
    spread = max(medians.values()) - min(medians.values())
    assert spread <= noise["unknown"], medians
