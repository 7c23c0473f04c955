"""The file by which keepalived knows how good this router's uplinks are (its `track_file`).

It has one number: how many uplinks are healthy, in each family that they have. It is written when
that changes. At the end it stays. After a start the number that an engine before us wrote stays too
as long as it may be right: a restart must not move the LAN's gateway, and uplinks that carry no
traffic need their stable time to be healthy again.
"""

import errno
import logging
import os
import re
from functools import partial
from math import inf
from pathlib import Path
from typing import Protocol

import trio

from route_switcher.core.vocabulary.events import Event, Reload
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import Status
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.daemon.control.disk import Disk
from route_switcher.daemon.observers import Observer
from route_switcher.daemon.report import say
from route_switcher.other_writers import other_writers

AGAIN = 10.0
"""Seconds after which a number that could not be written, or that somebody took away, is written
again."""


class Engine(Protocol):
    """What is asked of the service."""

    def status(self) -> Status:
        """What the engine knows now."""


class HealthyUplinks:
    """How many uplinks are healthy in each of their families, as far as is known since the start.

    A family that never had a next hop does not count.
    """

    def __init__(self) -> None:
        self._judged: set[UplinkId] = set()
        """Those that have been healthy or failed."""

    def bounds(self, status: Status) -> tuple[int, int] | None:
        """At least so many, and at most so many; None: the engine has not begun."""
        if not status.families:
            return None
        every = [each.health for family in status.families for each in family.uplinks]
        counted = [health for health in every if not health.dormant]
        verdicts = (UplinkState.HEALTHY, UplinkState.FAILED)
        self._judged |= {health.uplink.id for health in counted if health.state in verdicts}
        ill = [health.uplink for health in counted if health.state is not UplinkState.HEALTHY]
        names = {health.uplink.name for health in counted}
        surely_ill = {uplink.name for uplink in ill if uplink.id in self._judged}
        return len(names - {uplink.name for uplink in ill}), len(names - surely_ill)


class _Disk(Disk):
    def _tell(self, text: str) -> None:
        say(logging.WARNING, "track-file", text)


class TrackFile(Observer):
    """Writes the file that the policy names, if it names one."""

    def __init__(self, engine: Engine, policy: Policy) -> None:
        self._engine = engine
        self._path = policy.track_file
        self._changed = trio.Event()
        self._disk = _Disk("the track file cannot be written")

    def event(self, event: Event) -> None:
        """A new policy may name another file, and has other uplinks."""
        if isinstance(event, Reload):
            self._path = event.policy.track_file
            self._changed.set()

    def output(self, output: Output) -> None:
        """What may change the number."""
        if isinstance(output, Decision | RuleChange):
            self._changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        uplinks, path, number = HealthyUplinks(), self._path, None
        if path is not None:
            number = await self._disk.do(partial(_read, Path(path)))
        gone = False
        while True:
            self._changed = trio.Event()
            bounds = uplinks.bounds(self._engine.status())
            if path != self._path:
                path, number = self._path, None
            if path is not None and bounds is not None:
                least, most = bounds
                wanted = least if number is None else max(least, min(number, most))
                if number != wanted or gone:
                    number = await self._disk.do(partial(_replace, Path(path), wanted))
            with trio.move_on_after(inf if path is None else AGAIN) as pause:
                await self._changed.wait()
            gone = False
            if path is not None and number is not None and pause.cancelled_caught:
                gone = await self._disk.do(partial(_read, Path(path))) is None


def _read(path: Path) -> int | None:
    """The number in it; None: there is none."""
    try:
        # A FIFO in its place would hang.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        written = os.read(file, 32)
    finally:
        os.close(file)
    return int(written) if re.fullmatch(rb"\d{1,9}\n?", written) else None


def _replace(path: Path, number: int) -> int:
    """In one step: there is always the old number or the new one. Raises OSError."""
    for writer in other_writers(path.parent):
        raise OSError(errno.EPERM, str(writer))
    new = path.with_name(f".{path.name}.new")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(new, flags, 0o644)
    try:
        os.write(file, b"%d\n" % number)
    finally:
        os.close(file)
    new.rename(path)
    return number
