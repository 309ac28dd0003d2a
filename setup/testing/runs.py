"""Runs of Odoo's test runner, each on a database of its own."""

import re
import shutil
import socket
from pathlib import Path

from provision import addons, demo, odoo, settings
from provision.shell import SetupError, Step, lock, say

from . import junit, odoo_log
from .outcome import Outcome

PREFIX = f"test_{settings.CHECKOUT}"
LOGS = settings.REPORTS / settings.CHECKOUT
INSTALL_LOG = LOGS / "finished.log"
BASE, POS, REPORTS = settings.ADDONS
# All its tests are post-install, so nothing has to be upgraded to run them.
PEERS_LONG = ("pos_loyalty",)
PEERS_SHORT = (
    "loyalty",
    "sale_loyalty",
    "website_sale_loyalty",
    "pos_sale_loyalty",
    "sale_loyalty_delivery",
    "pos_restaurant_loyalty",
)
# How many tests these hold in the Odoo we were tested with.
FEWEST = {"peers_till": 84, "peers_rest": 162, "at_install": 23}
# The steps of tours have ten seconds, which two cores exceed now and then. Odoo's test
# runner then tries the test again; one that keeps failing still fails, and the others
# are told in the line of their part.
PATIENCE = {"ODOO_TEST_FAILURE_RETRIES": "2"}
# Tests fill tables and roll back. PostgreSQL, counting in between, would believe that
# they are empty and join thousands of rows one by one: 40 seconds instead of 3.
KEEP_ESTIMATES = """
DO $$
DECLARE found record;
BEGIN
    FOR found IN SELECT tablename FROM pg_tables
                  WHERE tablename LIKE 'loyalty%' AND schemaname = 'public' LOOP
        EXECUTE format('ALTER TABLE %I SET (autovacuum_enabled = false)',
                       found.tablename);
    END LOOP;
END $$
"""
# Niceness of all other runs beside them.
STANDING_BACK = 10
# Tags of our test classes that need not run twice: long ones that nothing outside the
# base can change, and those that load pages from the server.
PLAIN, PAGES = "loyalty_plain", "loyalty_pages"
# Odoo runs these before our code is loaded, so they run once more on the finished
# database, where pytest-odoo finds everything loaded.
AT_INSTALL = (
    "test_program_rules.py::TestProgramRules",
    "test_program_with_code_operations.py::TestProgramWithCodeOperations",
    "test_program_without_code_operations.py::TestProgramWithoutCodeOperations",
)


def full_template():
    """Return the template with everything that meets our add-ons, with demo data."""
    modules = {*odoo.DEPENDENCIES, *odoo.NEIGHBOURS, *addons.dependencies()}
    return odoo.ensure_template("loyalty_peers", sorted(modules), demo=True)


def plain_template():
    """Return the template with what the base and the reports need, no demo data."""
    modules = addons.dependencies((BASE, REPORTS))
    return odoo.ensure_template("loyalty_plain", modules, demo=False)


def finished_template():
    """Return the template of this checkout with everything our add-ons may meet.

    Its web assets are made, which every run with a browser would do again.
    """
    return _checkout_template("finished", full_template, MAKE_ASSETS)


def addons_template():
    """Return the template of this checkout with our three add-ons and no data."""
    return _checkout_template("addons", demo.template)


def _checkout_template(suffix, bare_template, script=None):
    """Return a template with our three add-ons, made anew when their files change.

    :param bare_template: function that returns the name of the template without them
    :param script: Python to run in Odoo's shell once they are installed
    """
    name = f"{PREFIX}_{suffix}"
    note = LOGS / f"{suffix}.txt"
    LOGS.mkdir(parents=True, exist_ok=True)
    with lock(name):
        template = bare_template()
        state = f"{addons.fingerprint()} {odoo.database_oid(template)}"
        if odoo.database_exists(name) and note.exists() and note.read_text() == state:
            return name
        note.unlink(missing_ok=True)
        with Step(f"installing the add-ons for the tests ({suffix})"):
            odoo.copy_database(template, name)
            flags = ["-d", name, "--no-http", "--stop-after-init"]
            log = LOGS / f"{suffix}.log"
            odoo.call(*flags, "-i", ",".join(settings.ADDONS), log=log)
            if script:
                odoo.shell(name, script)
        note.write_text(state)
    return name


