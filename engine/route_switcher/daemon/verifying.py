"""Asks targets by the default route after a switch, bound to no interface.

Where none answers, they are asked once more by the uplink's own interface: a line that has died
since the switch says nothing about the default route, and the rules find it.
"""

from collections.abc import Awaitable, Callable
from typing import TypeAlias

import trio

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.effects import Verify, VerifyingRound
from route_switcher.core.vocabulary.events import Verified
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.probes.prober import OpenedProber, ProbeNotPermitted, Prober

OpenUnbound: TypeAlias = Callable[[Family, Check], OpenedProber]
"""Makes a prober that is bound to no interface."""

OpenBound: TypeAlias = Callable[[UplinkId, Check], OpenedProber]
"""Makes a prober that is bound to the interface of an uplink."""

ATTEMPTS = 2
"""A single round may fail by chance."""


class Verifying:
    """Makes such rounds. Those of a later switch end those that go on in its family."""

    def __init__(
        self,
        open_unbound: OpenUnbound,
        open_bound: OpenBound,
        report: Callable[[Verified], Awaitable[None]],
    ) -> None:
        self._open_unbound = open_unbound
        self._open_bound = open_bound
        self._report = report
        self._going: dict[Family, trio.CancelScope] = {}

    async def run(self, effect: Verify) -> None:
        """Make all rounds of one, and report what came of them."""
        family = effect.uplink.family
        if family in self._going:
            self._going[family].cancel()
        with trio.CancelScope() as scope:
            self._going[family] = scope
            outcomes = [await self._outcome(effect.uplink, each) for each in effect.rounds]
            now = trio.current_time()
            await self._report(Verified(now, effect.uplink, effect.decided_at, tuple(outcomes)))
        if self._going.get(family) is scope:
            del self._going[family]

    async def _outcome(
        self, uplink: UplinkId, each: VerifyingRound
    ) -> tuple[str, RoundOutcome, str]:
        try:
            outcome, reason = await _made(self._open_unbound(uplink.family, each.check), each)
            if outcome is RoundOutcome.FAILED:
                by_itself, _ = await _made(self._open_bound(uplink, each.check), each)
                if by_itself is not RoundOutcome.GOOD:
                    return each.probe, RoundOutcome.UNKNOWN, "no answer by its interface either"
        except ProbeNotPermitted as error:
            return each.probe, RoundOutcome.UNKNOWN, str(error)
        return each.probe, outcome, reason


async def _made(opening: OpenedProber, each: VerifyingRound) -> tuple[RoundOutcome, str]:
    with opening as prober:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(prober.run)
            made = await _asked(prober, each)
            nursery.cancel_scope.cancel()
    return made


async def _asked(prober: Prober, each: VerifyingRound) -> tuple[RoundOutcome, str]:
    outcome, reason = RoundOutcome.UNKNOWN, ""
    for _ in range(ATTEMPTS):
        result = await prober.ask(each.targets, each.needed, each.timeout)
        outcome, reason = result.outcome, result.reason
        if outcome is not RoundOutcome.FAILED:
            break
    return outcome, reason
