"""A real browser without a window, which is asked what it shows: Debian's chromium-headless-shell,
by the DevTools protocol over a pipe (https://chromedevtools.github.io/devtools-protocol/).

It runs in the private network of the test, which leads nowhere.
"""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader, RawIOBase
from pathlib import Path
from typing import Any

PROGRAM = "chromium-headless-shell"

_FLAGS = (
    "--no-sandbox",  # as root it refuses to start otherwise
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)
_NUL = b"\0"


class Browser:
    """One tab. Its methods return when the browser has done it."""

    def __init__(self, told: RawIOBase, answered: BufferedReader) -> None:
        self._told = told
        self._answered = answered
        self._number = 0
        self._session: str | None = None
        self._events: list[dict[str, Any]] = []
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        self.ask("Page.enable")

    def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Send a command, and return its result."""
        self._number += 1
        message: dict[str, object] = {
            "id": self._number,
            "method": method,
            "params": parameters,
        }
        if self._session is not None:
            message["sessionId"] = self._session
        self._told.write(json.dumps(message).encode() + _NUL)
        while True:
            answer = self._next()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                result: dict[str, Any] = answer["result"]
                return result
            self._events.append(answer)

    def open(self, file: Path) -> None:
        """Show a file, and wait until it is there."""
        self._events.clear()
        self.ask("Page.navigate", url=file.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._events.append(self._next())

    def look_like(self, *, width: int, dark: bool = False, paper: bool = False) -> None:
        """Have a window of that width, in the dark or on paper."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=800,
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask(
            "Emulation.setEmulatedMedia", media="print" if paper else "screen", features=[scheme]
        )

    def press(self, key: str, code: int) -> None:
        """Press a key of the keyboard."""
        for kind in ("keyDown", "keyUp"):
            self.ask("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code)

    def point_at(self, x: float, y: float) -> None:
        """Move the mouse there."""
        self.ask("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def value(self, expression: str) -> Any:
        """What JavaScript from outside makes of the page; it runs none of its own."""
        result = self.ask("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def _next(self) -> dict[str, Any]:
        message = b""
        while not message.endswith(_NUL):
            byte = self._answered.read(1)
            assert byte, "the browser has ended"
            message += byte
        found: dict[str, Any] = json.loads(message[:-1])
        return found


@contextmanager
def browser() -> Iterator[Browser]:
    """A browser, until the end of the block."""
    commands, told = os.pipe()
    answered, answers = os.pipe()

    def give_pipes() -> None:
        os.dup2(commands, 3)
        os.dup2(answers, 4)

    with tempfile.TemporaryDirectory() as home:
        process = subprocess.Popen(
            [PROGRAM, *_FLAGS, f"--user-data-dir={home}"],
            preexec_fn=give_pipes,
            pass_fds=(3, 4),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | {"HOME": home},
            start_new_session=True,
        )
        os.close(commands)
        os.close(answers)
        with open(told, "wb", buffering=0) as to_it, open(answered, "rb") as from_it:
            try:
                yield Browser(to_it, from_it)
            finally:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                from_it.read()  # ends when the last of its processes has
