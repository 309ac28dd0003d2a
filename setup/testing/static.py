"""Static checks: style, likely bugs, Odoo's idioms, JavaScript."""

import subprocess

from provision import node, settings, venv

from .outcome import Outcome

MANIFESTS = [f"{addon}/__manifest__.py" for addon in settings.ADDONS]
# The limit of pyproject.toml may be excused with a reason; this one may not.
HARD_COMPLEXITY = "lint.mccabe.max-complexity=16"


def _tracked(*patterns):
    """Return the files of the repository that match, also those not added yet."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard", "--", *patterns],
        cwd=settings.REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
    )
    return [name for name in listed.stdout.split("\0") if name]


def _existing(files):
    return [name for name in files if (settings.REPOSITORY / name).exists()]


def _scripts():
    return _existing(_tracked("*/static/**/*.js"))


def _styled():
    return _existing(_tracked("*/static/**/*.js", "*/static/**/*.scss", "*.mjs"))


def commands(*, fix=False):
    """Return {name: command} of the checks; with `fix` those that repair.

    A check without a file to look at is left out.
    """
    lint = venv.lint.program
    if fix:
        plan = {
            "ruff check": [lint("ruff"), "check", "--fix", "."],
            "ruff format": [lint("ruff"), "format", "."],
            "oca-checks-odoo-module": [
                *(lint("oca-checks-odoo-module"), "--fix", "--no-exit"),
                *MANIFESTS,
            ],
        }
    else:
        complexity = ["--select=C901", "--ignore-noqa", "--config", HARD_COMPLEXITY]
        plan = {
            "ruff check": [lint("ruff"), "check", "--output-format=concise", "."],
            "ruff complexity": [lint("ruff"), "check", *complexity, "."],
            "ruff format": [lint("ruff"), "format", "--check", "."],
            "pylint-odoo": [lint("pylint"), *settings.ADDONS],
            "oca-checks-odoo-module": [lint("oca-checks-odoo-module"), *MANIFESTS],
        }
        if terms := _existing(_tracked("*.po", "*.pot")):
            plan["oca-checks-po"] = [lint("oca-checks-po"), *terms]
    if scripts := _scripts():
        flags = ["--fix"] if fix else ["--max-warnings=0"]
        plan["eslint"] = [node.program("eslint"), *flags, *scripts]
    if styled := _styled():
        mode = "--write" if fix else "--check"
        plan["prettier"] = [
            *(node.program("prettier"), mode, "--log-level=warn"),
            *styled,
        ]
    return plan


def ensure():
    """Install the checkers."""
    venv.lint.ensure()
    node.ensure()


def check(name, command):
    """Run one check and return its outcome."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=settings.REPOSITORY,
        check=False,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return Outcome.of_check(f"{name}:\n{done.stdout}" if done.returncode else "")


def run():
    """Run all checks and return their outcome."""
    ensure()
    return sum((check(*item) for item in commands().items()), Outcome())


def fix():
    """Repair what the checkers can repair by themselves and check again."""
    ensure()
    for name, command in commands(fix=True).items():
        check(name, command)
    return run()
