"""Nothing that Odoo 19 has left behind, and nothing that belongs to one machine."""

import re

import pytest

HEADER = '<?xml version="1.0" encoding="UTF-8" ?>\n'
PYTHON = {
    "_sql_constraints": r"\b_sql_constraints\b",
    "expression instead of Domain": r"odoo\.osv|\bexpression\.(AND|OR)\b",
    "read_group": r"(?<![\w])\.read_group\(",
    "group_operator": r"\bgroup_operator\s*=",
    "name_get": r"\bdef (name_get|_name_search)\b",
    "self._cr, _uid, _context": r"\bself\._(cr|uid|context)\b",
    "check_access_rights": r"\bcheck_access_(rights|rule)\b|_filter_access_rules",
    "toggle_active": r"\btoggle_active\b",
    "force_company": r"\bforce_company\b",
    "odoo.orm imports": r"^\s*from odoo\.orm\b",
    "tuples for commands": r"\((0, 0, \{|6, 0, \[)|\((0, 0|6, 0), \w+\)|\(4, \w+\.id",
    "json routes": r"type=[\"']json[\"']",
    "encoding header": r"^# -\*- coding",
    "notify_progress": r"\b_notify_progress\b",
    "skiparg": r"\bskiparg\b",
    "raw module-level translation": r"(?<![\w.])_\([\"']",
    "PostgreSQL 14": r"(?i)\brange_agg\b|multirange\b|\bdate_bin\(",
    "sleep": r"\btime\.sleep\(|(?<!\.)\bsleep\(",
}
XML = {
    "tree": r"<tree\b|view_mode\">[^<]*\btree\b",
    "attrs, states": r"\b(attrs|states)=\"",
    "kanban-box": r"kanban-box",
    "oe_chatter": r"oe_chatter",
    "t-esc, t-raw": r"\bt-(esc|raw)=",
    "groups_id": r"name=\"groups_id\"",
    "users of a group": r"name=\"users\"",
    "numbercall, doall": r"name=\"(numbercall|doall)\"",
    "inline target": r"name=\"target\">inline",
    "expanded group in a search": r"<group expand=",
    "openerp, data": r"<(openerp|data)\b(?! noupdate)",
}
SCRIPTS = {
    "only, debug in unit tests": r"\b(test|describe)\.(only|debug)\b",
    "odoo-module comment": r"@odoo-module",
    "QUnit": r"\bQUnit\b",
    "sleep": r"\bsetTimeout\(resolve",
}
# Whoever guesses codes is kept waiting on purpose.
MEANT = {("loyalty_coupon_crm/tools/answer_time.py", "sleep")}
# A folder of one machine, a host of a package registry.
MACHINE = re.compile(
    r"/(work|root|home/(?!USER)[a-z]+)/|\b(pypi\.org|registry\.npmjs|deb\.debian)\b"
)
TEXT = (".cfg", ".csv", ".js", ".json", ".md", ".mjs", ".py", ".rst", ".scss", ".toml")
TEXT += (".txt", ".xml", ".yaml", ".yml", "")


def _findings(tracked, root, suffix, rules):
    found = []
    for path in tracked:
        if path.suffix != suffix or not path.relative_to(root).parts[0].startswith(
            "loyalty_coupon_crm"
        ):
            continue
        place = str(path.relative_to(root))
        lines = path.read_text(encoding="utf-8").splitlines()
        for number, line in enumerate(lines, 1):
            for name, rule in rules.items():
                if re.search(rule, line) and (place, name) not in MEANT:
                    found.append(f"{place}:{number}: {name}")
    return found


@pytest.mark.parametrize(
    ("suffix", "rules"),
    [(".py", PYTHON), (".xml", XML), (".js", SCRIPTS)],
    ids=["python", "xml", "javascript"],
)
def test_nothing_that_odoo_left_behind(tracked, root, suffix, rules):
    """Section by section what changed up to Odoo 19."""
    found = _findings(tracked, root, suffix, rules)
    assert not found


def test_xml_header(tracked, root):
    """Every XML file starts with the same line."""
    assert not [
        str(path.relative_to(root))
        for path in tracked
        if path.suffix == ".xml"
        and not path.read_text(encoding="utf-8").startswith(HEADER)
    ]


def test_nothing_of_one_machine(tracked, root):
    """No path and no host that exists on one machine only."""
    found = []
    for path in tracked:
        if path.suffix not in TEXT or path.name == "test_idioms.py":
            continue
        text = path.read_text(encoding="utf-8")
        found += [
            f"{path.relative_to(root)}: {match[0]}" for match in MACHINE.finditer(text)
        ]
    assert not found


def test_files_end_with_a_newline(tracked, root):
    """Text files end with one newline and have no trailing white space."""
    found = []
    for path in tracked:
        if path.suffix not in TEXT:
            continue
        text = path.read_text(encoding="utf-8")
        if text and (not text.endswith("\n") or text.endswith("\n\n")):
            found.append(str(path.relative_to(root)))
        if re.search(r"[ \t]$", text, re.M):
            found.append(f"{path.relative_to(root)}: trailing white space")
    assert not found


def test_every_test_runs_somewhere(tracked, root):
    """A class that one part leaves out is not left out by the other, too."""
    found = []
    for path in tracked:
        parts = path.relative_to(root).parts
        if path.suffix != ".py" or parts[1:2] != ("tests",):
            continue
        for tags in re.findall(r"@tagged\(([^)]*)\)", path.read_text(encoding="utf-8")):
            plain = "loyalty_plain" in tags
            pages = re.search("loyalty_pages|tour", tags)
            # The add-on of the till is never installed without it.
            if plain and (pages or parts[0] == "loyalty_coupon_crm_pos"):
                found.append(f"{path.relative_to(root)}: {tags}")
    assert not found
