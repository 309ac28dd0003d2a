"""A small PostgreSQL server with one database, and a streaming replica of it."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from provision import cluster, settings
from provision.shell import run

# Nothing here is kept, and little is running.
TUNING = {
    "listen_addresses": "''",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "shared_buffers": "64MB",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby": "on",
    "log_statement": "all",
}
WAIT_SECONDS = 60


class Replicated:
    """A copy of a database of the private cluster, on a server that is replicated."""

    def __init__(self, database):
        """Copy the database, take a base backup and start the replica from it."""
        self.database = database
        self.folder = Path(tempfile.mkdtemp(prefix="replica_", dir="/tmp"))
        self.primary = self.folder / "primary"
        self.replica = self.folder / "replica"
        if os.geteuid() == 0:
            shutil.chown(self.folder, cluster.owner())
        try:
            self._create_primary()
            self._copy_database()
            self._create_replica()
        except Exception:
            self.close()
            raise

    def _call(self, program, *arguments, **options):
        return cluster._call(program, *arguments, **options)

    def _start(self, data):
        log = self.folder / f"{data.name}.log"
        flags = ["-D", data, "-l", log, "-w", "-t", WAIT_SECONDS, "-s"]
        where = ["-o", f"-c unix_socket_directories={self.socket(data)}"]
        self.socket(data).mkdir()
        if os.geteuid() == 0:
            shutil.chown(self.socket(data), cluster.owner())
        # Its output is not kept: the server would hold the pipe open for ever.
        self._call(
            "pg_ctl",
            *map(str, [*flags, *where, "start"]),
            quiet=False,
            stdin=subprocess.DEVNULL,
        )

    @staticmethod
    def socket(data):
        """Return the folder of a server's socket; outside of what is backed up."""
        return data.with_name(f"{data.name}_run")

    def _create_primary(self):
        flags = ["--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync"]
        self._call("initdb", "-D", self.primary, "-U", settings.DATABASE_USER, *flags)
        with (self.primary / "postgresql.conf").open("a") as stream:
            stream.writelines(f"{name} = {value}\n" for name, value in TUNING.items())
        self._start(self.primary)

    def _copy_database(self):
        self.query(self.primary, f'CREATE DATABASE "{self.database}"', "postgres")
        programs = cluster._programs()
        dump = subprocess.Popen(
            [programs / "pg_dump", "--no-owner", "--no-privileges", self.database],
            env={**os.environ, **cluster.environment()},
            stdout=subprocess.PIPE,
        )
        subprocess.run(
            [programs / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1"],
            env=self._environment(self.primary, self.database),
            stdin=dump.stdout,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        assert dump.wait() == 0

    def _create_replica(self):
        self._call(
            "pg_basebackup",
            *["-h", str(self.socket(self.primary)), "-U", settings.DATABASE_USER],
            *["-D", str(self.replica), "-R", "--checkpoint=fast", "--no-sync"],
        )
        self._start(self.replica)
        self.wait(lambda: self._is_streaming())

    def _is_streaming(self):
        found = self.query(
            self.primary, "SELECT state FROM pg_stat_replication", "postgres"
        )
        return found == "streaming"

    def _environment(self, data, database):
        own = {"PGHOST": str(self.socket(data)), "PGDATABASE": database}
        return {**os.environ, **cluster.environment(), **own}

    def query(self, data, statement, database=None):
        """Return the output of one SQL statement on one of the two servers."""
        return run(
            [cluster._programs() / "psql", "-X", "-q", "-t", "-A", "-c", statement],
            env=self._environment(data, database or self.database),
        ).strip()

    @staticmethod
    def wait(condition):
        """Wait until a condition holds.

        :raise AssertionError: when it does not in a minute
        """
        end = time.monotonic() + WAIT_SECONDS
        while not condition():
            assert time.monotonic() < end, "waited for too long"
            time.sleep(0.1)

    def statements(self, data, name):
        """Return how many statements one of the servers ran that name something."""
        log = (self.folder / f"{data.name}.log").read_text(errors="replace")
        return log.count(name)

    def rows_read(self, data, table):
        """Return how many rows of a table one of the servers has read so far."""
        return int(
            self.query(
                data,
                "SELECT seq_tup_read + COALESCE(idx_tup_fetch, 0)"
                f" FROM pg_stat_user_tables WHERE relname = '{table}'",
            )
            or 0
        )

    def stop(self, data):
        """Stop one of the servers; clients are told, as by an administrator.

        After a crash, Odoo's first request over a connection it kept fails: it expects
        another kind of error there.
        """
        if (data / "postmaster.pid").exists():
            self._call("pg_ctl", "-D", str(data), "-m", "fast", "-w", "-s", "stop")

    def close(self):
        """Stop both servers and remove them."""
        self.stop(self.replica)
        self.stop(self.primary)
        shutil.rmtree(self.folder, ignore_errors=True)
