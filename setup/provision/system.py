"""The packages of the machine itself: installed for root, named for everybody else."""

import glob
import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import settings
from .shell import SetupError, Step, run

CREATE_CLUSTER = Path("/etc/postgresql-common/createcluster.conf")
NO_MAIN_CLUSTER = "create_main_cluster = false  # loyalty-coupon-crm, for a moment\n"
BROWSERS = ("google-chrome", "chromium", "chromium-browser", "google-chrome-stable")
CHINESE_FONTS = ("NotoSansCJK*", "NotoSerifCJK*", "SourceHanSans*", "wqy-*")


def _has_postgresql():
    return bool(glob.glob("/usr/lib/postgresql/*/bin/initdb") or shutil.which("initdb"))


def _has_venv():
    """Tell whether the Python that makes our environments can make them."""
    wanted = ".".join(map(str, settings.PYTHON_TESTED))
    found = shutil.which(f"python{wanted}") or sys.executable
    test = [found, "-c", "import ensurepip, venv"]
    return subprocess.run(test, check=False, capture_output=True).returncode == 0


def _has_chinese_font():
    if shutil.which("fc-list"):
        return bool(run(["fc-list", ":lang=zh", "family"]).strip())
    return any(
        glob.glob(f"/usr/share/fonts/**/{name}", recursive=True)
        for name in CHINESE_FONTS
    )


def _has_npm():
    return bool(shutil.which("npm"))


def _has_browser():
    return any(map(shutil.which, BROWSERS))


def _can_print():
    """Tell whether PDFs can be made; a browser does it where wkhtmltopdf is absent."""
    return bool(shutil.which("wkhtmltopdf")) or _has_browser()


# package: (what for, how to see that it is there)
TO_RUN = {
    "python3-venv": ("environments for Python packages", _has_venv),
    "postgresql": ("the private database cluster", _has_postgresql),
    "npm": ("one script that Debian leaves out of Odoo", _has_npm),
    "fonts-noto-cjk": ("Chinese text on coupons", _has_chinese_font),
    "wkhtmltopdf": ("coupons and reports as PDF", _can_print),
}
TO_TEST = {**TO_RUN, "chromium": ("tours and JavaScript tests", _has_browser)}
# Newer Debians have no wkhtmltopdf.
INSTEAD = {"wkhtmltopdf": "chromium"}


def missing(wanted):
    """Return those packages of `wanted` whose programs this machine lacks."""
    return [name for name, (_purpose, is_there) in wanted.items() if not is_there()]


def install(packages):
    """Install Debian packages as root, none of what they only recommend.

    :raise SetupError: when one cannot be had
    """
    apt = ["apt-get", "-q", "-y", "-o", "Dpkg::Use-Pty=0"]
    quiet = {
        "env": {**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
        "stdin": subprocess.DEVNULL,
    }
    run([*apt, "update"], **quiet)
    if "postgresql" not in packages:
        run([*apt, "install", "--no-install-recommends", *packages], **quiet)
        return
    # Debian's server package makes and starts a cluster of its own, and we want none.
    run([*apt, "install", "--no-install-recommends", "postgresql-common"], **quiet)
    before = CREATE_CLUSTER.read_text() if CREATE_CLUSTER.exists() else ""
    CREATE_CLUSTER.write_text(before + "\n" + NO_MAIN_CLUSTER)
    try:
        run([*apt, "install", "--no-install-recommends", *packages], **quiet)
    finally:
        CREATE_CLUSTER.write_text(before)


def _install_or_instead(packages):
    try:
        install(packages)
    except SetupError:
        others = sorted({INSTEAD.get(name, name) for name in packages})
        if others == sorted(packages):
            raise
        install(others)


def ensure(wanted):
    """See that the machine has what `wanted` (`TO_RUN` or `TO_TEST`) names.

    :raise SetupError: when something is missing that we may not or cannot install
    """
    lacking = missing(wanted)
    if not lacking:
        return
    if os.geteuid() == 0 and shutil.which("apt-get"):
        with Step(f"installing {', '.join(lacking)}"):
            _install_or_instead(lacking)
        lacking = missing(wanted)
    if lacking:
        lines = [f"  {name}: {wanted[name][0]}" for name in lacking]
        raise SetupError(
            "\n".join(["Missing on this machine:", *lines])
            + f"\nInstall them once: sudo apt-get install {' '.join(lacking)}"
        )
