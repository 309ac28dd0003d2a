"""The command `setup/demo`: a running Odoo with the add-ons and real data in it."""

import argparse
import json
import re
import socket

from . import addons, odoo, settings, system
from .shell import SetupError, Step, run, say

TEMPLATE = "loyalty_start"
BESIDE = ("contacts",)
LOOP = settings.SETUP / "loop"
DEFAULT_PORT = 8069
DEFAULT_DATABASE = "loyalty_demo"
RESERVED = re.compile(r"test_|loyalty_(peers|plain|start)$|postgres$|template[01]$")


def template():
    """Return the template the demonstration starts from: no data, what it needs."""
    modules = sorted({*BESIDE, *odoo.DEPENDENCIES, *addons.dependencies()})
    return odoo.ensure_template(TEMPLATE, modules, demo=False)


def _arguments():
    parser = argparse.ArgumentParser(
        prog="setup/demo",
        description="Bring up everything from nothing to a running Odoo 19 with the "
        "three add-ons and a year of a grocer's real shopping data. Safe to run again.",
    )
    add = parser.add_argument
    add("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    add("--database", default=DEFAULT_DATABASE, help="default: %(default)s")
    add("--no-serve", action="store_true", help="stop when the data is there")
    add("--full", action="store_true", help="all 1.47 million basket lines")
    add("--fresh", action="store_true", help="make the database anew")
    return parser.parse_args()


def _check(options):
    name = options.database
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name) or RESERVED.match(name):
        raise SetupError(
            f"«{name}» cannot be the name of the demonstration database: use small "
            "letters, digits and underscores, and none of the names the setup uses."
        )
    if options.no_serve:
        return
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", options.port))
        except (OSError, OverflowError) as error:
            raise SetupError(
                f"Port {options.port} cannot be used: {error}. Stop what uses it, or "
                "choose another one: setup/demo --port 8070"
            ) from error


class Demo:
    """The demonstration database and what is known to be in it."""

    def __init__(self, name):
        self.name = name
        self.note = settings.STATE / f"demo-{name}.json"
        self.log = settings.REPORTS / f"demo-{name}.log"
        self.known = {}
        if odoo.database_exists(name) and self.note.exists():
            self.known = json.loads(self.note.read_text())

    def _remember(self, **facts):
        self.known.update(facts)
        self.note.write_text(json.dumps(self.known, indent=1))

    def _odoo(self, *arguments):
        settings.REPORTS.mkdir(parents=True, exist_ok=True)
        flags = ["-d", self.name, "--stop-after-init", "--no-http"]
        odoo.call(*flags, *arguments, log=self.log)

    def forget(self):
        """Remove the database and what is known about it."""
        odoo.drop_database(self.name)
        self.note.unlink(missing_ok=True)
        self.known = {}

    def install(self):
        """Make the database, or bring its add-ons to the state of the files."""
        ours = ",".join(settings.ADDONS)
        current = addons.fingerprint()
        if not self.known:
            start = template()
            with Step(f"installing the add-ons in database {self.name}"):
                self.forget()
                odoo.copy_database(start, self.name)
                self._odoo("-i", ours)
        elif self.known["addons"] != current:
            with Step(f"upgrading the add-ons in database {self.name}"):
                self._odoo("-u", ours)
        self._remember(addons=current)

    def fill(self, *, full):
        """Run the loop over real data once, again for more of it."""
        wanted = "full" if full else "sample"
        if not LOOP.exists() or self.known.get("loop") in (wanted, "full"):
            return
        flags = ["--database", self.name, *(["--full"] if full else [])]
        run(odoo.python(LOOP, *flags), env=odoo.environment(), quiet=False)
        self._remember(loop=wanted)


def main():
    """Bring up the demonstration and serve it; return the exit code."""
    options = _arguments()
    _check(options)
    system.ensure(system.TO_RUN)
    odoo.ensure()
    demo = Demo(options.database)
    if options.fresh:
        demo.forget()
    demo.install()
    demo.fill(full=options.full)
    say(f"\nOdoo with Coupons & Loyalty CRM, database {options.database}")
    if options.no_serve:
        say("To serve it: setup/demo" + _same(options))
        return 0
    say(f"  address   http://localhost:{options.port}")
    say("  log in    admin, password admin\n")
    odoo.serve(options.database, options.port)
    return 0


def _same(options):
    """Return the options that name the same demonstration again."""
    flags = ""
    if options.database != DEFAULT_DATABASE:
        flags += f" --database {options.database}"
    if options.port != DEFAULT_PORT:
        flags += f" --port {options.port}"
    return flags
