"""The router's log, read as it grows with the README's own command."""

import re
import threading
import time
from dataclasses import dataclass
from datetime import datetime

from compose import seed
from compose.podman import DEADLINE, Podman

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \w+ +(.*)")


@dataclass(frozen=True, slots=True)
class Line:
    """One line that the engine logged."""

    number: int
    """Counted from 0."""
    at: datetime
    text: str


class RouterLog:
    """All lines since the router started."""

    def __init__(self, podman: Podman) -> None:
        self._lines: list[Line] = []
        self._others: list[str] = []
        self._heard = threading.Condition()
        self._process = podman.start(seed.FOLLOW)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    @property
    def now(self) -> int:
        """The number that the next line will have."""
        return len(self._lines)

    def wait_for(self, pattern: str, since: int = 0) -> Line:
        """The first line from number `since` on in which the regular expression is found."""
        end = time.monotonic() + DEADLINE
        with self._heard:
            while True:
                for line in self._lines[since:]:
                    if re.search(pattern, line.text):
                        return line
                if not self._heard.wait(end - time.monotonic()):
                    told = "\n".join([f"{li.at} {li.text}" for li in self._lines] + self._others)
                    raise AssertionError(f"not within {DEADLINE:g} s: {pattern!r}\n{told}")

    def wait_for_end(self) -> None:
        """Return when the command has ended, which it does after the container."""
        self._process.wait(DEADLINE)
        self._reader.join(DEADLINE)

    def _read(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as pipe:
            for raw in pipe:
                plain = _COLOUR.sub("", raw.rstrip("\n"))
                found = _LINE.search(plain)
                with self._heard:
                    if found is None:
                        self._others.append(plain)
                        continue
                    at = datetime.fromisoformat(found[1])
                    self._lines.append(Line(len(self._lines), at, found[2]))
                    self._heard.notify_all()
