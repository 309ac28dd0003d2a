"""The virtual environments: one that Odoo runs in, one for static checks."""

import hashlib
import os
import shutil
import sys
from pathlib import Path

from . import settings
from .shell import SetupError, Step, run


class Environment:
    """A virtual environment that follows its requirement files."""

    def __init__(self, name, folder, requirements):
        self.name = name
        self.folder = folder
        self.requirements = requirements

    def program(self, name):
        """Return the path of a program installed in the environment."""
        return self.folder / "bin" / name

    def ensure(self):
        """Create or complete it; nothing happens when it is current."""
        content = b"".join(path.read_bytes() for path in self.requirements)
        wanted = hashlib.sha256(content).hexdigest()
        mark = self.folder / "requirements.sha256"
        if mark.exists() and mark.read_text() == wanted:
            return
        with Step(f"installing Python packages {self.name}"):
            if not self.program("python").exists():
                run(
                    [_interpreter(), "-m", "venv", self.folder],
                    hint="Install the missing module: apt-get install python3-venv",
                )
            flags = [flag for path in self.requirements for flag in ("-r", path)]
            run(
                [self.program("python"), "-m", "pip", "install", "-q", *flags],
                env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )
        mark.write_text(wanted)


def _interpreter():
    """Return a Python 3.11 of this machine that can make virtual environments.

    :raise SetupError: when there is none
    """
    wanted = ".".join(map(str, settings.PYTHON_TESTED))
    if sys.version_info[:2] == settings.PYTHON_TESTED:
        return Path(sys.executable)
    if found := shutil.which(f"python{wanted}"):
        return Path(found)
    raise SetupError(
        f"Python {wanted} is needed and this is {sys.version.split()[0]}: several of "
        "Odoo's pinned requirements (lxml, MarkupSafe, psycopg2-binary, reportlab) "
        f"have no wheel for newer versions. Install it: apt-get install python{wanted} "
        f"python{wanted}-venv"
    )


odoo = Environment(
    "for Odoo",
    settings.STATE / "venv",
    (
        settings.SETUP / "odoo-requirements.txt",
        settings.REPOSITORY / "requirements.txt",
        settings.SETUP / "dev-requirements.txt",
    ),
)
lint = Environment(
    "for static checks",
    settings.STATE / "lint",
    (settings.SETUP / "lint-requirements.txt",),
)
