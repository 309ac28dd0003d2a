"""Databases and real Odoo processes for the tests that cross add-ons."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "setup"))

from database import Database, copied
from figures.loaded import Loaded
from nursery import Nursery
from processes import result_of
from provision import demo, odoo, settings
from testing import runs

REPOSITORY = settings.REPOSITORY


@pytest.fixture(scope="session")
def plain_template():
    """Return the name of a database with Odoo's own add-ons and no data."""
    odoo.ensure()
    return demo.template()


@pytest.fixture(scope="session")
def addons_template(plain_template):
    """Return the name of a database with our three add-ons, for copies.

    It is this session's own: nobody copies what another session has opened.
    """
    with copied(runs.addons_template()) as name:
        yield name


@pytest.fixture(scope="session")
def start_on(addons_template):
    """Return a function that starts `workers/<module>.py` in a process of its own.

    It takes the names of a copy of the template, of module and function, and words for
    the function's arguments, and returns the process; the function's result comes as
    JSON on standard output. All are forked from one that has loaded Odoo.
    """
    with copied(addons_template) as name:
        nursery = Nursery(name)
    yield nursery.start
    nursery.close()


@pytest.fixture(scope="session")
def loaded(addons_template, start_on, tmp_path_factory):
    """Return a database with real baskets and random facts; nobody changes it.

    Figures of customers are computed; nothing is added up.
    """
    name = f"{addons_template}_figures"
    odoo.copy_database(addons_template, name)
    yield Loaded(name, start_on, tmp_path_factory.mktemp("figures"))
    odoo.drop_database(name)


@pytest.fixture(scope="module")
def changing(loaded, start_on, tmp_path_factory):
    """Return a copy of the loaded database that the tests of a module change."""
    with copied(loaded.name) as name:
        folder = tmp_path_factory.mktemp("changing")
        yield Loaded(name, start_on, folder, loaded)


@pytest.fixture
def database(addons_template):
    """Return the name of a database of the test's own, with our three add-ons."""
    with copied(addons_template) as name:
        yield name


@pytest.fixture
def start_worker(start_on, database):
    """Return `start_on` for the database of the test; what still runs is killed."""
    started = []

    def start(*order):
        process = start_on(database, *order)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def launched(request, addons_template, start_on):
    """Return the name of a database with two launched campaigns, nothing issued.

    They have `MEMBERS` of the module that asks.
    """
    with copied(addons_template) as name:
        members = request.module.MEMBERS
        result_of(start_on(name, "campaign", "prepare", members))
        yield name


@pytest.fixture(scope="module")
def peace(launched, start_on):
    """Return what one runner issues that nobody disturbs."""
    with copied(launched) as name:
        done = result_of(start_on(name, "campaign", "run", 1))
        found = result_of(start_on(name, "campaign", "result"))
    assert done == found["treated"]
    return found


@pytest.fixture(scope="session")
def root():
    """Return the folder of the repository."""
    return REPOSITORY


@pytest.fixture(scope="session")
def tracked():
    """Return the paths of all files of the repository, those not added yet too."""
    command = ["git", "ls-files", "-z", "-co", "--exclude-standard"]
    listed = subprocess.run(
        command, cwd=REPOSITORY, check=True, capture_output=True, text=True
    )
    paths = [REPOSITORY / name for name in listed.stdout.split("\0") if name]
    return [path for path in paths if path.is_file()]


@pytest.fixture(scope="module")
def make_database():
    """Return a function that makes a database; all are dropped at the end."""
    made = []

    def make(name, template):
        made.append(Database(name, template))
        return made[-1]

    odoo.ensure()
    yield make
    for database in made:
        database.drop()


@pytest.fixture(params=settings.ADDONS)
def addon(request):
    """Return the folder of each of our add-ons in turn."""
    return REPOSITORY / request.param
