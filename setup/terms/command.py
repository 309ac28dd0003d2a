"""The command `setup/i18n`: templates and translations follow the code."""

import argparse
import tempfile
from pathlib import Path

import polib
from provision import demo, odoo, settings
from provision.shell import Step, run, say

from . import catalogue

DATABASE = f"test_{settings.CHECKOUT}_terms"
EXPORT = Path(__file__).with_name("export.py")


def _arguments():
    parser = argparse.ArgumentParser(
        prog="setup/i18n",
        description="Export the terms of the three add-ons into their templates and "
        "merge them into the Chinese translations: what is translated stays, what is "
        "gone is dropped, what is new is left empty and named.",
    )
    parser.add_argument(
        "--check",
        action="store_true",
        help="change nothing; name what is missing, fuzzy, broken or stale",
    )
    return parser.parse_args()


def export(database, language="pot"):
    """Return {add-on: catalogue} as Odoo exports them from a database.

    :param language: `pot` for the template, without translations
    """
    with tempfile.TemporaryDirectory() as folder:
        command = odoo.python(EXPORT, database, language, folder, *settings.ADDONS)
        run(command, env=odoo.environment())
        return {
            addon: polib.pofile(str(path))
            for addon in settings.ADDONS
            for path in Path(folder).glob(f"{addon}.po*")
        }


def _exported():
    """Return what the code of this checkout says, from a database of its own."""
    start = demo.template()
    try:
        with Step("exporting the terms from a fresh database"):
            odoo.copy_database(start, DATABASE)
            flags = ["--stop-after-init", "--no-http"]
            odoo.call("-d", DATABASE, "-i", ",".join(settings.ADDONS), *flags)
            return export(DATABASE)
    finally:
        odoo.drop_database(DATABASE)


def _update(addon, exported):
    terms = catalogue.template(exported, addon)
    known = catalogue.read(catalogue.translation_path(addon))
    catalogue.write(terms, catalogue.template_path(addon))
    catalogue.write(
        catalogue.merged(terms, known, addon), catalogue.translation_path(addon)
    )


def findings(addon, exported):
    """Return one line per thing in the files of an add-on that wants work."""
    terms = catalogue.read(catalogue.template_path(addon))
    words = catalogue.read(catalogue.translation_path(addon))
    return catalogue.template_findings(
        exported, terms
    ) + catalogue.translation_findings(terms, words)


def main():
    """Write or check the files; return the exit code."""
    options = _arguments()
    exported = _exported()
    if not options.check:
        for addon, terms in exported.items():
            _update(addon, terms)
    count = 0
    for addon, terms in exported.items():
        found = findings(addon, terms)
        count += len(found)
        for line in found:
            say(f"{addon}: {line}")
    total = sum(map(len, exported.values()))
    say(f"{total} terms, {count} want work.")
    return 1 if count and options.check else 0
