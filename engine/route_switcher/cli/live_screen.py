"""The live screen of `watch`. The only file that imports rich."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from rich.console import Console, ConsoleDimensions
from rich.live import Live
from rich.text import Text

from route_switcher.cli.status_screen import WIDTH, Document, screen
from route_switcher.cli.streams import unescaped
from route_switcher.control.watching import Said
from route_switcher.printable import printable

_EVENTS = 50
_ROWS = 24
"""Of a terminal that does not say how many it has."""
_PAUSE = 0.2
"""Seconds between two drawings."""

_RISING = frozenset({"running_seconds", "since_seconds", "last_answer_seconds"})
_FALLING = frozenset({"left_seconds", "awaited_seconds"})

_STYLES = {
    "OK:": "bold green",
    "DEGRADED:": "bold yellow",
    "DOWN:": "bold red",
    "ON TRIAL:": "bold yellow",
    "NOT CONFIRMED:": "bold red",
    "NO ENGINE:": "bold red",
    "ORDER:": "yellow",
    "ASTRAY:": "red",
    "CONFLICT:": "red",
    "TROUBLE:": "red",
    "REFUSED:": "red",
    "REFUSING:": "bold red",
}
"""By how a line begins."""


class View:
    """What the screen shows, from what was said."""

    def __init__(self) -> None:
        self._status: Document | None = None
        self._told = self._at = 0.0
        self._events: deque[str] = deque(maxlen=_EVENTS)
        self._gone = ""

    def take(self, said: Said, now: float) -> None:
        """Take what was said at this time of the monotonic clock."""
        match said:
            case {"kind": "status", "status": dict(status)}:
                self._status, self._at, self._gone = status, now, ""
            case {"kind": "event", "time": str(at), "message": str(message)}:
                self._events.append(f"{_hour(at)} {message}")
            case {"kind": "lost", "time": str(at), "events": int(count)}:
                self._events.append(f"{_hour(at)} {count} events were lost: nobody read them")
            case {"kind": "no-engine", "time": str(at), "message": str(message)}:
                self._gone = f"NO ENGINE: {message}, since {_hour(at)}. Waiting for the next one"
            case _:
                pass

    def lines(self, width: int, height: int, now: float) -> list[str]:
        """The lines that fit: what is known, and the last events where there is room."""
        known = list(self._known(width, now))
        if len(known) > height:
            more = len(known) - height + 1
            return [*known[: height - 1], f"… {more} more lines: the terminal is too small"]
        events = [line for event in self._events for line in _in_two(event, width)]
        room = height - len(known) - 1
        return [*known, "", *events[-room:]] if room > 0 and events else known

    def _known(self, width: int, now: float) -> Iterator[str]:
        if self._gone:
            yield from _folded(self._gone, width)
        if self._status is None:
            if not self._gone:
                yield "waiting for the engine"
        elif self._gone:
            yield from _folded(f"What was known last, at {_hour(self._status['time'])}:", width)
            yield from screen(self._status, width)
        else:
            yield from screen(_aged(self._status, now - self._at), width)


def show(said: Iterator[Said | None], clock: Callable[[], float] = time.monotonic) -> None:
    """Show what is said until that ends, or something ends us; the terminal is as before then."""
    console = Console(file=unescaped(sys.stdout), highlight=False, markup=False, emoji=False)
    view, drawn = View(), 0.0
    with Live(
        console=console,
        screen=True,
        auto_refresh=False,
        redirect_stdout=False,
        redirect_stderr=False,
    ) as live:
        for each in said:
            now = clock()
            if each is not None:
                view.take(each, now)
            if now - drawn >= _PAUSE:
                drawn = now
                # As it is now: rich would believe $COLUMNS, which no resizing changes.
                columns, rows = os.get_terminal_size(sys.stdout.fileno())
                console.size = ConsoleDimensions(columns or WIDTH, rows or _ROWS)
                live.update(_drawn(view.lines(*console.size, now)), refresh=True)


def _drawn(lines: list[str]) -> Text:
    text = Text(no_wrap=True, overflow="crop", end="")
    for number, line in enumerate(lines):
        style = next((s for head, s in _STYLES.items() if line.lstrip().startswith(head)), "")
        text.append("\n" if number else "")
        text.append(printable(line), style)
    return text


def _aged(value: Any, seconds: float) -> Any:
    """The status so many seconds later, if nothing else has changed."""
    if isinstance(value, Mapping):
        return {key: _moved(key, each, seconds) for key, each in value.items()}
    if isinstance(value, list):
        return [_aged(each, seconds) for each in value]
    return value


def _moved(key: str, value: Any, seconds: float) -> Any:
    if value is not None and key in _RISING:
        return value + seconds
    if value is not None and key in _FALLING:
        return max(value - seconds, 0.0)
    return _aged(value, seconds)


def _folded(text: str, width: int) -> list[str]:
    return [text[at : at + width] for at in range(0, len(text), width)]


def _in_two(text: str, width: int) -> list[str]:
    """Two lines at most."""
    first, more = text[:width], text[width:].lstrip()
    if not more:
        return [first]
    rest = f"  {more}"
    return [first, rest if len(rest) <= width else f"{rest[: width - 1]}…"]


def _hour(stamp: str) -> str:
    return datetime.fromisoformat(stamp).astimezone().strftime("%H:%M:%S")
