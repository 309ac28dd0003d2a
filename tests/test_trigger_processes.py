"""No purchase is missed or handled twice, whenever it is committed, whoever dies."""

import random
import time

import pytest
from database import copied
from processes import result_of

CAMPAIGNS, CUSTOMERS, PURCHASES, KILLS = 7, 200, 1500, 4
WRITERS, WAITS = 6, 3


@pytest.fixture(scope="module")
def bought(addons_template, start_on):
    """Return the name of a database with campaigns and purchases nobody looked at."""
    with copied(addons_template) as name:
        result_of(start_on(name, "trigger", "prepare", CAMPAIGNS, CUSTOMERS))
        result_of(start_on(name, "trigger", "write_purchases", PURCHASES))
        yield name


@pytest.fixture(scope="module")
def peace(bought, start_on):
    """Return how long one look takes that nobody disturbs, and the members it finds."""
    with copied(bought) as name:
        seconds = result_of(start_on(name, "trigger", "look"))["seconds"]
        return seconds, result_of(start_on(name, "trigger", "members"))


@pytest.fixture
def database(bought):
    """Return the name of a fresh copy."""
    with copied(bought) as name:
        yield name


def test_purchase_committed_late(start_worker):
    """A purchase that is committed after a later one was seen is seen all the same."""
    assert result_of(start_worker("trigger", "look"))["members"]
    found = result_of(start_worker("trigger", "late_commit"))
    before, again, after, end = (count - found[0] for count in found)
    assert (before, again) == (0, 0), "the later one waits for the earlier one"
    assert (after, end) == (2, 2)


def test_writers_that_commit_when_they_like(start_worker):
    """Looking while others write finds every purchase once."""
    looks = result_of(start_worker("trigger", "storm", WRITERS, WAITS))
    assert looks >= WAITS, "each writer waited for so many looks"
    result_of(start_worker("trigger", "look"))
    assert result_of(start_worker("trigger", "missed")) == {}


def test_killed_again_and_again(start_worker, peace):
    """Killed at random points, it ends with the same members as undisturbed."""
    seconds, expected = peace
    for _kill in range(KILLS):
        runner = start_worker("trigger", "look")
        time.sleep(random.random() * seconds)
        runner.kill()
        runner.wait()
    result_of(start_worker("trigger", "look"))
    assert result_of(start_worker("trigger", "members")) == expected


def test_restored_from_a_backup(start_worker, start_on, peace, database):
    """A backup made between two looks, while somebody wrote, goes on where it was."""
    seconds, expected = peace
    runner = start_worker("trigger", "look")
    time.sleep(random.random() * seconds)
    runner.kill()
    runner.wait()
    result_of(start_worker("trigger", "wait_for", "987/654321"))
    with copied(database) as backup:
        # What the original goes on to do is nothing to the copy, and the other way.
        result_of(start_worker("trigger", "look"))
        result_of(start_on(backup, "trigger", "look"))
        assert result_of(start_on(backup, "trigger", "members")) == expected
    assert result_of(start_worker("trigger", "members")) == expected
