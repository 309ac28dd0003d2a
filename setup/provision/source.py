"""Where Odoo 19.0 comes from: the first source that is there wins."""

import functools
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import debian, settings
from .shell import SetupError, Step, run, say

CLONE = settings.STATE / "odoo-git"
UPSTREAM = "https://github.com/odoo/odoo.git"


def _is_library(folder):
    """Tell whether `import odoo` from this folder gives the series we need."""
    release = folder / "odoo" / "release.py"
    return release.exists() and "(19, 0" in release.read_text()


def _from_home(named):
    home = Path(named).resolve()
    candidates = (home, home / "usr/lib/python3/dist-packages")
    for folder in candidates:
        if _is_library(folder):
            return folder
    raise SetupError(
        f"ODOO_HOME={named} holds no Odoo {settings.ODOO_SERIES}: "
        "name the folder of a source checkout, the one with odoo/release.py in it."
    )


def _importable():
    """Return the folder of an Odoo that the caller's Python already imports."""
    code = (
        "import odoo.release, pathlib; "
        "print(pathlib.Path(odoo.release.__file__).parents[1])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        # What lies beside the caller is not what his Python imports elsewhere.
        cwd="/",
    )
    folder = Path(done.stdout.strip() or "/nowhere")
    return folder if done.returncode == 0 and _is_library(folder) else None


def _cloned():
    if not _is_library(CLONE):
        with Step("cloning Odoo's sources"):
            shutil.rmtree(CLONE, ignore_errors=True)
            run(
                [
                    "git",
                    "clone",
                    "-q",
                    "--depth",
                    "1",
                    "-b",
                    settings.ODOO_SERIES,
                    UPSTREAM,
                    CLONE,
                ],
                hint="Without Debian's tools or Odoo's repository, set ODOO_HOME.",
            )
    return CLONE


@functools.cache
def ensure():
    """Return the folder from which `import odoo` works, fetching Odoo when needed.

    :raise SetupError: when `ODOO_HOME` is wrong or no source can be reached
    """
    if named := os.environ.get("ODOO_HOME"):
        return _from_home(named)
    if found := _importable():
        return found
    if not debian.is_available():
        return _cloned()
    try:
        return debian.ensure()
    except SetupError as error:
        say(f"  Debian's package cannot be had: {str(error).splitlines()[0]}")
        return _cloned()


def addons_paths(library):
    """Return the folders with Odoo's own addons, then ours.

    Debian's package holds the Python files of the addons a second time, without
    their views: that copy is left out.
    """
    candidates = (library / "addons", library / "odoo" / "addons")
    folders = [
        folder
        for folder in candidates
        if any((folder / addon / "views").is_dir() for addon in ("base", "web"))
    ]
    return [*folders, settings.REPOSITORY]


def version(library):
    """Return what tells one Odoo from another: its place and its package or commit."""
    if debian.RECORD.exists() and settings.ODOO_PREFIX in library.parents:
        return f"{library} {json.loads(debian.RECORD.read_text())['version']}"
    git = ["git", "-C", library, "rev-parse", "--short", "HEAD"]
    done = subprocess.run(git, check=False, capture_output=True, text=True)
    return f"{library} {done.stdout.strip()}".strip()
