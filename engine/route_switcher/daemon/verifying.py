"""Asks targets by the default route after a switch, bound to no interface."""

from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import TypeAlias

import trio

from route_switcher.core.vocabulary.checks import Check
from route_switcher.core.vocabulary.effects import Verify, VerifyingRound
from route_switcher.core.vocabulary.events import Verified
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes.prober import OpenedProber, ProbeNotPermitted, Prober

OpenUnbound: TypeAlias = Callable[[Family, Check], OpenedProber]
"""Makes a prober that is bound to no interface."""

ATTEMPTS = 2
"""A single round may fail by chance."""


class Verifying:
    """Makes such rounds. Those of a later switch end those that go on in its family."""

    def __init__(
        self, open_unbound: OpenUnbound, report: Callable[[Verified], Awaitable[None]]
    ) -> None:
        self._open_unbound = open_unbound
        self._report = report
        self._going: dict[Family, trio.CancelScope] = {}

    async def run(self, effect: Verify) -> None:
        """Make all rounds of one, and report what came of them."""
        family = effect.uplink.family
        if family in self._going:
            self._going[family].cancel()
        with trio.CancelScope() as scope:
            self._going[family] = scope
            outcomes = [await self._outcome(family, each) for each in effect.rounds]
            now = trio.current_time()
            await self._report(Verified(now, effect.uplink, effect.decided_at, tuple(outcomes)))
        if self._going.get(family) is scope:
            del self._going[family]

    async def _outcome(self, family: Family, each: VerifyingRound) -> tuple[str, RoundOutcome, str]:
        try:
            with ExitStack() as opened:
                prober = opened.enter_context(self._open_unbound(family, each.check))
                async with trio.open_nursery() as nursery:
                    nursery.start_soon(prober.run)
                    outcome, reason = await _asked(prober, each)
                    nursery.cancel_scope.cancel()
        except ProbeNotPermitted as error:
            return each.probe, RoundOutcome.UNKNOWN, str(error)
        return each.probe, outcome, reason


async def _asked(prober: Prober, each: VerifyingRound) -> tuple[RoundOutcome, str]:
    outcome, reason = RoundOutcome.UNKNOWN, ""
    for _ in range(ATTEMPTS):
        result = await prober.ask(each.targets, each.needed, each.timeout)
        outcome, reason = result.outcome, result.reason
        if outcome is not RoundOutcome.FAILED:
            break
    return outcome, reason
