"""When rounds are sent: one probe through one uplink, again and again."""

import math
from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol

import trio

from route_switcher.core.events import Round
from route_switcher.core.model import Address, Probe, Uplink, answers_needed
from route_switcher.core.pace import Pace
from route_switcher.probes.open_round import Echoes


class Line(Protocol):
    """What makes a round through an uplink: `EchoLine`, or a script in a test."""

    async def round(
        self,
        targets: tuple[Address, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
    ) -> Echoes:
        """Ask all `targets`; `needed` answers within `timeout` seconds make the round good."""
        ...


class Urgent:
    """Asks one `repeat` for a round now. Asking again before it is sent changes nothing."""

    def __init__(self) -> None:
        self._asked = trio.Event()

    def ask(self) -> None:
        """Have a round sent at once or, while one is under way, as soon as that has ended."""
        self._asked.set()

    async def asked_before(self, time: float) -> bool:
        """Wait until somebody asks, but not beyond `time`; whether somebody asked."""
        with trio.move_on_at(time):
            await self._asked.wait()
        if not self._asked.is_set():
            return False
        self._asked = trio.Event()
        return True


async def repeat(
    uplink: Uplink,
    probe: Probe,
    line: Line,
    report: Callable[[Round], Awaitable[None]],
    urgent: Urgent,
    pace: Pace,
    spread: float = 0.0,
) -> NoReturn:
    """Make rounds of `probe` through `uplink` over `line` and report each, until cancelled.

    The first is due after `spread` seconds (so that uplinks do not all send at one instant), each
    other as long after the one before as `pace` says. An urgent one starts the schedule anew.
    Rounds never overlap.

    Raises ValueError if the probe has no target of the uplink's family.
    """
    targets = probe.targets_for(uplink.family)
    if not targets:
        raise ValueError(f"probe {probe.name} has no {uplink.family} target for {uplink.name}")
    needed = answers_needed(probe.quorum, len(targets))
    # Counted from the last change of pace, so that no sum of floats drifts.
    start, step, count = trio.current_time() + spread, probe.interval, 0
    while True:
        if await urgent.asked_before(start + count * step):
            start, count = trio.current_time(), 0
        echoes = await line.round(targets, needed, probe.timeout)
        now = trio.current_time()
        await report(
            Round(
                at=now,
                uplink=uplink.name,
                probe=probe.name,
                sent_at=echoes.sent_at,
                outcome=echoes.outcome,
                answers=echoes.answers,
                reason=echoes.reason,
            )
        )
        if (wanted := pace.after(echoes.outcome)) != step:
            start, step, count = start + count * step, wanted, 0
        count = next_slot(count, (trio.current_time() - start) / step)


def next_slot(last: int, elapsed: float) -> int:
    """The slot to send in after slot `last`, when `elapsed` steps have passed since slot 0.

    One that was missed by less than half a step is made up for (with a timeout as long as the
    interval, each failed round ends just after the next is due); older ones are skipped. So after
    any stall one round is sent, and two are never less than half a step apart.
    """
    return max(last + 1, math.floor(elapsed + 0.5))
