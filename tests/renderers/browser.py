"""A headless Chromium to look at pages with, spoken to over a pipe by the Chrome DevTools Protocol.

The protocol is documented at chromedevtools.github.io/devtools-protocol; with ``--remote-debugging-pipe`` the browser
reads commands from file descriptor 3 and writes to 4, each message a JSON object that a NUL byte ends.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from base64 import b64decode
from dataclasses import dataclass, field
from select import select
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)

_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-default-apps", "--disable-extensions",
    "--disable-dev-shm-usage", "--host-resolver-rules=MAP * ~NOTFOUND", "--hide-scrollbars",
    "--remote-debugging-pipe", "about:blank",
)  # fmt: skip
_ON_PIPES = (
    "import os, sys; r, w = int(sys.argv[1]), int(sys.argv[2]); "
    "os.dup2(r, 3); os.dup2(w, 4); os.execv(sys.argv[3], sys.argv[3:])"
)
_PATIENCE = 60.0


@dataclass(slots=True)
class Browser:
    """One browser with one page in it."""

    process: subprocess.Popen[bytes]
    to: int
    back: int
    session: str = ""
    asked: int = 0
    unread: bytes = b""
    events: list[dict[str, Any]] = field(default_factory=list)

    def call(self, method: str, **params: object) -> dict[str, Any]:
        """Send a command and return its result; what happens meanwhile is kept in ``events``."""
        self.asked += 1
        message: dict[str, Any] = {"id": self.asked, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self.asked:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            self.events.append(answer)

    def _next(self) -> dict[str, Any]:
        until = time.monotonic() + _PATIENCE
        while b"\0" not in self.unread:
            ready, _, _ = select([self.back], [], [], max(0.0, until - time.monotonic()))
            assert ready, "the browser does not answer"
            part = os.read(self.back, 1 << 20)
            assert part, "the browser has gone"
            self.unread += part
        message, _, self.unread = self.unread.partition(b"\0")
        answer: dict[str, Any] = json.loads(message)
        return answer

    def open(self, path: Path, *, width: int, dark: bool = False, scripts: bool = True) -> None:
        """Show a file in a window of some width, and wait for it."""
        self.call("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.events.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.as_uri())
        self.wait("document.readyState === 'complete' && location.protocol === 'file:'")
        if scripts:
            self.value("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")

    def wait(self, expression: str) -> None:
        """Wait until a JavaScript expression is true in the page."""
        until = time.monotonic() + _PATIENCE
        while not self.value(expression):
            assert time.monotonic() < until, f"never true: {expression}"
            time.sleep(0.02)

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is in the page."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def said(self, method: str) -> list[dict[str, Any]]:
        """Return the events of one kind since the page was opened."""
        return [event["params"] for event in self.events if event.get("method") == method]

    def complaints(self) -> list[str]:
        """Return what the page had to say in the console: errors, refusals, warnings."""
        entries = [str(said["entry"]["text"]) for said in self.said("Log.entryAdded")]
        thrown = [str(said["exceptionDetails"]) for said in self.said("Runtime.exceptionThrown")]
        spoken = [str(said["args"]) for said in self.said("Runtime.consoleAPICalled")]
        return [*entries, *thrown, *spoken]

    def requests(self) -> list[str]:
        """Return the addresses the page asked for."""
        return [str(said["request"]["url"]) for said in self.said("Network.requestWillBeSent")]

    def picture(self, path: Path) -> None:
        """Write a picture of the whole page."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(b64decode(shot["data"]))

    def paper(self) -> bytes:
        """Return the page as it is printed, as PDF."""
        printed = self.call("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        return b64decode(printed["data"])

    def close(self) -> None:
        """End the browser."""
        os.close(self.to)
        os.close(self.back)
        self.process.terminate()
        self.process.wait(20)


def start(folder: Path) -> Browser:
    """Start a browser that keeps what it remembers in ``folder``."""
    assert CHROMIUM, "there is no Chromium"
    theirs, to = os.pipe()
    back, answers = os.pipe()
    # Descriptors above those the browser wants, so that putting them there overwrites neither.
    read_end, write_end = _high(theirs), _high(answers)
    command = [sys.executable, "-c", _ON_PIPES, str(read_end), str(write_end), CHROMIUM, f"--user-data-dir={folder}"]
    process = subprocess.Popen(
        [*command, *_OPTIONS],
        pass_fds=(read_end, write_end),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(read_end)
    os.close(write_end)
    browser = Browser(process, to, back)
    target = browser.call("Target.createTarget", url="about:blank")["targetId"]
    browser.session = browser.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
    for domain in ("Page", "Runtime", "Log", "Network"):
        browser.call(f"{domain}.enable")
    return browser


def _high(descriptor: int) -> int:
    import fcntl

    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD, 10)
    os.close(descriptor)
    return copy
