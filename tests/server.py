"""An Odoo server on a test's database, and clients that talk to it over HTTP."""

import os
import signal
import subprocess
import time
from pathlib import Path

import requests
from provision import odoo
from testing import runs

SERVE = Path(__file__).parent / "workers" / "serve.py"
START_SECONDS = 120


class Server:
    """Odoo on a database, on a port of its own, until `stop`."""

    def __init__(self, database, *flags):
        """Start Odoo with further flags of its command line; wait until it answers."""
        self.port = runs.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = runs.LOGS / f"server_{database}.log"
        runs.LOGS.mkdir(parents=True, exist_ok=True)
        listen = ["-p", self.port, "--gevent-port", runs.free_port()]
        own = ["-d", database, "--db-filter", f"^{database}$", "--max-cron-threads=0"]
        with open(self.log, "w", encoding="utf-8") as stream:
            self._process = subprocess.Popen(
                odoo.python(SERVE, *own, *listen, *flags),
                env=odoo.environment(),
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._wait()

    def _wait(self):
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                if requests.get(f"{self.url}/web/health", timeout=30).ok:
                    return
            except requests.RequestException:
                time.sleep(0.2)
        self.stop()
        raise AssertionError(f"Odoo does not answer; its log is {self.log}")

    def stop(self):
        """Stop the server and its processes."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGTERM)
            try:
                self._process.wait(timeout=20)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)
                self._process.wait()

    def client(self):
        """Return a new visitor, with cookies of their own."""
        return Client(self.url)


class Client:
    """A visitor or user of a server."""

    def __init__(self, url):
        """Take the address of the server."""
        self.url = url
        self.session = requests.Session()

    def get(self, path, **params):
        """Return the response of a page, without following where it leads."""
        return self.session.get(
            self.url + path, params=params, allow_redirects=False, timeout=60
        )

    def rpc(self, path, **params):
        """Return the answer of a JSON route: a dict with `result` or `error`."""
        body = {"jsonrpc": "2.0", "method": "call", "params": params}
        response = self.session.post(self.url + path, json=body, timeout=120)
        response.raise_for_status()
        return response.json()

    def login(self, database, login, password):
        """Become a user."""
        answer = self.rpc(
            "/web/session/authenticate", db=database, login=login, password=password
        )
        assert answer.get("result", {}).get("uid"), answer

    def call(self, model, method, *args):
        """Return the answer of a method of a model, as the browser calls it."""
        path = f"/web/dataset/call_kw/{model}/{method}"
        return self.rpc(path, model=model, method=method, args=args, kwargs={})
