"""Manifests name every file that Odoo has to load, and nothing else."""

import ast

import pytest

DATA_FOLDERS = ("data", "demo", "report", "security", "templates", "views", "wizard")


def _manifest(addon):
    return ast.literal_eval((addon / "__manifest__.py").read_text(encoding="utf-8"))


def _named(addon):
    manifest = _manifest(addon)
    return [*manifest.get("data", []), *manifest.get("demo", [])]


def _data_files(addon):
    found = []
    for folder in DATA_FOLDERS:
        for suffix in ("xml", "csv"):
            found += (addon / folder).rglob(f"*.{suffix}")
    return sorted(str(path.relative_to(addon)) for path in found)


def test_every_data_file_is_loaded_once(addon):
    """A file that no manifest names is dead; one named twice is a mistake."""
    assert sorted(_named(addon)) == _data_files(addon)


def test_menus_come_after_the_actions_they_open(addon):
    """Menus are the last views, security the first data."""
    named = _manifest(addon).get("data", [])
    menus = [name for name in named if name.endswith("menus.xml")]
    assert named[len(named) - len(menus) :] == menus
    secured = [name.startswith("security/") for name in named]
    assert secured == sorted(secured, reverse=True)


def test_every_asset_pattern_finds_a_file(addon):
    """A glob that matches nothing hides a misspelt path."""
    for bundle, entries in _manifest(addon).get("assets", {}).items():
        for entry in entries:
            path = entry if isinstance(entry, str) else entry[-1]
            if path.startswith(addon.name):
                assert list(addon.parent.glob(path)), (bundle, path)


def test_every_static_source_is_in_a_bundle(addon):
    """A script, template or style that no bundle loads is dead."""
    loaded = set()
    for entries in _manifest(addon).get("assets", {}).values():
        for entry in entries:
            path = entry if isinstance(entry, str) else entry[-1]
            loaded.update(addon.parent.glob(path))
    sources = [
        path
        for folder in ("src", "tests")
        for path in (addon / "static" / folder).rglob("*")
        if path.suffix in (".js", ".xml", ".scss", ".css")
    ]
    assert not sorted(path.name for path in sources if path not in loaded)


@pytest.mark.parametrize("key", ["name", "summary", "version", "license", "depends"])
def test_manifest_says_what_it_is(addon, key):
    """Odoo shows these to the person who installs."""
    assert _manifest(addon).get(key)


def test_version_is_of_the_series(addon):
    """The version starts with Odoo's series."""
    assert _manifest(addon)["version"].startswith("19.0.")


def test_migrations_are_run(addon):
    """Odoo runs those up to the version of the manifest, named by when they run."""

    def numbers(version):
        return tuple(map(int, version.split(".")))

    latest = numbers(_manifest(addon)["version"])
    scripts = sorted((addon / "migrations").rglob("*.py"))
    assert not [
        path.name
        for path in scripts
        if numbers(path.parent.name) > latest
        or not path.name.startswith(("pre-", "post-", "end-"))
    ]


def test_addon_has_an_icon_and_builds_a_wheel(addon):
    """The apps list shows the icon; `pip` builds the wheel."""
    assert (addon / "static/description/icon.png").stat().st_size
    assert "whool" in (addon / "pyproject.toml").read_text(encoding="utf-8")
