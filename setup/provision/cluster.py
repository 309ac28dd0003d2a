"""A private PostgreSQL cluster: reached by a socket, owned by an unprivileged user."""

import os
import pwd
import shutil
import subprocess
import time
from pathlib import Path

from . import settings
from .shell import SetupError, Step, run, say

DATA = settings.CLUSTER / "data"
SOCKET = settings.CLUSTER / "run"
LOG = settings.CLUSTER / "log"
SOCKET_BYTES = 107
TUNING = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "shared_buffers": "512MB",
    "work_mem": "32MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "4GB",
    "random_page_cost": "1.1",
}


def _programs():
    """Return the folder with PostgreSQL's server programs.

    The newest installed, or those of the version that made our cluster.

    :raise SetupError: when there is none of a version Odoo accepts
    """
    found = {}
    for path in Path("/usr/lib/postgresql").glob("*/bin/initdb"):
        if path.parts[-3].isdigit():
            found[int(path.parts[-3])] = path.parent
    if not found and (initdb := shutil.which("initdb")):
        found[settings.POSTGRES_MINIMUM] = Path(initdb).resolve().parent
    if (version := DATA / "PG_VERSION").exists():
        made_by = int(version.read_text())
        if made_by in found:
            return found[made_by]
        if found:
            raise SetupError(
                f"The cluster in {settings.CLUSTER} was made by PostgreSQL {made_by}, "
                f"which is not installed now. Install postgresql-{made_by} or remove "
                "that folder: everything in it can be made again."
            )
    if not found or max(found) < settings.POSTGRES_MINIMUM:
        raise SetupError(
            f"PostgreSQL {settings.POSTGRES_MINIMUM} or newer is missing. "
            "Install it: apt-get install postgresql"
        )
    return found[max(found)]


def owner():
    """Return the name of the user that runs the cluster; never root."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid()).pw_name
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise SetupError("No unprivileged user to run PostgreSQL as: create «postgres».")


def _as_owner(command):
    return command if os.geteuid() else ["runuser", "-u", owner(), "--", *command]


def _owner_reaches(folder):
    test = _as_owner(["test", "-x", str(folder)])
    return subprocess.run(test, check=False, cwd="/").returncode == 0


def _call(program, *arguments, **options):
    return run(_as_owner([_programs() / program, *arguments]), cwd="/", **options)


def environment():
    """Return the variables with which libpq and Odoo reach the cluster."""
    return {
        "PGHOST": str(SOCKET),
        "PGPORT": "5432",
        "PGUSER": settings.DATABASE_USER,
        "PGDATABASE": "postgres",
        # Compiling the plan of a report takes seconds, running it milliseconds.
        "PGOPTIONS": "-c jit=off",
    }


def is_running():
    """Tell whether the cluster answers."""
    try:
        _call("pg_isready", "-q", "-h", SOCKET)
    except SetupError:
        return False
    return True


def _create():
    if len(os.fsencode(SOCKET / ".s.PGSQL.5432")) > SOCKET_BYTES:
        raise SetupError(
            f"The path {SOCKET} is too long for a socket. "
            "Set LOYALTY_STATE to a folder with a shorter name."
        )
    for folder in (settings.CLUSTER, SOCKET):
        folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(folder, owner())
    if os.geteuid() == 0:
        settings.STATE.chmod(0o755)
        if not _owner_reaches(settings.CLUSTER):
            raise SetupError(
                f"The user «{owner()}», who runs PostgreSQL for root, cannot reach "
                f"{settings.CLUSTER}. Set LOYALTY_STATE to a folder open to everybody, "
                "such as /var/lib/loyalty-coupon-crm."
            )
    flags = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
    _call("initdb", "-D", DATA, "-U", settings.DATABASE_USER, *flags)
    lines = [f"{name} = {value}\n" for name, value in TUNING.items()]
    lines.append(f"unix_socket_directories = '{SOCKET}'\n")
    with (DATA / "postgresql.conf").open("a") as stream:
        stream.writelines(lines)


def ensure():
    """Create the cluster when there is none and start it when it is down."""
    if not DATA.exists():
        with Step("creating a private PostgreSQL cluster"):
            _create()
    if not is_running():
        flags = ["-D", DATA, "-l", LOG, "-w", "-t", "60", "-s", "start"]
        # Its output is not kept: the server would hold the pipe open for ever.
        _call("pg_ctl", *flags, quiet=False, stdin=subprocess.DEVNULL)
    for _attempt in range(50):
        if is_running():
            return
        time.sleep(0.1)
    raise SetupError(f"PostgreSQL does not answer; its log is {LOG}.")


def stop():
    """Stop the cluster when it runs."""
    if DATA.exists() and is_running():
        _call("pg_ctl", "-D", DATA, "-m", "fast", "-w", "stop")
        say("· PostgreSQL stopped")


def client(*arguments):
    """Return the command line of psql with `arguments`."""
    return [str(_programs() / "psql"), *arguments]


def query(statement, database="postgres"):
    """Run one SQL statement and return its output, unaligned, without headers."""
    return run(
        [*client(), "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"]
        + ["-d", database, "-c", statement],
        env={**os.environ, **environment()},
    ).strip()
