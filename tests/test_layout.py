"""Whoever looks for something finds it by name: one model per file, named after it."""

import ast
import csv
import re

MODEL_BASES = ("Model", "TransientModel", "AbstractModel")
MODEL_FOLDERS = ("models", "wizard", "report")
# Odoo itself keeps this model in a file of this name.
NAMED_BY_ODOO = {"base.partner.merge.automatic.wizard": "base_partner_merge"}


def _classes(path):
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node for node in tree.body if isinstance(node, ast.ClassDef)]


def _constant(node, name):
    for part in node.body:
        if isinstance(part, ast.Assign) and part.targets[0].id == name:
            return ast.literal_eval(part.value)
    return None


def _is_model(node):
    return any(
        isinstance(base, ast.Attribute) and base.attr in MODEL_BASES
        for base in node.bases
    )


def _base(node):
    return next(base.attr for base in node.bases if isinstance(base, ast.Attribute))


def _models(addon):
    """Yield (path, class, model name, is new) of every model class of an add-on."""
    for folder in MODEL_FOLDERS:
        for path in sorted((addon / folder).rglob("*.py")):
            for node in filter(_is_model, _classes(path)):
                name, inherited = _constant(node, "_name"), _constant(node, "_inherit")
                parents = [inherited] if isinstance(inherited, str) else inherited or []
                known = name or parents[0]
                yield path, node, known, bool(name) and name not in parents


def _file_of(model):
    return NAMED_BY_ODOO.get(model, model.replace(".", "_"))


def test_one_model_a_file_named_after_it(addon):
    """`models/loyalty_card.py` holds `loyalty.card` and nothing else."""
    found = {}
    for path, _node, name, _new in _models(addon):
        found.setdefault(path, []).append(name)
    wrong = [
        (path.name, names)
        for path, names in found.items()
        if len(names) > 1 or path.stem != _file_of(names[0])
    ]
    assert not wrong


def test_every_new_model_has_access_rows(addon):
    """A model without access rows is open to nobody, and Odoo warns about it."""
    rows = addon / "security" / "ir.model.access.csv"
    granted = set()
    if rows.exists():
        with rows.open(encoding="utf-8", newline="") as stream:
            granted = {
                row["model_id:id"].split(".")[-1] for row in csv.DictReader(stream)
            }
    wanted = {
        f"model_{name.replace('.', '_')}"
        for _path, node, name, new in _models(addon)
        if new and _base(node) != "AbstractModel"
    }
    assert not sorted(wanted - granted)


def test_every_new_model_is_described(addon):
    """The description is what error messages and access rights show."""
    assert not [
        name
        for _path, node, name, new in _models(addon)
        if new and not _constant(node, "_description")
    ]


def _imported(root):
    """Return the names that the modules of our add-ons import."""
    found = set()
    for path in root.glob("loyalty_coupon_crm*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                found.update((node.module or "").split("."))
                found.update(alias.name for alias in node.names)
    return found


def test_every_python_file_is_imported(addon):
    """A module that nobody imports is never run."""
    imported = _imported(addon.parent)
    assert not [
        str(path.relative_to(addon))
        for path in sorted(addon.rglob("*.py"))
        if not path.name.startswith("__")
        and "migrations" not in path.parts
        and path.stem not in imported
    ]


def test_every_test_file_is_run(addon):
    """Odoo runs the test files that `tests/__init__.py` imports, no other."""
    text = (addon / "tests" / "__init__.py").read_text(encoding="utf-8")
    assert not [
        path.name
        for path in sorted((addon / "tests").glob("test_*.py"))
        if not re.search(rf"^from \. import {path.stem}$", text, re.M)
    ]


def test_pure_logic_knows_no_odoo(addon):
    """What is in `tools/` runs without Odoo."""
    for path in sorted((addon / "tools").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"^\s*(from|import) odoo\b", text, re.M), path.name


def test_test_classes_say_when_they_run(addon):
    """Our tests run on the finished database; a tour carries the tag of tours."""
    wrong = []
    for path in sorted((addon / "tests").rglob("test_*.py")):
        for node in _classes(path):
            if not any(
                isinstance(part, ast.FunctionDef) and part.name.startswith("test_")
                for part in node.body
            ):
                continue
            decorators = " ".join(map(ast.unparse, node.decorator_list))
            body = ast.unparse(node)
            if "post_install" not in decorators:
                wrong.append(f"{path.name}:{node.name} lacks post_install")
            if re.search(r"start_(pos_)?tour\(|browser_js\(", body):
                if "'tour'" not in decorators:
                    wrong.append(f"{path.name}:{node.name} lacks the tag tour")
            elif "HttpCase" in map(ast.unparse, node.bases):
                if "'loyalty_pages'" not in decorators:
                    wrong.append(f"{path.name}:{node.name} lacks loyalty_pages")
    assert not wrong


def test_base_knows_no_till(root):
    """The base names no model of the point of sale; the till's add-on does."""
    named = re.compile(r"[\"'](pos\.[a-z_.]+)[\"']")
    found = [
        (str(path.relative_to(root)), match[1])
        for path in sorted((root / "loyalty_coupon_crm").rglob("*.py"))
        if "tests" not in path.parts
        for match in named.finditer(path.read_text(encoding="utf-8"))
    ]
    assert not found
