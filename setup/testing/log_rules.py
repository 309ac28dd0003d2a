"""The lines of Odoo's log that may stand there with a warning, each with its reason.

A WARNING or ERROR that matches none of these fails the tests.
"""

import re

ALLOWED = (
    # Odoo 19.0 itself calls what its own pinned Werkzeug 2.3 has deprecated.
    re.compile(r"py\.warnings: .*DeprecationWarning: 'werkzeug\."),
)

OURS = re.compile(r"loyalty_coupon_crm")


def is_allowed(line):
    """Tell whether a warning or error line is one of the allowed ones."""
    return any(rule.search(line) for rule in ALLOWED)
