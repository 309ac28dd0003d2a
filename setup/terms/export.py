"""Write the terms of add-ons as Odoo exports them: export.py DATABASE LANGUAGE FOLDER.

The language `pot` is the template. One file per add-on, named after it; this is what
`odoo i18n export` does, with one start of Odoo for all of them and beside the code.
"""

import sys
from pathlib import Path

import odoo
from odoo.modules.registry import Registry
from odoo.tools.translate import trans_export


def main(database, language, folder, *addons):
    """Write `<folder>/<addon>.po`, or `.pot` for the template."""
    odoo.tools.config.parse_config(["-d", database, "--log-level=warn"])
    language = None if language == "pot" else language
    with Registry(database).cursor(readonly=True) as cursor:
        env = odoo.api.Environment(cursor, odoo.SUPERUSER_ID, {})
        for addon in addons:
            path = Path(folder) / f"{addon}.{'po' if language else 'pot'}"
            with path.open("wb") as stream:
                trans_export(language, [addon], stream, "po", env)


if __name__ == "__main__":
    main(*sys.argv[1:])
