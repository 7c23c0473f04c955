"""Rounds of one probe through one uplink, again and again."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import NoReturn, Protocol

import trio

from route_switcher.core.probing.followed_rounds import FollowedRounds
from route_switcher.core.vocabulary.events import Answer, Answers, Round, RoundOutcome
from route_switcher.core.vocabulary.policy import Probe, Target, Uplink, answers_needed
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.open_round import Echoes
from route_switcher.probes.timing import Timing


class Line(Protocol):
    """What makes a round through an uplink: `EchoLine`, or a script in a test."""

    async def round(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        tell_rest: OnLate | None = None,
    ) -> Echoes:
        """Ask all `targets`; `needed` answers within `timeout` seconds make the round good.

        What becomes of targets after that goes to `tell_rest`, if given. Several rounds may be
        under way at once.
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

    `Answers` are reported too: of all rounds if it is `measured`, else of some. Rounds are reported
    in the order of sending. They overlap only when one is asked for while another is open. A good
    one then ends those that were sent before it and are still open: they are not reported.

    Raises ValueError if the probe has no target of the uplink's family.
    """
    targets = probe.targets_for(uplink.family)
    if not targets:
        raise ValueError(f"probe {probe.name} has no {uplink.family} target for {uplink.name}")
    rounds = _Rounds(uplink, probe, targets, line, report, timing, measured)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(_beside, rounds, timing, nursery)
        while True:
            await timing.due()
            await rounds.make()


async def _beside(rounds: "_Rounds", timing: Timing, nursery: trio.Nursery) -> NoReturn:
    """Make the rounds that are sent while `repeat` waits for another."""
    while True:
        await timing.due_beside()
        nursery.start_soon(rounds.make)


@dataclass(slots=True, eq=False)
class _Open:
    """A round that was sent and not reported yet; with `echoes`, it waits for an older one."""

    echoes: Echoes | None = None


class _Rounds:
    def __init__(
        self,
        uplink: Uplink,
        probe: Probe,
        targets: tuple[Target, ...],
        line: Line,
        report: Report,
        timing: Timing,
        measured: bool,
    ) -> None:
        self._names = uplink.name, probe.name
        self._targets = targets
        self._needed = answers_needed(probe.quorum, len(targets))
        self._timeout = probe.timeout
        self._line = line
        self._report = report
        self._timing = timing
        self._listening = FollowedRounds(measured, len(targets))
        self._open: list[_Open] = []
        """In the order of sending."""
        self._reporting = False

    async def make(self) -> None:
        """Make a round, and report it as soon as none that was sent before it is open."""
        this = _Open()
        self._open.append(this)
        follow = self._tell_rest if self._listening.follows(trio.current_time()) else None
        echoes = await self._line.round(self._targets, self._needed, self._timeout, follow)
        if this not in self._open:
            return  # a good round that was sent later has ended it
        this.echoes = echoes
        if echoes.outcome is RoundOutcome.GOOD and self._open[0] is not this:
            self._end_before(this)
        if not self._reporting:
            await self._report_ended()

    def _end_before(self, this: _Open) -> None:
        before = self._open[: self._open.index(this)]
        ended = [each for each in before if each.echoes is None]
        self._open = [each for each in self._open if each not in ended]
        self._timing.overtaken(len(ended))

    async def _report_ended(self) -> None:
        self._reporting = True
        while self._open and (echoes := self._open[0].echoes) is not None:
            del self._open[0]
            await self._report(
                Round(
                    trio.current_time(),
                    *self._names,
                    echoes.sent_at,
                    echoes.outcome,
                    echoes.answers,
                    echoes.reason,
                )
            )
            self._timing.ended(echoes.outcome)
        self._reporting = False

    async def _tell_rest(self, sent_at: float, answers: tuple[Answer, ...]) -> None:
        await self._report(Answers(trio.current_time(), *self._names, sent_at, answers))
