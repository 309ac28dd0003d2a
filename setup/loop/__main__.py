"""Fill a database with a year of a grocer's real data and run a campaign on it.

Called by setup/demo; by hand:
PYTHON setup/loop --database loyalty_demo [--full | --households N]
"""

import argparse

import run

import odoo.tools
from odoo import SUPERUSER_ID, api
from odoo.modules.registry import Registry


def _arguments():
    parser = argparse.ArgumentParser(prog="setup/loop", description=__doc__)
    parser.add_argument("--database", required=True)
    much = parser.add_mutually_exclusive_group()
    much.add_argument("--full", action="store_true", help="every household")
    much.add_argument("--households", type=int, help="so many instead of an eighth")
    return parser.parse_args()


def _main():
    options = _arguments()
    odoo.tools.config.parse_config(
        ["-d", options.database, "--no-http", "--log-level=warn"], setup_logging=True
    )
    with Registry(options.database).cursor() as cr:
        env = api.Environment(cr, SUPERUSER_ID, {})
        run.main(env, full=options.full, households=options.households)


_main()
