"""The demonstration's loop, on a few households of the real data."""

import re
import subprocess

import pytest
from provision import odoo, settings

HOUSEHOLDS = 30
ORDERS = TILL_ORDERS = 6
FACTS = """
    SELECT (SELECT COUNT(*) FROM loyalty_purchase),
           (SELECT COUNT(*) FROM loyalty_card WHERE issued_at IS NOT NULL),
           (SELECT COUNT(*) FROM loyalty_redemption WHERE reversal_of_id IS NOT NULL),
           (SELECT COUNT(*) FROM loyalty_redemption
             WHERE reversal_of_id IS NULL
               AND id NOT IN (SELECT reversal_of_id FROM loyalty_redemption
                               WHERE reversal_of_id IS NOT NULL)),
           (SELECT COUNT(*) FROM loyalty_redemption
             WHERE order_model = 'sale.order' AND reversal_of_id IS NULL)
"""


def _loop(database):
    """Run the loop; return {what: number} of its table and the table itself."""
    words = ("--database", database, "--households", HOUSEHOLDS)
    table = subprocess.run(
        odoo.python(settings.SETUP / "loop", *words),
        check=True,
        capture_output=True,
        text=True,
        env=odoo.environment(),
    ).stdout
    rows = re.findall(r"^  (\S.*?) {2,}(-?[\d,.]+)", table, re.M)
    return {what: float(number.replace(",", "")) for what, number in rows}, table


@pytest.fixture(scope="module")
def looped(addons_template):
    """Return the name of a database in which the loop ran, and what it printed."""
    name = f"{addons_template}_demo"
    odoo.copy_database(addons_template, name)
    yield name, *_loop(name)
    odoo.drop_database(name)


def test_the_table_tells_what_the_database_holds(looped):
    """Imported, issued, used and taken back are the rows that are there."""
    name, found, _table = looped
    answer = odoo.cluster.query(FACTS, name)
    purchases, issued, reversed_, used, orders = map(int, answer.split("|"))
    assert found["imported households"] == HOUSEHOLDS
    assert found["purchases"] == purchases
    assert purchases == found["imported baskets"] + ORDERS + TILL_ORDERS + 1
    assert found["coupons issued"] == issued
    assert issued >= found["issued by our own campaign"] > TILL_ORDERS + ORDERS
    # Of so few customers chance may draw nobody, never one who is not in the segment.
    own = found["issued by our own campaign"] + found["in its control group"]
    assert own == found["segment of our own"]
    assert found["used in sales orders"] == ORDERS
    assert found["used at the till"] == TILL_ORDERS
    assert (found["of them cancelled"], found["uses taken back"]) == (1, 1)
    assert reversed_ == 1
    assert found["coupons used"] == used
    assert used == found["imported uses"] + ORDERS - 1 + TILL_ORDERS
    assert found["discount given"] > 0
    assert found["net sales"] > found["discount given"]
    assert orders == ORDERS


def test_every_report_has_rows(looped):
    """Whoever opens a report of the demonstration sees figures."""
    _name, found, table = looped
    reports = {key: rows for key, rows in found.items() if key.startswith("rows of")}
    assert len(reports) > 9, table
    assert [key for key, rows in reports.items() if not rows] == []
    assert found["results of campaigns"], table
    assert found["daily figures"], table
    assert found["pairs of products"], table


def test_a_second_run_changes_nothing(looped):
    """What was done is known: the table is the same."""
    name, _found, table = looped
    assert _loop(name)[1] == table
