"""No purchase is missed or handled twice, whenever it is committed, whoever dies."""

import random
import time
import uuid

import pytest
from processes import result_of, start
from provision import odoo

CAMPAIGNS, CUSTOMERS, PURCHASES, KILLS = 7, 200, 3000, 4


@pytest.fixture(scope="module")
def bought(addons_template):
    """Return the name of a database with campaigns and purchases nobody looked at."""
    name = f"{addons_template}_triggers"
    odoo.copy_database(addons_template, name)
    result_of(start(name, "trigger", "prepare", CAMPAIGNS, CUSTOMERS))
    result_of(start(name, "trigger", "write_purchases", PURCHASES))
    yield name
    odoo.drop_database(name)


@pytest.fixture
def database(bought):
    """Return the name of a fresh copy."""
    name = f"{bought}_{uuid.uuid4().hex[:8]}"
    odoo.copy_database(bought, name)
    yield name
    odoo.drop_database(name)


def test_purchase_committed_late(start_worker):
    """A purchase that is committed after a later one was seen is seen all the same."""
    assert result_of(start_worker("trigger", "look"))["members"]
    found = result_of(start_worker("trigger", "late_commit"))
    before, again, after, end = (count - found[0] for count in found)
    assert (before, again) == (0, 0), "the later one waits for the earlier one"
    assert (after, end) == (2, 2)


def test_writers_that_commit_when_they_like(start_worker):
    """Looking while others write finds every purchase once."""
    assert result_of(start_worker("trigger", "storm", 6, 60)) > 1
    result_of(start_worker("trigger", "look"))
    assert result_of(start_worker("trigger", "missed")) == {}


def test_killed_again_and_again(start_worker, bought, database):
    """Killed at random points, it ends with the same members as undisturbed."""
    peace = f"{bought}_peace"
    odoo.copy_database(bought, peace)
    result_of(start(peace, "trigger", "look"))
    expected = result_of(start(peace, "trigger", "members"))
    odoo.drop_database(peace)
    for _kill in range(KILLS):
        runner = start_worker("trigger", "look")
        time.sleep(2 + random.random() * 4)
        runner.kill()
        runner.wait()
    result_of(start_worker("trigger", "look"))
    assert result_of(start_worker("trigger", "members")) == expected
