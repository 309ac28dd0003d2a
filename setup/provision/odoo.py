"""Odoo's command line in our environment, and the databases made with it."""

import os
import subprocess

from . import cluster, settings, source, venv
from .shell import SetupError, Step, run, say

CONFIG = settings.STATE / f"odoo-{settings.CHECKOUT}.conf"
DEPENDENCIES = (
    "sale_management",
    "sale_loyalty",
    "pos_loyalty",
    "pos_sale_loyalty",
    "crm",
    "mass_mailing_sms",
    "survey",
)
NEIGHBOURS = (
    "website_sale_loyalty",
    "sale_loyalty_delivery",
    "pos_restaurant_loyalty",
    "contacts",
)


def environment():
    """Return the variables a program needs to import Odoo and reach the cluster."""
    library = source.ensure()
    path = os.pathsep.join([str(library), os.environ.get("PYTHONPATH", "")])
    return {
        **os.environ,
        **cluster.environment(),
        "PYTHONPATH": path.rstrip(os.pathsep),
        "PYTHONWARNINGS": "ignore",
        "ODOO_RC": str(CONFIG),
        "PATH": os.pathsep.join([str(venv.odoo.folder / "bin"), os.environ["PATH"]]),
    }


def _write_config():
    paths = ",".join(map(str, source.addons_paths(source.ensure())))
    lines = {
        "addons_path": paths,
        "data_dir": settings.DATA_DIR,
        "db_host": cluster.SOCKET,
        "db_port": 5432,
        "db_user": settings.DATABASE_USER,
        "db_name": "",
        "list_db": "False",
        "http_interface": "127.0.0.1",
        "limit_time_cpu": 3600,
        "limit_time_real": 7200,
        "limit_memory_soft": 8 << 30,
        "limit_memory_hard": 10 << 30,
        "proxy_mode": "False",
    }
    content = "".join(f"{name} = {value}\n" for name, value in lines.items())
    settings.STATE.mkdir(parents=True, exist_ok=True)
    CONFIG.write_text("[options]\n" + content)


def ensure():
    """Bring up everything Odoo needs: environment, sources, cluster, configuration."""
    venv.odoo.ensure()
    source.ensure()
    cluster.ensure()
    _write_config()


def command(*arguments):
    """Return Odoo's command line with `arguments`."""
    return [str(venv.odoo.program("python")), "-m", "odoo", *map(str, arguments)]


def call(*arguments, log=None, hint=""):
    """Run Odoo's command line to its end.

    :param log: a file for its output; without one the output is kept for the error
    :raise SetupError: when it fails
    """
    if log is None:
        return run(command(*arguments), env=environment(), hint=hint)
    with open(log, "w", encoding="utf-8") as stream:
        done = subprocess.run(
            command(*arguments),
            check=False,
            env=environment(),
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        raise SetupError(
            f"Odoo ended with code {done.returncode}; see {log}. {hint}".strip()
        )
    return ""


def database_exists(name):
    """Tell whether the cluster holds a database of that name."""
    return bool(cluster.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def drop_database(name):
    """Drop a database of our own cluster, with its connections."""
    cluster.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def copy_database(template, name):
    """Make `name` a fresh copy of `template`, database and files."""
    drop_database(name)
    cluster.query(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    files = settings.DATA_DIR / "filestore"
    if (files / template).is_dir():
        run(["rm", "-rf", files / name])
        run(["cp", "-al", files / template, files / name])


def _module_key(modules, demo):
    """Return what a template was built from, so that a stale one is rebuilt."""
    return ",".join(sorted(modules)) + (":demo" if demo else ":plain")


def ensure_template(name, modules, *, demo):
    """Build a template database with `modules` once and return its name.

    :param demo: load Odoo's demonstration data
    """
    key = _module_key(modules, demo)
    note = settings.STATE / f"{name}.template"
    if database_exists(name) and note.exists() and note.read_text() == key:
        return name
    drop_database(name)
    with Step(f"building the template database {name}"):
        log = settings.STATE / f"{name}.log"
        flags = ["--with-demo"] if demo else []
        call("-d", name, "-i", ",".join(modules), "--stop-after-init", *flags, log=log)
    note.write_text(key)
    return name


def serve(database, port):
    """Replace this process by an Odoo server for one database on `port`."""
    say(f"· serving {database} on http://localhost:{port} (stop with Ctrl+C)")
    arguments = command("-d", database, "--db-filter", f"^{database}$", "-p", port)
    os.execvpe(arguments[0], arguments, environment())
