"""Run one function with an Odoo environment: run.py DATABASE MODULE FUNCTION ARGS."""

import importlib
import json
import sys
from pathlib import Path

import odoo
from odoo.modules.registry import Registry

sys.path.insert(0, str(Path(__file__).parent))


def main(database, module, function, *arguments):
    """Run `module.function(env, *arguments)` as superuser and print its result."""
    handler = "--log-handler=odoo.sql_db:CRITICAL"
    odoo.tools.config.parse_config(["-d", database, "--log-level=warn", handler])
    call = getattr(importlib.import_module(module), function)
    cursor = Registry(database).cursor()
    result = call(odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {}), *arguments)
    if not cursor.connection.closed:
        cursor.commit()
        cursor.close()
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
