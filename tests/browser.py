"""Chromium without a window, spoken to over its developers' protocol."""

import json
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import requests
import websocket
from provision import system

START_SECONDS = 60
SWITCHES = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
    "--window-size=1366,768",
)


class Browser:
    """One page of a Chromium of its own, until `close`."""

    def __init__(self):
        """Start Chromium and wait until it listens."""
        program = next(filter(None, map(shutil.which, system.BROWSERS)))
        self._profile = tempfile.mkdtemp()
        folder = f"--user-data-dir={self._profile}"
        self._process = subprocess.Popen(
            [program, *SWITCHES, folder, "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._last = 0
        self._socket = websocket.create_connection(
            self._address(), suppress_origin=True, timeout=900
        )

    def _address(self):
        """Return where the page listens."""
        noted = Path(self._profile) / "DevToolsActivePort"
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            if noted.exists() and (lines := noted.read_text().split()):
                pages = requests.get(f"http://127.0.0.1:{lines[0]}/json", timeout=30)
                for page in pages.json():
                    if page["type"] == "page":
                        return page["webSocketDebuggerUrl"]
            time.sleep(0.2)
        raise AssertionError("Chromium does not start")

    def _call(self, method, **params):
        """Return the answer to a command of the protocol."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params}
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == self._last:
                assert "error" not in answer, answer
                return answer["result"]

    def open(self, url, cookies):
        """Go to a page with cookies of a `requests` session."""
        host = urlsplit(url).hostname
        for name, value in cookies.items():
            self._call("Network.setCookie", name=name, value=value, domain=host)
        self._call("Page.navigate", url=url)

    def run(self, script):
        """Return what the JavaScript expression is or, of a promise, becomes."""
        answer = self._call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def wait(self, script, seconds=120):
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.run(f"Boolean({script})"):
                return
            time.sleep(0.2)
        raise AssertionError(f"In vain: {script}")

    def close(self):
        """End Chromium and remove what it wrote."""
        self._socket.close()
        self._process.terminate()
        self._process.wait(timeout=30)
        shutil.rmtree(self._profile, ignore_errors=True)
