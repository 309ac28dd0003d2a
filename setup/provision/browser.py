"""The browser of the tests: the light one that draws no window, where it can be had.

It starts in a third of the time that Chromium takes, and the tests start hundreds.
"""

import os
import shutil
from pathlib import Path

from . import settings, system
from .shell import SetupError, Step, say

PACKAGE = "chromium-headless-shell"
# In the PATH is a script: who ends it leaves the browser behind.
PROGRAM = Path("/usr/lib/chromium/chromium-headless-shell")
# Odoo's tests look for a browser of this name first, in the folders of the PATH.
LINK = settings.STATE / "browser" / "google-chrome"


def folder():
    """Return the folder that comes first in the PATH of Odoo, made or not."""
    return LINK.parent


def ensure():
    """Link the light browser; where there is none the tests take what they find."""
    if LINK.exists() and LINK.resolve() == PROGRAM:
        return
    if not PROGRAM.exists() and os.geteuid() == 0 and shutil.which("apt-get"):
        try:
            with Step(f"installing {PACKAGE}"):
                system.install([PACKAGE])
        except SetupError:
            say(f"  {PACKAGE} cannot be had, Chromium does its work.")
    if PROGRAM.exists():
        LINK.parent.mkdir(parents=True, exist_ok=True)
        LINK.unlink(missing_ok=True)
        LINK.symlink_to(PROGRAM)
