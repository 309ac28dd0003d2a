"""The checkers of JavaScript, in a private folder and not in the repository."""

import hashlib
import os
import shutil
import subprocess

from . import settings
from .shell import Step, run

FOLDER = settings.STATE / "node"
PACKAGES = settings.SETUP / "package.json"


def program(name):
    """Return the path of a program installed in the folder."""
    return FOLDER / "node_modules" / ".bin" / name


def ensure():
    """Install the packages of `setup/package.json`; nothing happens when current."""
    wanted = hashlib.sha256(PACKAGES.read_bytes()).hexdigest()
    mark = FOLDER / "packages.sha256"
    if mark.exists() and mark.read_text() == wanted:
        return
    with Step("installing checkers for JavaScript"):
        FOLDER.mkdir(parents=True, exist_ok=True)
        shutil.copy(PACKAGES, FOLDER / "package.json")
        run(
            ["npm", "install", "--no-audit", "--no-fund", "--no-package-lock"],
            cwd=FOLDER,
            stdin=subprocess.DEVNULL,
            env={**os.environ, "npm_config_cache": str(settings.DOWNLOADS / "npm")},
            hint="npm is needed: apt-get install npm",
        )
    mark.write_text(wanted)