def free_port():
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def unit_suites():
    """Return those of our add-ons that have JavaScript unit tests."""
    return [
        addon
        for addon in settings.ADDONS
        if any((settings.REPOSITORY / addon / "static").glob("tests/**/*.test.js"))
    ]


# Odoo makes all assets before it runs the first test with a browser.
MAKE_ASSETS = "env['ir.qweb']._pregenerate_assets_bundles(); env.cr.commit()"


class Run:
    """One run of Odoo's tests on a fresh copy of a template."""

    def __init__(self, name, template):
        self.name = name
        self.database = f"{PREFIX}_{name}"
        self.log = LOGS / f"{name}.log"
        self.template = template

    def prepare(self):
        """Make the database; what an earlier run left is gone, pictures too."""
        LOGS.mkdir(parents=True, exist_ok=True)
        shutil.rmtree(LOGS / self.database, ignore_errors=True)
        odoo.copy_database(self.template(), self.database)
        odoo.cluster.query(KEEP_ESTIMATES, self.database)

    def odoo(self, *arguments, patient=False):
        """Run Odoo to its end, whatever its exit code; return the log.

        :param patient: for tours, which need their ten seconds a step: what fails is
            tried again, and the runs beside it stand back
        """
        flags = ["-d", self.database, "--http-port", free_port(), "--stop-after-init"]
        try:
            odoo.call(
                *flags,
                *("--screenshots", LOGS),
                *arguments,
                log=self.log,
                variables=PATIENCE if patient else None,
                niceness=0 if patient else STANDING_BACK,
            )
        except SetupError:
            # The log says what failed; a run without a result is a failure there.
            pass
        return self.log

    def drop(self):
        """Remove the database and its files."""
        odoo.drop_database(self.database)


def _report(run, outcome):
    """Name the log of a run that failed and drop the database of one that did not."""
    if outcome.failed:
        outcome.problems.append(
            f"Log: {run.log}\nDatabase, kept until the next run: {run.database}"
        )
    else:
        run.drop()
    return outcome


def own(name, template, tags, *flags, patient=False):
    """Run the tests of `tags` on a fresh copy of `template`."""
    run = Run(name, template)
    run.prepare()
    log = run.odoo(*flags, "--test-tags", ",".join(tags), patient=patient)
    return _report(run, odoo_log.read(log))


def _installation():
    """Return the outcome of installing our add-ons beside everything they may meet."""
    loud = odoo_log.loud_lines(INSTALL_LOG)
    return Outcome(failed=len(loud), problems=loud) if loud else Outcome(passed=1)


def together(*, whole=False):
    """Run the tests of the three add-ons beside everything they may meet, no tours.

    :param whole: those, too, that need not run again when `alone` has run them
    """
    tags = [*(f"/{addon}" for addon in settings.ADDONS), "-tour"]
    tags += [] if whole else [f"-{PLAIN}"]
    return own("all", finished_template, tags) + _installation()


def tours():
    """Run our tours and the JavaScript unit tests."""
    tags = [f"tour/{addon}" for addon in settings.ADDONS]
    if suites := unit_suites():
        names = ",".join(f"@{addon}" for addon in suites)
        tags.append(f"/web:WebSuite.test_unit_desktop[{names}]")
    return own("tours", finished_template, tags, patient=True)


def alone():
    """Run the tests of base and reports where there is no till and no demo data.

    Pages need the web's assets, which take a minute to make: those tests run beside
    everything only.
    """
    tags = [f"/{BASE}", f"/{REPORTS}", "-tour", f"-{PAGES}"]
    return own("alone", plain_template, tags, "-i", f"{BASE},{REPORTS}")


