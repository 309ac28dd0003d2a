"""Odoo from Debian's unstable suite, unpacked beside the system, never installed."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path

from . import settings
from .shell import SetupError, Step, run, say

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
RECORD = settings.STATE / "odoo-package.json"
UNSTABLE = (
    settings.ODOO_PACKAGE,
    "fonts-glyphicons-halflings",
    "fonts-montserrat",
    "fonts-ocr-b",
    "fonts-roboto-unhinted",
    "fonts-dejavu-core",
    "libjs-jquery",
    "libjs-jquery-form",
    "libjs-underscore",
)
# The unstable packages of these two moved the files Odoo links to.
STABLE = ("fonts-font-awesome", "fonts-inconsolata")
SELFIE = "mail/static/lib/selfie_segmentation/selfie_segmentation.js"


def is_available():
    """Tell whether this machine has Debian's package tools."""
    return bool(shutil.which("apt-get") and shutil.which("dpkg"))


def _mirror():
    """Return (address, suite) of the Debian archive this machine uses."""
    listing = run(
        [
            "apt-get",
            "indextargets",
            "--format",
            "$(REPO_URI) $(RELEASE)",
            "Created-By: Packages",
        ]
    )
    for line in listing.splitlines():
        address, suite = line.split()
        if address.rstrip("/").endswith("/debian") and "-" not in suite:
            return address, suite
    raise SetupError(
        "No Debian archive is configured in this machine's apt sources. "
        "Set ODOO_HOME to an Odoo 19.0 source checkout instead."
    )


def _private_apt(suite):
    """Return the options that keep apt's state for `suite` in our own folder."""
    address, stable = _mirror()
    suite = suite or stable
    home = settings.DOWNLOADS / f"apt-{suite}"
    for part in ("state/lists/partial", "cache/archives/partial", "packages"):
        (home / part).mkdir(parents=True, exist_ok=True)
    signed = f"[signed-by={KEYRING}] " if KEYRING.exists() else ""
    (home / "sources.list").write_text(f"deb {signed}{address} {suite} main\n")
    options = {
        "Dir::Etc::SourceList": home / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::Etc::PreferencesParts": "-",
        "Dir::State": home / "state",
        "Dir::State::status": "/var/lib/dpkg/status",
        "Dir::Cache": home / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": "3",
    }
    flags = [f"-o{name}={value}" for name, value in options.items()]
    return home, flags


def _download(suite, packages):
    """Download `packages` of `suite` and return their files."""
    home, flags = _private_apt(suite)
    run(["apt-get", *flags, "update"])
    run(["apt-get", *flags, "download", *packages], cwd=home / "packages")
    newest = {}
    for path in sorted(
        (home / "packages").glob("*.deb"), key=lambda p: p.stat().st_mtime
    ):
        newest[path.name.split("_")[0]] = path
    return [newest[name] for name in packages]


def _record(path):
    """Write down which package was unpacked and warn when it is not the tested one."""
    version = run(["dpkg-deb", "-f", path, "Version"]).strip()
    checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    RECORD.write_text(json.dumps({"version": version, "sha256": checksum}, indent=1))
    say(f"  {settings.ODOO_PACKAGE} {version}, sha256 {checksum}")
    if version != settings.ODOO_PACKAGE_TESTED:
        say(
            f"  WARNING: tested with {settings.ODOO_PACKAGE_TESTED}; "
            f"{version} may behave differently."
        )


def _selfie_script(addons):
    """Put back the one script that Debian leaves out and every asset build misses."""
    target = addons / SELFIE
    if target.exists():
        return
    with Step("fetching the script that Debian leaves out of Odoo"):
        folder = settings.DOWNLOADS / "npm"
        folder.mkdir(parents=True, exist_ok=True)
        packed = run(
            ["npm", "pack", "--silent", "@mediapipe/selfie_segmentation"],
            cwd=folder,
            hint="npm is needed once: apt-get install npm",
            stdin=subprocess.DEVNULL,
            env={**os.environ, "npm_config_cache": str(folder)},
        ).split()[-1]
        run(["tar", "-xzf", folder / packed, "-C", folder])
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(folder / "package" / "selfie_segmentation.js", target)


def ensure():
    """Unpack Odoo below the state folder once; return the folder to import it from."""
    library = settings.ODOO_PREFIX / "usr/lib/python3/dist-packages"
    if RECORD.exists() and (library / "odoo/addons/loyalty").is_dir():
        return library
    settings.DOWNLOADS.mkdir(parents=True, exist_ok=True)
    with Step(f"downloading {settings.ODOO_PACKAGE} (122 MB)"):
        files = _download("unstable", UNSTABLE) + _download("", STABLE)
    with Step("unpacking"):
        shutil.rmtree(settings.ODOO_PREFIX, ignore_errors=True)
        settings.ODOO_PREFIX.mkdir(parents=True)
        for path in files:
            run(["dpkg", "-x", path, settings.ODOO_PREFIX])
    _selfie_script(library / "odoo/addons")
    dangling = run(["find", settings.ODOO_PREFIX, "-xtype", "l"]).split()
    if dangling:
        say(
            f"  WARNING: {len(dangling)} links of the package lead nowhere: "
            f"{dangling[:3]}"
        )
    _record(files[0])
    return library
