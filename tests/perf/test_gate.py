"""Targets of the house: a gate check <= 5 ms, a cart with 2,000 programs <= 100 ms."""

from processes import result_of

PROGRAMS = 2000


def test_gate(start_worker, plain_database, database, capsys):
    """Print a check and a cart update with Odoo alone, and with us.

    Of our figures the house has targets; the number of queries does not depend on the
    machine, and neither on how many programs there are.
    """
    checks, carts = {}, {}
    for name in (plain_database, database):
        result_of(start_worker("gate", "prepare", str(PROGRAMS), database=name))
        worker = start_worker("gate", "check", "strict", database=name)
        checks[name] = result_of(worker)
        carts[name] = result_of(start_worker("gate", "update_cart", database=name))
    with capsys.disabled():
        print(
            f"\n{'':>12} {'Odoo ms':>8} {'ours ms':>8} {'queries':>13} {'target':>10}"
        )
        for label, found, target in (
            ("gate check", checks, "<= 5 ms"),
            ("cart update", carts, "<= 100 ms"),
        ):
            plain, ours = found[plain_database], found[database]
            queries = f"{plain['queries']:.0f} / {ours['queries']:.0f}"
            print(
                f"{label:>12} {plain['seconds'] * 1000:>8.1f} "
                f"{ours['seconds'] * 1000:>8.1f} {queries:>13} {target:>10}"
            )
    assert checks[database]["queries"] <= 25
    assert carts[database]["queries"] <= 60