def tags_of(name):
    """Return the test tag for a name as a person gives it.

    :param name: an add-on, a test file, or `addon:TestClass.test_method` in parts
    """
    if name in unit_suites():
        return f"/{name},/web:WebSuite.test_unit_desktop[@{name}]"
    if name in settings.ADDONS:
        return f"/{name}"
    if name.endswith(".py"):
        return "/" + name.lstrip("./")
    if re.match(r"\w+:", name):
        return f"/{name}"
    if name.startswith("test_"):
        return f".{name}"
    return f":{name}"


def some(names):
    """Run the tests a person named, on a database with everything."""
    return own("some", finished_template, list(map(tags_of, names)))


def _peer_run(name, peers, *flags):
    run = Run(name, finished_template)
    run.prepare()
    tags = ",".join(f"/{peer}" for peer in peers)
    log = run.odoo(*flags, "--test-tags", tags, patient=True)
    return run, _not_fewer(odoo_log.read(log, strict=False), FEWEST[name])


def _not_fewer(outcome, fewest):
    """Return the outcome, with a failure when tests are missing that Odoo has."""
    found = outcome.passed + outcome.failed + outcome.skipped
    problem = f"{found} of Odoo's own tests ran, {fewest} are there."
    return outcome + Outcome.of_check(problem) if found < fewest else outcome


def peers_till():
    """Run Odoo's own suite of the till's loyalty with our add-ons installed."""
    return _report(*_peer_run("peers_till", PEERS_LONG))


def peers_rest():
    """Run Odoo's other loyalty suites with our add-ons installed and loaded."""
    run, outcome = _peer_run("peers_rest", PEERS_SHORT, "-u", "loyalty")
    return _report(run, outcome + _at_install(run))


def _at_install(run):
    """Run the at-install tests of `sale_loyalty` once more, our code being loaded."""
    library = odoo.source.ensure()
    (folder,) = (
        path / "sale_loyalty" / "tests"
        for path in odoo.source.addons_paths(library)
        if (path / "sale_loyalty" / "tests").is_dir()
    )
    outcome = junit.run(
        "at_install",
        LOGS,
        *("-q", "-o", "addopts=", f"--rootdir={library}"),
        *(f"--odoo-database={run.database}", f"--odoo-config={odoo.CONFIG}"),
        *(f"{folder}/{name}" for name in AT_INSTALL),
        cwd=settings.STATE,
    )
    return _not_fewer(outcome, FEWEST["at_install"])


# Files of `tests/` that are parts of their own: two lanes share what takes long.
INSTALLATION, CONTENTION = "test_installation.py", "test_*_processes.py"


def repository(*arguments):
    """Run what is in `tests/`: checks of the repository and its figures.

    :param arguments: what to run of it, as pytest takes it; all but the measurements
        and what `installation` and `contention` run when there are none
    """
    others = ("tests/perf", *_files(INSTALLATION), *_files(CONTENTION))
    chosen = arguments or ("tests", *(f"--ignore={path}" for path in others))
    measured = [name for name in chosen if name.startswith("tests/perf")]
    if not measured:
        return _pytest("repository", STANDING_BACK, chosen)
    # What was measured stays until the same is measured again.
    name = f"measured_{Path(measured[0]).stem}"
    outcome = _pytest(name, 0, chosen)
    say(f"  The figures: {LOGS / name}.log")
    return outcome


def installation():
    """Run those of `tests/` that install, upgrade and uninstall the add-ons."""
    return _pytest("installation", STANDING_BACK, _files(INSTALLATION))


def contention():
    """Run those of `tests/` in which processes meet, are killed and go on."""
    return _pytest("contention", STANDING_BACK, _files(CONTENTION))


def _files(pattern):
    folder = settings.REPOSITORY / "tests"
    return [f"tests/{path.name}" for path in sorted(folder.glob(pattern))]


def _pytest(name, niceness, arguments):
    return junit.run(name, LOGS, "-p", "no:odoo", *arguments, niceness=niceness)


# The parts with a browser; there is one of them at a time.
WITH_BROWSER = (tours, peers_till, peers_rest)
