"""Promise 9: issued once, whatever happens to the processes that issue."""

import os
import random
import time

import pytest
from database import copied
from processes import result_of
from provision import odoo

# LOYALTY_KILLS=50 runs it in the size of the specification.
MEMBERS, KILLS = 400, int(os.environ.get("LOYALTY_KILLS", "15"))


@pytest.fixture
def database(launched):
    """Return the name of a fresh copy of the launched campaigns."""
    with copied(launched) as name:
        yield name


def _issued(database):
    count = "SELECT COUNT(*) FROM loyalty_campaign_member WHERE state = 'issued'"
    return int(odoo.cluster.query(count, database))


def _progress(database):
    """Return how many offers and messages are written."""
    count = (
        "SELECT COUNT(*) FILTER (WHERE state = 'issued')"
        " + COUNT(*) FILTER (WHERE message_state = 'queued')"
        " FROM loyalty_campaign_member"
    )
    return int(odoo.cluster.query(count, database))


def _kill_after(database, runner, goal):
    """Kill a runner when so much is written, wherever it is then."""
    while _progress(database) < goal and runner.poll() is None:
        time.sleep(random.random() / 100)
    time.sleep(random.random() / 20)
    runner.kill()
    runner.wait()
    return _progress(database)


def test_undisturbed_run(peace):
    """One card each for the treated, nothing for the others, all of it booked."""
    for campaign in peace["campaigns"].values():
        assert campaign["state"] == "done"
        assert campaign["issued"] == campaign["treated"] > 0
        assert campaign["shared_cards"] == 0
        assert campaign["codes"] == campaign["treated"]
        mails = {row[4] for row in campaign["members"]}
        assert mails <= ({0, 1} if campaign["told"] else {0})
        assert sum(row[4] for row in campaign["members"]) == campaign["told"]
    coupons = peace["campaigns"]["Coupons"]
    assert coupons["cards"] == coupons["treated"] == coupons["told"]
    assert peace["repeated"] == []
    assert peace["differences"] == []


def test_killed_runner(start_worker, database, peace):
    """A runner killed again and again leaves the rest to the next one."""
    work = peace["treated"] + peace["campaigns"]["Coupons"]["told"]
    seen = [0]
    for kill in range(KILLS):
        runner = start_worker("campaign", "run", 1)
        # What is left, in equal steps: the last one is killed at work, too.
        step = (work - seen[-1]) // (KILLS - kill + 1)
        goal = seen[-1] + random.randrange(1, max(2, step))
        seen.append(_kill_after(database, runner, goal))
    assert 0 < seen[1] < seen[-1] < work, seen
    left = peace["treated"] - _issued(database)
    assert result_of(start_worker("campaign", "run", 1)) == left
    assert result_of(start_worker("campaign", "result")) == peace, seen


def test_two_runners(start_worker, database, peace):
    """Two runners at once share the work."""
    runners = [start_worker("campaign", "run", 2) for _runner in range(2)]
    done = [result_of(runner) for runner in runners]
    assert all(done), done
    assert sum(done) == peace["treated"]
    assert result_of(start_worker("campaign", "result")) == peace


def test_two_runners_one_killed(start_worker, database, peace):
    """What a killed runner had in hand is issued by the other or the next one."""
    victim, other = (start_worker("campaign", "run", 2) for _runner in range(2))
    _kill_after(database, victim, peace["treated"] // 4)
    result_of(other)
    result_of(start_worker("campaign", "run", 1))
    assert result_of(start_worker("campaign", "result")) == peace


def test_code_entered_while_issuing(start_worker, database):
    """A customer's code is applied although its program is being issued."""
    assert result_of(start_worker("campaign", "apply_while_issuing"))
