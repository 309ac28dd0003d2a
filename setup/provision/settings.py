"""Names, versions and folders; the only place that knows them."""

import hashlib
import os
import pwd
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
SETUP = REPOSITORY / "setup"
# Several checkouts may share what was downloaded, each with its own configuration.
CHECKOUT = hashlib.sha256(bytes(REPOSITORY)).hexdigest()[:8]
ADDONS = (
    "loyalty_coupon_crm",
    "loyalty_coupon_crm_pos",
    "loyalty_coupon_crm_reports",
)

ODOO_SERIES = "19.0"
ODOO_PACKAGE = "odoo-19"
ODOO_PACKAGE_TESTED = "19.0.0+dfsg-1"
PYTHON_TESTED = (3, 11)

DATABASE_USER = "loyalty"
POSTGRES_MINIMUM = 13


def state_home():
    """Return the folder that holds all that the setup downloads and creates.

    `LOYALTY_STATE` names another one; removing the folder removes everything.
    """
    if named := os.environ.get("LOYALTY_STATE"):
        return Path(named).resolve()
    if os.geteuid() == 0:
        return Path("/var/lib/loyalty-coupon-crm")
    return Path(pwd.getpwuid(os.geteuid()).pw_dir) / ".cache" / "loyalty-coupon-crm"


STATE = state_home()
DOWNLOADS = STATE / "downloads"
ODOO_PREFIX = STATE / "odoo"
CLUSTER = STATE / "pg"
DATA_DIR = STATE / "data"
REPORTS = STATE / "reports"
