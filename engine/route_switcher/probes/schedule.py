"""Rounds of one probe through one uplink, again and again."""

from collections.abc import Awaitable, Callable
from typing import NoReturn, Protocol

import trio

from route_switcher.core.events import Answer, Answers, Round
from route_switcher.core.listening import Listening
from route_switcher.core.model import Address, Probe, Uplink, answers_needed
from route_switcher.probes.aftermath import TellRest
from route_switcher.probes.open_round import Echoes
from route_switcher.probes.timing import Timing


class Line(Protocol):
    """What makes a round through an uplink: `EchoLine`, or a script in a test."""

    async def round(
        self,
        targets: tuple[Address, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        tell_rest: TellRest | None = None,
    ) -> Echoes:
        """Ask all `targets`; `needed` answers within `timeout` seconds make the round good.

        What becomes of targets after that goes to `tell_rest`, if given.
        """
        ...


Report = Callable[[Round | Answers], Awaitable[None]]


async def repeat(
    uplink: Uplink,
    probe: Probe,
    line: Line,
    report: Report,
    timing: Timing,
    measured: bool = False,
) -> NoReturn:
    """Make rounds of `probe` through `uplink` over `line` and report each, until cancelled.

    `Answers` are reported too: of all rounds if it is `measured`, else of some. Rounds never
    overlap.

    Raises ValueError if the probe has no target of the uplink's family.
    """
    targets = probe.targets_for(uplink.family)
    if not targets:
        raise ValueError(f"probe {probe.name} has no {uplink.family} target for {uplink.name}")
    needed = answers_needed(probe.quorum, len(targets))
    listening = Listening(measured, len(targets))

    async def tell_rest(sent_at: float, answers: tuple[Answer, ...]) -> None:
        await report(Answers(trio.current_time(), uplink.name, probe.name, sent_at, answers))

    while True:
        await timing.due()
        follow = tell_rest if listening.follows(trio.current_time()) else None
        echoes = await line.round(targets, needed, probe.timeout, follow)
        await report(
            Round(
                at=trio.current_time(),
                uplink=uplink.name,
                probe=probe.name,
                sent_at=echoes.sent_at,
                outcome=echoes.outcome,
                answers=echoes.answers,
                reason=echoes.reason,
            )
        )
        timing.ended(echoes.outcome)
