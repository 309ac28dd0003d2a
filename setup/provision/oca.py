"""OCA's `queue_job`, which some tests run beside our add-ons and nothing else needs."""

import os

from . import odoo, settings, venv
from .shell import Step, lock, run

PACKAGES = ("odoo-addon-queue_job==19.0.2.4.0.1", "openupgradelib==3.13.7")
FOLDER = settings.STATE / "queue_job"
CONFIG = FOLDER / f"odoo-{settings.CHECKOUT}.conf"


def ensure_queue_job():
    """Fetch the add-on once, from the package index, into a folder of its own.

    :raise SetupError: when it cannot be had
    """
    mark = FOLDER / "packages"
    wanted = "\n".join(PACKAGES)
    with lock("queue_job"):
        if mark.exists() and mark.read_text() == wanted:
            return
        with Step("fetching OCA's queue_job for its test"):
            install = ["-m", "pip", "install", "-q", "--no-deps", "--upgrade"]
            run(
                [venv.odoo.program("python"), *install, "--target", FOLDER, *PACKAGES],
                env={**os.environ, "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
            )
        mark.write_text(wanted)


def variables():
    """Return the variables with which Odoo finds the add-on beside ours."""
    lines = odoo.CONFIG.read_text(encoding="utf-8").splitlines()
    found = [
        f"{line},{FOLDER / 'odoo' / 'addons'}"
        if line.startswith("addons_path")
        else line
        for line in lines
    ]
    CONFIG.write_text("\n".join(found) + "\n", encoding="utf-8")
    path = os.pathsep.join([odoo.environment()["PYTHONPATH"], str(FOLDER)])
    return {"ODOO_RC": str(CONFIG), "PYTHONPATH": path}
