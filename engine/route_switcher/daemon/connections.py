"""Has connections ended that stick to an uplink that was left, and tells what came of it."""

import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from typing import Protocol, TypeAlias

import trio

from route_switcher.core.vocabulary.effects import EndConnections
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.report import say
from route_switcher.kernel.conntrack import process
from route_switcher.kernel.conntrack.sweep import LIMIT, Swept, tracked
from route_switcher.text.quantities import counted

PATIENCE = 5.0
"""Seconds beyond its own limit that the process of a sweep may take."""

_LOOK = 0.05
"""Seconds between two looks whether the traffic has moved again."""

_KILLED = 1.0
"""Seconds that a killed process may take to end."""

_LENGTHS = {Family.IPV4: 4, Family.IPV6: 16}

Active = Callable[[Family], str | None]
"""The name of the active uplink of a family."""


class EndThem(Protocol):
    """Ends the connections that an effect names."""

    async def __call__(self, effect: EndConnections, active: Active) -> None:
        """Returns when it is done, or cannot be done."""
        ...


async def not_ended(effect: EndConnections, active: Active) -> None:
    """A dry run ends nothing."""
    text = f"{effect.family}: {effect.which} would be ended now"
    say(logging.INFO, "conntrack", text, **effect.log_fields())


Sweep: TypeAlias = Callable[[Sequence[bytes], int, Callable[[], bool]], Awaitable[Swept]]
"""Deletes connections by the bytes of addresses, or all of addresses of this length, unless and
until it is told to stop. Raises OSError where no process can be started."""


class Connections:
    """One sweep over the kernel's table at a time, in a process of its own. What keeps it from its
    work is told once, until it goes well again."""

    def __init__(self, sweep: Sweep | None = None) -> None:
        self._sweep = sweep or _in_a_process
        self._one = trio.CapacityLimiter(1)
        self._told = ""
        self.ended: Counter[Family] = Counter()
        """How many connections were ended since the start."""
        self.unfinished: Counter[Family] = Counter()
        """How many sweeps were not finished."""

    async def end(self, effect: EndConnections, active: Active) -> None:
        """Sweep, unless the traffic has moved again. It ends when the engine does."""

        def stopped() -> bool:
            return active(effect.family) != effect.active

        addresses = [address.packed for address in effect.addresses or ()]
        began = trio.current_time()
        async with self._one:
            try:
                swept = await self._sweep(addresses, _LENGTHS[effect.family], stopped)
            except OSError as error:
                swept = Swept(trouble=f"no process can be started: {error.strerror}")
            except RuntimeError as error:  # no thread (threading)
                swept = Swept(trouble=f"no process can be started: {error}")
        self.ended[effect.family] += swept.deleted
        self.unfinished[effect.family] += bool(swept.trouble)
        self._tell(effect, swept, trio.current_time() - began)

    def _tell(self, effect: EndConnections, swept: Swept, seconds: float) -> None:
        fields = effect.log_fields() | {"deleted": swept.deleted, "seconds": round(seconds, 3)}
        fields["problem"] = swept.trouble
        if swept.untracked:
            text = f"{effect.family}: this kernel tracks no connections: none is ended"
            say(logging.DEBUG, "conntrack", text, **fields)
            return
        level = logging.DEBUG if effect.again and not swept.deleted else logging.INFO
        text = f"{effect.family}: {_ended(effect, swept.deleted)} in {seconds:.2f} s"
        if swept.trouble:
            text += f", then no more: {swept.trouble}"
            level = logging.WARNING if swept.trouble != self._told else logging.DEBUG
        self._told = swept.trouble
        say(level, "conntrack", text, **fields)


def _ended(effect: EndConnections, count: int) -> str:
    if effect.addresses is None:
        return f"ended {counted(count, 'translated connection')}"
    what = counted(count, "connection")
    left = ", ".join(effect.left)
    return f"ended {what} with the address of {left} ({', '.join(map(str, effect.addresses))})"


async def _in_a_process(
    addresses: Sequence[bytes], length: int, stopped: Callable[[], bool]
) -> Swept:
    count = tracked()
    if not count:
        return Swept(untracked=count is None)
    sweeping = await trio.lowlevel.open_process(
        process.command(addresses, length),
        stdin=PIPE,
        stdout=PIPE,
        stderr=DEVNULL,
        cwd="/",
        start_new_session=True,
    )
    assert sweeping.stdin is not None
    assert sweeping.stdout is not None
    written = b""
    try:
        async with sweeping.stdin, sweeping.stdout, trio.open_nursery() as nursery:
            nursery.start_soon(_stop_when, stopped, sweeping.stdin)
            # Where nothing more can be waited for (epoll_ctl(2)), it ends before its time.
            with trio.move_on_after(LIMIT + PATIENCE), suppress(OSError):
                async for chunk in sweeping.stdout:
                    written += chunk
                await sweeping.wait()
            nursery.cancel_scope.cancel()
    finally:
        # Also when the engine ends: what it deletes, it deletes one by one.
        if sweeping.returncode is None:
            sweeping.kill()
            with trio.move_on_after(_KILLED, shield=True):
                await sweeping.wait()
    return process.outcome(written) or Swept(trouble="what did it has ended before its time")


async def _stop_when(stopped: Callable[[], bool], wanted: trio.abc.AsyncResource) -> None:
    while not stopped():  # noqa: ASYNC110 (nobody tells of it)
        await trio.sleep(_LOOK)
    await wanted.aclose()
