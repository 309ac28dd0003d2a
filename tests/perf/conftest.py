"""Measurements start a fresh process each, so that none inherits another's memory."""

import processes
import pytest
from database import copied


@pytest.fixture
def plain_database(plain_template):
    """Return the name of a database with Odoo's add-ons alone."""
    with copied(plain_template) as name:
        yield name


@pytest.fixture
def start_worker(database):
    """Return a function that starts `workers/<module>.py` in a process of its own.

    It takes the names of module and function and words for the function's arguments
    and returns the `Popen`; the function's result comes as JSON on standard output.
    """
    started = []

    own = database

    def start(module, function, *arguments, database=own):
        process = processes.start(database, module, function, *arguments)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
