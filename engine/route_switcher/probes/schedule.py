"""Rounds of one probe through one uplink, again and again."""

from collections.abc import Awaitable, Callable, Mapping
from typing import NoReturn, TypeAlias

import trio

from route_switcher.core.probing.followed_rounds import FollowedRounds
from route_switcher.core.probing.open_rounds import OpenRounds
from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.left_out import asking_nobody, completed
from route_switcher.probes.named_targets import NamedTargets
from route_switcher.probes.prober import Prober
from route_switcher.probes.timing import Timing

Report = Callable[[Round | Answers], Awaitable[None]]
LeftOut: TypeAlias = Callable[[], Mapping[Target, str]]
"""Says which targets are not asked now, and why."""


def _nobody() -> Mapping[Target, str]:
    return {}


async def repeat(
    uplink: Uplink,
    probe: Probe,
    prober: Prober,
    report: Report,
    timing: Timing,
    measured: bool = False,
    left_out: LeftOut = _nobody,
) -> NoReturn:
    """Make rounds of `probe` through `uplink` by `prober` and report each, until cancelled.

    `Answers` are reported too: of all rounds if it is `measured`, else of some. Rounds are reported
    in the order of sending. They overlap only when one is asked for while another is open. A good
    one then ends those that were sent before it and are still open: they are not reported.
    `left_out` says of each round which targets it does not ask, and why.

    Raises ValueError if the probe has no target of the uplink's family.
    """
    targets = probe.targets_for(uplink.family)
    if not targets:
        raise ValueError(f"probe {probe.name} has no {uplink.family} target for {uplink.name}")
    rounds = _Rounds(uplink, probe, targets, prober, report, timing, measured, left_out)
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


class _Rounds:
    def __init__(
        self,
        uplink: Uplink,
        probe: Probe,
        targets: tuple[Target, ...],
        prober: Prober,
        report: Report,
        timing: Timing,
        measured: bool,
        left_out: LeftOut,
    ) -> None:
        self._names = uplink.id, probe.name
        self._targets = targets
        self._needed = answers_needed(probe.quorum, len(targets))
        self._timeout = probe.timeout
        self._prober = prober
        self._report = report
        self._timing = timing
        self._followed = FollowedRounds(measured, len(targets))
        self._left_out = left_out
        self._open = OpenRounds[object]()
        self._reporting = False

    async def make(self) -> None:
        """Make a round, and report it as soon as none that was sent before it is open."""
        this = object()
        self._open.sent(this)
        follow = self._tell_rest if self._followed.follows(trio.current_time()) else None
        result = await self._ask(follow)
        if this not in self._open:
            return  # a good round that was sent later has ended it
        self._timing.overtaken(self._open.ended(this, result))
        if not self._reporting:
            await self._report_ended()

    async def _ask(self, follow: OnLate | None) -> RoundResult:
        left_out = self._left_out()
        if not left_out:
            return await self._prober.ask(self._targets, self._needed, self._timeout, follow)
        asked = tuple(target for target in self._targets if target not in left_out)
        targets = self._targets
        await trio.lowlevel.checkpoint()
        if isinstance(self._prober, NamedTargets):
            # A name that is left out may get another address, to which the way is right.
            targets = await self._prober.follow(targets)
        if asked:
            result = await self._prober.ask(asked, self._needed, self._timeout, follow)
        else:
            result = asking_nobody(trio.current_time())
        return completed(result, targets, left_out)

    async def _report_ended(self) -> None:
        self._reporting = True
        while (told := self._open.next_told()) is not None:
            _, result = told
            await self._report(
                Round(
                    trio.current_time(),
                    *self._names,
                    result.sent_at,
                    result.outcome,
                    result.answers,
                    result.reason,
                )
            )
            self._timing.ended(result.outcome)
        self._reporting = False

    async def _tell_rest(self, sent_at: float, answers: tuple[Answer, ...]) -> None:
        await self._report(Answers(trio.current_time(), *self._names, sent_at, answers))
