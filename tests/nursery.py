"""Workers that are forked from an Odoo loaded once: see `workers/nursery.py`."""

import contextlib
import fcntl
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from provision import odoo

PROGRAM = Path(__file__).parent / "workers" / "nursery.py"


class Worker:
    """A process forked by the nursery, with the methods of `Popen` the tests use."""

    def __init__(self, pid, folder):
        self.pid = pid
        self.folder = folder
        self.returncode = None

    def poll(self):
        """Return the exit code, None while the process lives."""
        if self.returncode is None:
            with (self.folder / "alive").open("rb") as alive:
                try:
                    fcntl.flock(alive, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return None
            self.returncode = 0 if (self.folder / "result").exists() else 1
        return self.returncode

    def wait(self, timeout=900):
        """Wait for the end of the process and return its exit code.

        :raise TimeoutError: when it takes longer than `timeout` seconds
        """
        end = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > end:
                raise TimeoutError(f"worker {self.pid} does not end")
            time.sleep(0.01)
        return self.returncode

    def kill(self):
        """Kill the process, wherever it is."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def communicate(self, timeout=900):
        """Wait for the end; return the function's result as JSON, and the log."""
        self.wait(timeout)
        return tuple(
            path.read_text(encoding="utf-8") if path.exists() else ""
            for path in (self.folder / "result", self.folder / "log")
        )


class Nursery:
    """A process that has loaded Odoo with our add-ons and forks workers."""

    def __init__(self, database, variables=None):
        """Load Odoo on a database.

        :param variables: further variables of its environment
        """
        self.folder = Path(tempfile.mkdtemp(prefix="loyalty-workers-"))
        self.count = 0
        with (self.folder / "log").open("wb") as log:
            self.process = subprocess.Popen(
                [*odoo.python(PROGRAM, database)],
                env={**odoo.environment(), **(variables or {})},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self._answer() == "ready", (self.folder / "log").read_text()

    def _answer(self):
        return self.process.stdout.readline().strip()

    def start(self, database, module, function, *arguments):
        """Start a function of `workers/` on a database, in a process of its own.

        :param database: name of a copy of the nursery's database
        :param arguments: words for the function's arguments
        :return: the `Worker`
        """
        self.count += 1
        folder = self.folder / str(self.count)
        folder.mkdir()
        order = {
            "database": database,
            "module": module,
            "function": function,
            "arguments": list(map(str, arguments)),
            "folder": str(folder),
        }
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return Worker(int(self._answer()), folder)

    def close(self):
        """End the nursery."""
        self.process.stdin.close()
        self.process.wait(30)
        shutil.rmtree(self.folder)
