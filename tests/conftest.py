"""Databases and real Odoo processes for the tests that cross add-ons."""

import subprocess
import sys
import uuid
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "setup"))

from provision import odoo, settings  # noqa: E402  the folder is known from here on

WORKER = REPOSITORY / "tests" / "workers" / "run.py"


@pytest.fixture(scope="session")
def plain_template():
    """Return the name of a database with Odoo's own add-ons and no data."""
    odoo.ensure()
    return odoo.ensure_template("loyalty_base", odoo.DEPENDENCIES, demo=False)


@pytest.fixture(scope="session")
def addons_template(plain_template):
    """Return the name of a database with our three add-ons, for copies."""
    name = f"loyalty_addons_{settings.CHECKOUT}"
    odoo.copy_database(plain_template, name)
    modules = ",".join(settings.ADDONS)
    odoo.call("-d", name, "-i", modules, "--stop-after-init", "--no-http")
    yield name
    odoo.drop_database(name)


@pytest.fixture
def database(addons_template):
    """Return the name of a database of the test's own, with our three add-ons."""
    name = f"{addons_template}_{uuid.uuid4().hex[:8]}"
    odoo.copy_database(addons_template, name)
    yield name
    odoo.drop_database(name)


@pytest.fixture
def start_worker(database):
    """Return a function that starts `workers/<module>.py` in a process of its own.

    It takes the names of module and function and words for the function's arguments
    and returns the `Popen`; the function's result comes as JSON on standard output.
    """
    started = []

    def start(module, function, *arguments):
        process = subprocess.Popen(
            [
                str(odoo.venv.odoo.program("python")),
                str(WORKER),
                database,
                module,
                function,
                *map(str, arguments),
            ],
            env=odoo.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
