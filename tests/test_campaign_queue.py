"""Campaigns issued by jobs of the real OCA `queue_job`, on two Odoo processes.

It is fetched from the package index into a folder of its own, for this test alone.
"""

import pytest
from nursery import Nursery
from processes import result_of
from provision import oca, odoo
from provision.shell import SetupError

MEMBERS = 200


@pytest.fixture(scope="module")
def start_job(launched, peace):
    """Return a function that starts a worker where `queue_job` is installed."""
    try:
        oca.ensure_queue_job()
    except SetupError as error:
        pytest.skip(f"OCA's queue_job cannot be had from the package index: {error}")
    variables = oca.variables()
    flags = ["-i", "queue_job", "--stop-after-init", "--no-http"]
    odoo.call("-d", launched, *flags, variables=variables)
    nursery = Nursery(launched, variables)
    yield lambda *order: nursery.start(launched, *order)
    nursery.close()


def test_two_processes_do_the_jobs(start_job, peace):
    """Two processes share the jobs; each customer has one offer, booked once."""
    assert result_of(start_job("jobs", "order")) == 4, "two chains a campaign"
    workers = [start_job("jobs", "work", 2) for _process in range(2)]
    done = [result_of(worker) for worker in workers]
    assert min(done) > 1, done
    assert set(result_of(start_job("jobs", "states"))) == {"done"}
    # Nothing is left to issue: this writes the messages.
    assert result_of(start_job("campaign", "run", 1)) == 0
    assert result_of(start_job("campaign", "result")) == peace
