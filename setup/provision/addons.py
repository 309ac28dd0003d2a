"""What our three add-ons depend on, and whether their files have changed."""

import ast
import hashlib

from . import settings


def dependencies(addons=settings.ADDONS):
    """Return the Odoo add-ons that `addons` of ours depend on, sorted."""
    found = set()
    for addon in addons:
        manifest = settings.REPOSITORY / addon / "__manifest__.py"
        found.update(ast.literal_eval(manifest.read_text())["depends"])
    return sorted(found - set(settings.ADDONS))


def fingerprint():
    """Return a checksum of all files of the add-ons that a database depends on."""
    digest = hashlib.sha256()
    for addon in settings.ADDONS:
        for path in sorted((settings.REPOSITORY / addon).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                digest.update(bytes(path.relative_to(settings.REPOSITORY)))
                digest.update(path.read_bytes())
    return digest.hexdigest()
