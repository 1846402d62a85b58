"""A headless Chromium, driven over the pipe of its DevTools protocol: no library, no port."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from contextlib import contextmanager

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--no-first-run", "--disable-extensions", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--remote-debugging-pipe"),
)
TIMEOUT_S = 60


def chromium():
    """The browser's path, or None."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Page:
    """One tab, and all that it reported: errors of its scripts and console, and requests."""

    def __init__(self, read, write):
        self._read, self._write = read, write
        self._buffer, self._number, self._session = b"", 0, None
        self.errors, self.requests = [], []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method, **params):
        """Send one command and return its result; what arrives in between is noted."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            answer = self._receive(deadline)
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self._note(answer.get("method"), answer.get("params", {}))

    def _receive(self, deadline):
        while b"\0" not in self._buffer:
            wait = deadline - time.monotonic()
            assert wait > 0, "the browser did not answer"
            assert select.select([self._read], [], [], wait)[0], "the browser did not answer"
            arrived = os.read(self._read, 1 << 20)
            assert arrived, "the browser has ended"
            self._buffer += arrived
        message, _, self._buffer = self._buffer.partition(b"\0")
        return json.loads(message)

    def _note(self, method, params):
        if method == "Runtime.exceptionThrown":
            self.errors.append(params["exceptionDetails"])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "assert"):
            self.errors.append(params["args"])
        elif method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.errors.append(params["entry"])
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"][:200])

    def show(self, url, *, width, height=900, scheme="light"):
        """Open an address at a width in a colour scheme, and wait until it is drawn."""
        self.wide(width, height)
        self.prefer(scheme)
        self.call("Page.navigate", url=url)
        self.wait("document.documentElement?.dataset.ready === 'yes'")

    def wide(self, width, height=900):
        """Let the window be this wide and high; below 600 it is a phone's."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1}
        self.call("Emulation.setDeviceMetricsOverride", **size, mobile=width < 600)

    def prefer(self, scheme):
        """Let the page believe that its reader prefers light or dark."""
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def value(self, expression):
        """What a JavaScript expression gives, as plain values."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait(self, condition):
        """Wait until a JavaScript expression is true."""
        deadline = time.monotonic() + TIMEOUT_S
        while self.value(condition) is not True:
            assert time.monotonic() < deadline, f"never true: {condition}"
            time.sleep(0.05)

    def picture(self, path, **clip):
        """Save a picture of the whole page, or of a part: x, y, width, height."""
        whole = self.call("Page.getLayoutMetrics")["cssContentSize"]
        part = {**whole, **clip, "scale": 1}
        taken = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=part)
        path.write_bytes(b64decode(taken["data"]))


@contextmanager
def page(profile):
    """A tab of a new browser whose profile lies in the folder ``profile``."""
    (to_browser, write), (read, from_browser) = os.pipe(), os.pipe()
    # Chromium reads from 3 and writes to 4; numbers above them cannot collide.
    theirs = [fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (to_browser, from_browser)]
    process = subprocess.Popen(
        [
            *("bash", "-c", f'exec "$@" 3<&{theirs[0]} 4>&{theirs[1]}', "bash"),
            *(chromium(), *FLAGS, f"--user-data-dir={profile}"),
        ],
        pass_fds=theirs,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    for end in (to_browser, from_browser, *theirs):
        os.close(end)
    try:
        yield Page(read, write)
    finally:
        process.terminate()
        process.wait(timeout=TIMEOUT_S)
        os.close(read)
        os.close(write)
