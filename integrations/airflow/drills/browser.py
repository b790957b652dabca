"""Chromium without a screen, told what to do over its debugging protocol."""

from __future__ import annotations

import base64
import itertools
import json
import os
import pathlib
import subprocess
import tempfile
import time

import httpx
from websockets.sync.client import connect

from rig import await_that


class Browser:
    """A page in headless Chromium."""

    def __init__(self, width=1280, height=800):
        self._profile = tempfile.TemporaryDirectory(prefix="agentd-browser.")
        sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
        self._process = subprocess.Popen(
            ["chromium", "--headless", "--remote-debugging-port=0", "--hide-scrollbars", "--no-first-run", "--disable-gpu",
             f"--window-size={width},{height}", f"--user-data-dir={self._profile.name}", *sandbox, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        chosen = pathlib.Path(self._profile.name, "DevToolsActivePort")
        port = await_that("Chromium", 60, lambda: chosen.exists() and chosen.read_text().split("\n")[0])
        pages = httpx.get(f"http://127.0.0.1:{port}/json", trust_env=False).json()
        page = next(page for page in pages if page["type"] == "page")
        self._socket = connect(page["webSocketDebuggerUrl"], max_size=None)
        self._numbers = itertools.count(1)
        self.size(width, height)
        self._say("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "light"}])

    def size(self, width, height):
        self._say("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def _say(self, method, **parameters):
        number = next(self._numbers)
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def open(self, url):
        self._say("Page.navigate", url=url)

    def value(self, script):
        """What a piece of JavaScript comes to."""
        return self._say("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")

    def shows(self, text, seconds=60):
        await_that(f"{text!r} on the page", seconds, lambda: text in (self.value("document.body.innerText") or ""))

    def click(self, script):
        """Press the mouse on what a piece of JavaScript finds."""
        middle = f"""(() => {{
            const found = {script};
            found?.scrollIntoView({{block: 'center'}});
            const box = found?.getBoundingClientRect();
            return box?.width ? [box.x + box.width / 2, box.y + box.height / 2] : null;
        }})()"""
        x, y = await_that(script, 60, lambda: self.value(middle))
        for kind in ("mousePressed", "mouseReleased"):
            self._say("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self, path, settle=2.0):
        time.sleep(settle)
        data = self._say("Page.captureScreenshot", format="png")["data"]
        pathlib.Path(path).write_bytes(base64.b64decode(data))

    def close(self):
        self._socket.close()
        self._process.terminate()
        self._process.wait()
        self._profile.cleanup()
