"""The base's pure logic, for tests that have no Odoo."""

import importlib.util
import sys
from pathlib import Path

TOOLS = Path(__file__).resolve().parents[1] / "loyalty_coupon_crm" / "tools"


def load(name):
    """Return a module of the base's `tools` without importing Odoo."""
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module
