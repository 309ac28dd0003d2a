"""Runs of Odoo's test runner, each on a database of its own."""

import re
import socket

from provision import addons, odoo, settings
from provision.shell import SetupError

from . import junit, odoo_log
from .outcome import Outcome

PREFIX = f"test_{settings.CHECKOUT}"
LOGS = settings.REPORTS / settings.CHECKOUT
BASE, POS, REPORTS = settings.ADDONS
PEERS_LONG = ("pos_loyalty",)
PEERS_SHORT = (
    "loyalty",
    "sale_loyalty",
    "website_sale_loyalty",
    "pos_sale_loyalty",
    "sale_loyalty_delivery",
    "pos_restaurant_loyalty",
)
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


class Run:
    """One run of Odoo's tests on a fresh copy of a template."""

    def __init__(self, name, template):
        self.name = name
        self.database = f"{PREFIX}_{name}"
        self.log = LOGS / f"{name}.log"
        self.template = template

    def prepare(self):
        """Make the database; what an earlier run left is gone."""
        LOGS.mkdir(parents=True, exist_ok=True)
        odoo.copy_database(self.template(), self.database)

    def odoo(self, *arguments, log=None):
        """Run Odoo to its end, whatever its exit code; return the log."""
        log = log or self.log
        flags = ["-d", self.database, "--http-port", free_port(), "--stop-after-init"]
        try:
            odoo.call(*flags, *arguments, log=log)
        except SetupError:
            # The log says what failed; a run without a result is a failure there.
            pass
        return log

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


def own(name, template, ours, tags):
    """Install `ours` on a fresh copy of `template` and run the tests of `tags`."""
    run = Run(name, template)
    run.prepare()
    flags = ["-i", ",".join(ours), "--test-tags", ",".join(tags)]
    return _report(run, odoo_log.read(run.odoo(*flags)))


def all_tags(*, browser):
    """Return the tags of our tests with all add-ons installed."""
    tags = [f"/{addon}" for addon in settings.ADDONS]
    if not browser:
        return [*tags, "-tour"]
    if suites := unit_suites():
        names = ",".join(f"@{addon}" for addon in suites)
        tags.append(f"/web:WebSuite.test_unit_desktop[{names}]")
    return tags


def together(*, browser=True):
    """Run the tests of the three add-ons beside everything they may meet."""
    return own("all", full_template, settings.ADDONS, all_tags(browser=browser))


def alone():
    """Run the tests of base and reports where there is no till and no demo data."""
    tags = [f"/{BASE}", f"/{REPORTS}", "-tour"]
    return own("alone", plain_template, (BASE, REPORTS), tags)


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
    return own("some", full_template, settings.ADDONS, list(map(tags_of, names)))


def _peer_run(name, peers):
    run = Run(name, full_template)
    run.prepare()
    install = run.odoo(
        "-i", ",".join(settings.ADDONS), log=LOGS / f"{name}-install.log"
    )
    loud = odoo_log.loud_lines(install)
    tags = ",".join(f"/{peer}" for peer in peers)
    outcome = odoo_log.read(
        run.odoo("-u", "loyalty", "--test-tags", tags), strict=False
    )
    return run, outcome + Outcome(failed=len(loud), problems=loud)


def peers_till():
    """Run Odoo's own suite of the till's loyalty with our add-ons installed."""
    return _report(*_peer_run("peers_till", PEERS_LONG))


def peers_rest():
    """Run Odoo's other loyalty suites with our add-ons installed and loaded."""
    run, outcome = _peer_run("peers_rest", PEERS_SHORT)
    return _report(run, outcome + _at_install(run))


def _at_install(run):
    """Run the at-install tests of `sale_loyalty` once more, our code being loaded."""
    library = odoo.source.ensure()
    (folder,) = (
        path / "sale_loyalty" / "tests"
        for path in odoo.source.addons_paths(library)
        if (path / "sale_loyalty" / "tests").is_dir()
    )
    return junit.run(
        "at_install",
        LOGS,
        *("-q", "-o", "addopts=", f"--rootdir={library}"),
        *(f"--odoo-database={run.database}", f"--odoo-config={odoo.CONFIG}"),
        *(f"{folder}/{name}" for name in AT_INSTALL),
        cwd=settings.STATE,
    )


def repository(*arguments):
    """Run what is in `tests/`: checks of the repository, install and uninstall."""
    chosen = arguments or ("tests", "--ignore=tests/perf")
    return junit.run("repository", LOGS, "-p", "no:odoo", *chosen)
