"""The template of terms is current and the Chinese is complete."""

import re

import polib
import pytest
from provision import odoo, settings

PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdf]|%%|\{\w*\}|\$\{[^}]*\}")
TAG = re.compile(r"</?[a-z][^>]*>")
# From the day its first translation is there, an add-on's translation is complete.
TRANSLATED = [
    addon
    for addon in settings.ADDONS
    if (settings.REPOSITORY / addon / "i18n" / "zh_CN.po").exists()
]
REFRESH = "The template is stale: see «Terms and translations» in setup/README.md."

pytestmark = pytest.mark.parametrize("name", TRANSLATED)


def _file(name, file):
    return polib.pofile(str(settings.REPOSITORY / name / "i18n" / file))


def _terms(entries):
    return {entry.msgid for entry in entries if entry.msgid and not entry.obsolete}


def test_template_is_current(name, addons_template, tmp_path):
    """Every term that Odoo exports is in the template, and no other."""
    fresh = tmp_path / "fresh.pot"
    odoo.call("i18n", "export", "-d", addons_template, "-o", fresh, name)
    exported = _terms(polib.pofile(str(fresh)))
    written = _terms(_file(name, f"{name}.pot"))
    assert (exported - written, written - exported) == (set(), set()), REFRESH


def test_chinese_is_complete(name):
    """Every term of the template has a translation that is not fuzzy."""
    translated = _file(name, "zh_CN.po")
    assert not [entry.msgid for entry in translated if entry.fuzzy]
    assert not _terms(translated.untranslated_entries())
    assert not _terms(_file(name, f"{name}.pot")) - _terms(translated)


def test_chinese_keeps_placeholders_and_tags(name):
    """A translation has the same placeholders and the same tags as its term."""
    wrong = [
        (entry.msgid, entry.msgstr)
        for entry in _file(name, "zh_CN.po").translated_entries()
        if sorted(PLACEHOLDER.findall(entry.msgid))
        != sorted(PLACEHOLDER.findall(entry.msgstr))
        or sorted(TAG.findall(entry.msgid)) != sorted(TAG.findall(entry.msgstr))
    ]
    assert not wrong
