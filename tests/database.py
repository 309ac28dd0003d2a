"""A database of a test's own, worked on by Odoo's command line as a person would."""

import json
import uuid
from contextlib import contextmanager

from provision import odoo
from testing import odoo_log, runs

MARK = "answer of the shell:"


@contextmanager
def copied(template):
    """Give the name of a fresh copy of a database, which is dropped at the end."""
    name = f"{template}_{uuid.uuid4().hex[:8]}"
    odoo.copy_database(template, name)
    try:
        yield name
    finally:
        odoo.drop_database(name)


class Database:
    """A database of our own, worked on by Odoo's command line as a person would."""

    def __init__(self, name, template):
        self.name = f"{runs.PREFIX}_{name}"
        odoo.copy_database(template, self.name)

    def odoo(self, *arguments):
        """Run Odoo's command line and fail on a warning or error in its log.

        :return: the log as text
        """
        log = runs.LOGS / f"{self.name}.log"
        runs.LOGS.mkdir(parents=True, exist_ok=True)
        odoo.call(*arguments, log=log)
        assert not odoo_log.loud_lines(log)
        return log.read_text(encoding="utf-8")

    def server(self, *arguments):
        """Start Odoo on the database with `arguments`, up to the end of loading."""
        flags = ["-d", self.name, "--no-http", "--stop-after-init"]
        return self.odoo(*flags, *arguments)

    def uninstall(self, *addons):
        """Uninstall add-ons, together."""
        return self.odoo("module", "uninstall", "-d", self.name, *addons)

    def shell(self, code):
        """Run Python code in Odoo's shell and return what it assigns to `answer`."""
        code += f"\nimport json\nprint('{MARK}', json.dumps(answer, default=str))\n"
        output = odoo.shell(self.name, code)
        for line in output.splitlines():
            if line.startswith(MARK):
                return json.loads(line.removeprefix(MARK))
        raise AssertionError(output)

    def query(self, statement):
        """Return the rows of an SQL statement, each a tuple of texts."""
        listed = odoo.cluster.query(statement, self.name)
        return [tuple(line.split("|")) for line in listed.splitlines()]

    def drop(self):
        """Remove the database and its files."""
        odoo.drop_database(self.name)
