"""Target of the house: a till beside many cards and uses opens as fast as without.

What grows is what is loaded: the programs themselves, as with Odoo alone.

LOYALTY_TILL_USES=1000000 runs it in the size of the specification: a million cards,
each used once. Odoo alone gets no more than `ODOO_USES`: it looks at every order once
per program.
"""

import os

from processes import result_of

PROGRAMS = int(os.environ.get("LOYALTY_TILL_PROGRAMS", "500"))
USES = int(os.environ.get("LOYALTY_TILL_USES", "50000"))
ODOO_USES = min(USES, 50_000)
MOST = 1.1
STEPS = ("no program", "no card, no use", "cards and uses")


def test_opening(start_worker, plain_database, database, capsys):
    """Print what opening takes with nothing, with programs, and with their uses."""
    found = {}
    for name, uses in ((plain_database, ODOO_USES), (database, USES)):

        def run(function, *arguments, name=name):
            worker = start_worker("till_opening", function, *arguments, database=name)
            return result_of(worker)

        session = run("prepare")
        found[name, STEPS[0]] = run("open_till", session)
        run("add_programs", PROGRAMS)
        found[name, STEPS[1]] = run("open_till", session)
        run("add_uses", uses)
        found[name, STEPS[2]] = run("open_till", session)
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
        grown = [found[database, step]["seconds"] for step in STEPS[1:]]
        print(f"with cards and uses ÷ without: {grown[1] / grown[0]:.2f}")
    assert found[database, STEPS[2]]["programs"] == PROGRAMS
    assert found[database, STEPS[2]]["cards"] == 0
    assert grown[1] <= MOST * grown[0]
