"""Pictures of what a browser shows, written by the run of the tests.

A tour asks for one by a step of `screenshot_util.js`; the file is there before its next
step. A page without a tour is taken by `_take_page`. They lie where Odoo writes its own
pictures of failures (`--screenshots`), in the folder of the database, one file a name:
the next run replaces it.
"""

import json
import re
from base64 import b64decode
from pathlib import Path
from unittest.mock import patch

from odoo.tests import common
from odoo.tools import config

# What the page calls, and what it is called back by, as `screenshot_util.js` has them.
ASK, TAKEN = "loyaltyTakeScreenshot", "loyaltyScreenshotTaken"
NAME = re.compile(r"[a-z0-9-]+")


class ScreenshotBrowser(common.ChromeBrowser):
    """Odoo's browser for tests, whose pages may ask for a picture of themselves."""

    def __init__(self, test_case, *args, **kwargs):
        super().__init__(test_case, *args, **kwargs)
        self._handlers["Runtime.bindingCalled"] = self._handle_asked
        self._websocket_request("Runtime.addBinding", params={"name": ASK})

    def _handle_asked(self, name, payload, executionContextId):
        if name != ASK:
            return
        asked = self._websocket_send("Page.captureScreenshot", with_future=True)
        asked.add_done_callback(
            lambda result: self._answer(payload, result, executionContextId)
        )

    def _answer(self, name, result, context_id):
        """Write the picture, then tell the page, which waits for it.

        It waits in vain when there is none: its step fails.
        """
        self.test_case._write_screenshot(name, b64decode(result.result()["data"]))
        self._websocket_send(
            "Runtime.evaluate",
            params={
                "expression": f"window.{TAKEN}({json.dumps(name)})",
                "contextId": context_id,
            },
        )


class ScreenshotMixin:
    """For classes of `HttpCase`, before it in their bases.

    `screenshot_suffix` is added to the names, when one tour runs more than once: on a
    phone (`browser_size`) or in dark colors (the cookie `color_scheme`).
    """

    screenshot_suffix = ""

    def browser_js(self, *args, **kwargs):
        with patch.object(common, "ChromeBrowser", ScreenshotBrowser):
            return super().browser_js(*args, **kwargs)

    def _take_page(self, name, url, ready, **kwargs):
        """Take a picture of a page once it shows something.

        :param name: of the picture
        :param ready: selector of what must be there
        :param kwargs: as of `browser_js`, such as `login` and `cookies`
        """
        code = f"""
            window.{TAKEN} = () => console.log("test successful");
            window.{ASK}({json.dumps(name)});
        """
        ready = f"!!document.querySelector({json.dumps(ready)})"
        self.browser_js(url, code, ready=ready, **kwargs)

    def _write_screenshot(self, name, picture):
        """Write a picture as PNG.

        :param name: small letters, digits and hyphens
        """
        if not NAME.fullmatch(name):
            raise ValueError(f"{name} is no name for a picture.")
        folder = Path(config["screenshots"]) / common.get_db_name() / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}{self.screenshot_suffix}.png").write_bytes(picture)
