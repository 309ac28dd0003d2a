"""Targets of the house: a gate check <= 5 ms, a cart with 2,000 programs <= 100 ms."""

from processes import result_of

PROGRAMS = 2000
# What is measured: label, function and arguments of `workers/gate.py`, target in ms.
MEASURED = (
    ("gate check, order in memory", ("check", "yes"), 5),
    ("gate check, nothing in memory", ("check", "no"), None),
    ("a code is entered", ("enter",), None),
    ("cart update", ("update_cart",), 100),
    ("cart update, no program active", ("update_cart", "none"), None),
)


def test_gate(start_worker, plain_database, database, capsys):
    """Print a check and a cart update with Odoo alone, and with us.

    What is in a figure and what is not, `workers/gate.py` says. Beside the time that
    passes stands that of this process: the rest is the database's, and that of others
    on the machine. The number of queries does not depend on the machine, and neither on
    how many programs there are.
    """
    found = {}
    for name in (plain_database, database):
        result_of(start_worker("gate", "prepare", str(PROGRAMS), database=name))
        for label, order, _target in MEASURED:
            found[label, name] = result_of(start_worker("gate", *order, database=name))
    with capsys.disabled():
        print(
            f"\n{'':>30} {'Odoo ms':>8} {'ours ms':>8} {'of it Python':>13} "
            f"{'queries':>13} {'target':>10}"
        )
        for label, _order, target in MEASURED:
            plain, ours = found[label, plain_database], found[label, database]
            queries = f"{plain['queries']:.0f} / {ours['queries']:.0f}"
            print(
                f"{label:>30} {plain['seconds'] * 1000:>8.1f} "
                f"{ours['seconds'] * 1000:>8.1f} {ours['processor'] * 1000:>13.1f} "
                f"{queries:>13} {f'<= {target} ms' if target else '':>10}"
            )
    assert found["gate check, order in memory", database]["queries"] <= 2
    assert found["a code is entered", database]["queries"] <= 25
    assert found["cart update", database]["queries"] <= 21
