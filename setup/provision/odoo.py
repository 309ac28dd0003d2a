"""Odoo's command line in our environment, and the databases made with it."""

import os
import shutil
import subprocess
from pathlib import Path

from . import browser, cluster, settings, source, venv
from .shell import SetupError, Step, lock, run, say

LOG_TAIL = 15
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
        "PATH": os.pathsep.join(
            [
                str(browser.folder()),
                str(venv.odoo.folder / "bin"),
                os.environ["PATH"],
                # Last: a browser prints only where wkhtmltopdf is absent.
                str(settings.SETUP / "paper"),
            ]
        ),
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
    fresh = CONFIG.with_suffix(".new")
    fresh.write_text("[options]\n" + content)
    fresh.replace(CONFIG)


def ensure():
    """Bring up everything Odoo needs: environment, sources, cluster, configuration."""
    settings.STATE.mkdir(parents=True, exist_ok=True)
    with lock("setup"):
        venv.odoo.ensure()
        source.ensure()
        cluster.ensure()
        _write_config()


def python(*arguments):
    """Return a command line of Odoo's Python with `arguments`."""
    return [str(venv.odoo.program("python")), *map(str, arguments)]


def command(*arguments):
    """Return Odoo's command line with `arguments`."""
    return python("-m", "odoo", *arguments)


def gently(niceness, line):
    """Return a command line that stands back behind other processes."""
    return ["nice", "-n", str(niceness), *line] if niceness else line


def call(*arguments, log=None, hint="", variables=None, niceness=0):
    """Run Odoo's command line to its end.

    :param log: a file for its output; without one the output is kept for the error
    :param variables: further variables of its environment
    :param niceness: how far it stands back behind other processes, 0 to 19
    :raise SetupError: when it fails
    """
    env = {**environment(), **(variables or {})}
    line = gently(niceness, command(*arguments))
    if log is None:
        return run(line, env=env, hint=hint)
    with open(log, "w", encoding="utf-8") as stream:
        done = subprocess.run(
            line,
            check=False,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
        )
    if done.returncode:
        with open(log, encoding="utf-8", errors="replace") as stream:
            tail = "".join(stream.readlines()[-LOG_TAIL:])
        text = f"Odoo ended with code {done.returncode}; its log is {log}:\n{tail}"
        raise SetupError(f"{text}{hint}".strip())
    return ""


def database_exists(name):
    """Tell whether the cluster holds a database of that name."""
    return bool(cluster.query(f"SELECT 1 FROM pg_database WHERE datname = '{name}'"))


def database_oid(name):
    """Return the number by which the cluster knows a database; a copy has a new one."""
    return cluster.query(f"SELECT oid FROM pg_database WHERE datname = '{name}'")


def shell(name, code):
    """Run Python code in Odoo's shell on a database; return its standard output.

    :raise SetupError: when the code raises
    """
    done = subprocess.run(
        command("shell", "-d", name, "--no-http", "--log-level=warn"),
        check=False,
        input=code,
        capture_output=True,
        text=True,
        env=environment(),
    )
    if done.returncode:
        raise SetupError(f"Odoo's shell failed on {name}.\n{done.stdout}{done.stderr}")
    return done.stdout


def drop_database(name):
    """Drop a database of our own cluster, with its connections and its files."""
    cluster.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    shutil.rmtree(settings.DATA_DIR / "filestore" / name, ignore_errors=True)


def copy_database(template, name):
    """Make `name` a fresh copy of `template`, database and files."""
    drop_database(name)
    cluster.query(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    files = settings.DATA_DIR / "filestore"
    if (files / template).is_dir():
        run(["cp", "-al", files / template, files / name])


def _installed(name):
    """Return the names of the add-ons installed in a database."""
    statement = "SELECT name FROM ir_module_module WHERE state = 'installed'"
    return set(cluster.query(statement, name).split())


def _built_from(demo):
    """Return what a template depends on beside its modules."""
    return f"{source.version(source.ensure())} {'demo' if demo else 'plain'}"


def ensure_template(name, modules, *, demo):
    """Build a template database with `modules` once and return its name.

    It is built again when it lacks one of `modules` or Odoo itself has changed.

    :param demo: load Odoo's demonstration data
    """
    note = settings.STATE / f"{name}.template"
    with lock(name):
        if (
            note.exists()
            and note.read_text() == _built_from(demo)
            and database_exists(name)
            and _installed(name).issuperset(modules)
        ):
            return name
        note.unlink(missing_ok=True)
        drop_database(name)
        with Step(f"building the template database {name}"):
            log = settings.STATE / f"{name}.log"
            flags = ["-i", ",".join(modules), "--stop-after-init", "--no-http"]
            flags += ["--with-demo"] if demo else []
            call("-d", name, *flags, log=log)
        note.write_text(_built_from(demo))
    return name


def forget_lost_checkouts():
    """Drop what checkouts left behind that are no longer on this machine."""
    for config in settings.STATE.glob("odoo-????????.conf"):
        paths = config.read_text().splitlines()[1].partition("=")[2].split(",")
        if not Path(paths[-1].strip()).is_dir():
            checkout = config.stem.removeprefix("odoo-")
            listed = "SELECT datname FROM pg_database WHERE datname LIKE "
            for name in cluster.query(f"{listed} 'test\\_{checkout}\\_%'").split():
                drop_database(name)
            shutil.rmtree(settings.REPORTS / checkout, ignore_errors=True)
            config.unlink()


def serve(database, port):
    """Replace this process by an Odoo server for one database on `port`."""
    say(f"· serving {database} on http://localhost:{port} (stop with Ctrl+C)")
    arguments = command("-d", database, "--db-filter", f"^{database}$", "-p", port)
    os.execvpe(arguments[0], arguments, environment())
