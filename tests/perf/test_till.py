"""Target of the house: a till beside programs, cards and uses opens as fast as without.

Coupon programs wait until their code is entered. Automatic promotions are needed on the
first order, so that each takes its time at the opening, as with Odoo alone: they are
measured beside it.

With nothing and with everything it opens in turns, each in a database of its own: what
else the machine does makes both slower, and the fastest of many rounds counts.

LOYALTY_TILL_USES=1000000 runs it in the size of the specification: a million cards,
each used once. Odoo alone gets no more than `ODOO_USES`: it looks at every order once
per program.
"""

import os

from database import copied
from processes import result_of

PROGRAMS = int(os.environ.get("LOYALTY_TILL_PROGRAMS", "500"))
USES = int(os.environ.get("LOYALTY_TILL_USES", "50000"))
PROMOTIONS = int(os.environ.get("LOYALTY_TILL_PROMOTIONS", "50"))
ODOO_USES = min(USES, 50_000)
MOST = 1.1
TURNS = 3
STEPS = ("nothing", "programs", "cards and uses", "promotions")


def test_opening(start_worker, plain_database, database, capsys):
    """Print what opening takes with nothing, with programs, and with their uses."""
    found = {}

    def run(name, function, *arguments):
        worker = start_worker("till_opening", function, *arguments, database=name)
        return result_of(worker)

    for name, uses in ((plain_database, ODOO_USES), (database, USES)):
        session = run(name, "prepare")
        with copied(name) as bare:
            run(name, "add_programs", PROGRAMS)
            found[name, STEPS[1]] = run(name, "open_till", session)
            run(name, "add_uses", uses)
            turns = [
                [run(one, "open_till", session) for one in (bare, name)]
                for _turn in range(TURNS)
            ]
            for step, opened in zip(STEPS[::2], zip(*turns, strict=True), strict=True):
                found[name, step] = min(opened, key=lambda turn: turn["seconds"])
        if name == database:
            code = run(name, "load_code", session)
        run(name, "add_programs", PROMOTIONS, "promotion")
        found[name, STEPS[3]] = run(name, "open_till", session)
    first = found[database, STEPS[0]]
    with capsys.disabled():
        print(f"\n{PROGRAMS} programs, {USES:,} cards and uses (Odoo: {ODOO_USES:,})")
        print(f"{'':>16} {'Odoo ms':>9} {'ours ms':>9} {'ratio':>6} {'queries':>13}")
        for step in STEPS:
            plain, ours = found[plain_database, step], found[database, step]
            queries = f"{plain['queries']:.0f} / {ours['queries']:.0f}"
            ratio = ours["seconds"] / plain["seconds"]
            print(
                f"{step:>16} {plain['seconds'] * 1000:>9.0f} "
                f"{ours['seconds'] * 1000:>9.0f} {ratio:>6.2f} {queries:>13}"
            )
        for step in STEPS[1:3]:
            ours = found[database, step]
            print(
                f"{step} ÷ nothing: {ours['seconds'] / first['seconds']:.2f} "
                f"(processor: {ours['processor'] / first['processor']:.2f})"
            )
        waited = (
            found[database, STEPS[3]]["seconds"] - found[database, STEPS[2]]["seconds"]
        )
        print(f"{PROMOTIONS} automatic promotions: {waited * 1000:.0f} ms more")
        print(f"a code that the till has not met: {code['seconds'] * 1000:.0f} ms")
    last = found[database, STEPS[2]]
    assert last["cards"] == 0
    assert last["programs"] == 0
    assert code["programs"]
    assert found[database, STEPS[3]]["programs"] == PROMOTIONS
    assert last["seconds"] <= MOST * first["seconds"]
