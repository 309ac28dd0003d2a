"""Targets of the house: a gate check <= 5 ms, a cart with 2,000 programs <= 100 ms."""

import statistics
import uuid

import pytest
from processes import result_of
from provision import odoo

PROGRAMS = 2000


@pytest.fixture
def plain_database(plain_template):
    """Return the name of a database with Odoo's add-ons alone."""
    name = f"loyalty_plain_{uuid.uuid4().hex[:8]}"
    odoo.copy_database(plain_template, name)
    yield name
    odoo.drop_database(name)


def test_gate(start_worker, plain_database, database, capsys):
    """Print a check and a cart update with Odoo alone, and with us."""
    checks, carts = {}, {}
    for name in (plain_database, database):
        result_of(start_worker("gate", "prepare", str(PROGRAMS), database=name))
        worker = start_worker("gate", "check", "strict", database=name)
        checks[name] = result_of(worker) * 1000
        seconds = result_of(start_worker("gate", "update_cart", database=name))
        carts[name] = statistics.median(seconds) * 1000
    with capsys.disabled():
        print(f"\n{'':>12} {'Odoo ms':>10} {'ours ms':>10} {'ratio':>8} {'target':>10}")
        for label, found, target in (
            ("gate check", checks, "<= 5 ms"),
            ("cart update", carts, "<= 100 ms"),
        ):
            plain, ours = found[plain_database], found[database]
            ratio = ours / plain
            print(
                f"{label:>12} {plain:>10.1f} {ours:>10.1f} {ratio:>8.2f} {target:>10}"
            )
    assert all(checks.values())
    assert all(carts.values())
