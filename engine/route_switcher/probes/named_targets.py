"""Targets by name: their addresses are looked up beside the rounds, through the same egress.

A round asks the address that a name had last. The lookup is made again when that has held for its
time, within bounds; while it fails, the last address stays. An address that is in use stays as long
as the name has it, though resolvers give them in another order each time. Only a name that never
had an address waits for one, up to the timeout of the round.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from math import inf
from types import TracebackType
from typing import Self, TypeAlias

import trio

from route_switcher.core.probing.round import RequestFault, RoundResult
from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.late_replies import OnLate
from route_switcher.probes.lookup import Found, look_up
from route_switcher.probes.prober import Egress, OpenedProber, Prober

SHORTEST = 30.0
"""Seconds that an address holds at least."""
LONGEST = 3600.0
AGAIN = 5.0
"""Seconds from a lookup that failed to the next, while the last address is asked."""
SOON = 1.0
"""The same where none is known."""

LookUp: TypeAlias = Callable[[Egress, Target], Awaitable[Found | RequestFault]]

_WAITING = RequestFault(RoundOutcome.UNKNOWN, "its address is not known yet", Layer.DNS)


@dataclass(slots=True)
class _Name:
    """What is known of one name."""

    asked: Target | None = None
    """The target with the address that it has, as the same object for as long as it has that: to
    the journal every other object is another kind of round."""
    fault: RequestFault = _WAITING
    due: float = -inf
    """When it is to be looked up next."""
    going: bool = False
    ended: trio.Event = field(default_factory=trio.Event)


class NamedTargets:
    """A prober that gives names their addresses, and has another prober ask them."""

    def __init__(self, egress: Egress, opening: OpenedProber, look_up: LookUp = look_up) -> None:
        self._egress = egress
        self._opening = opening
        self._look_up = look_up
        self._names: dict[Target, _Name] = {}
        self._prober: Prober
        self._nursery: trio.Nursery
        self._running = trio.Event()

    def __enter__(self) -> Self:
        self._prober = self._opening.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._opening.__exit__(kind, error, trace)

    async def run(self) -> None:
        """See `Prober`."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._running.set()
            nursery.start_soon(self._prober.run)
            await trio.sleep_forever()

    async def ask(
        self,
        targets: tuple[Target, ...],
        needed: int,
        timeout: float,  # noqa: ASYNC109 (it is part of what is measured, and cancels nothing)
        on_late: OnLate | None = None,
    ) -> RoundResult:
        """See `Prober`."""
        if all(target.address for target in targets):
            return await self._prober.ask(targets, needed, timeout, on_late)
        await self._running.wait()
        began = trio.current_time()
        names = {t: self._name(t) for t in targets if not t.address}
        with trio.move_on_after(timeout):
            for name in names.values():
                if name.asked is None:
                    await name.ended.wait()
        found = (t if t.address else names[t].asked for t in targets)
        asked = tuple(target for target in found if target is not None)
        faults = {t: name.fault for t, name in names.items() if name.asked is None}
        if not faults:
            return await self._prober.ask(asked, needed, timeout, on_late)
        if asked:
            result = await self._prober.ask(asked, needed, timeout, on_late)
        else:
            result = RoundResult(began, RoundOutcome.UNKNOWN, ())
        return _with_faults(result, targets, needed, faults)

    async def follow(self, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        """Have names looked up when that is due, also those that no round asks now. Returns
        `targets`, each with the address that it has."""
        await self._running.wait()
        return tuple(t if t.address else self._name(t).asked or t for t in targets)

    def _name(self, target: Target) -> _Name:
        """What is known of a name; has it looked up if that is due."""
        name = self._names.setdefault(target, _Name())
        if not name.going and trio.current_time() >= name.due:
            name.going, name.ended = True, trio.Event()
            self._nursery.start_soon(self._refresh, target, name)
        return name

    async def _refresh(self, target: Target, name: _Name) -> None:
        came = await self._look_up(self._egress, target)
        now = trio.current_time()
        if isinstance(came, RequestFault):
            name.fault = came
            name.due = now + (SOON if name.asked is None else AGAIN)
        else:
            addresses, seconds = came
            if name.asked is None or name.asked.address not in addresses:
                name.asked = replace(target, address=addresses[0])
            name.due = now + min(max(seconds, SHORTEST), LONGEST)
        name.going = False
        name.ended.set()


def _with_faults(
    result: RoundResult,
    targets: Sequence[Target],
    needed: int,
    faults: dict[Target, RequestFault],
) -> RoundResult:
    """A round of all `targets`, of which those with faults were not asked."""
    asked = {answer.target: answer for answer in result.answers}
    answers = tuple(asked.get(target) or _answer(target, faults[target]) for target in targets)
    good = sum(answer.rtt is not None for answer in answers)
    if good >= needed:
        return replace(result, answers=answers)
    unknown = sum(not answer.asked for answer in answers)
    outcome = RoundOutcome.FAILED if good + unknown < needed else RoundOutcome.UNKNOWN
    reason = "; ".join(dict.fromkeys(a.reason for a in answers if a.rtt is None))
    if good:
        reason = f"{good} of {len(answers)} answered, {needed} needed: {reason}"
    return replace(result, outcome=outcome, answers=answers, reason=reason)


def _answer(target: Target, fault: RequestFault) -> Answer:
    asked = fault.outcome is not RoundOutcome.UNKNOWN
    return Answer(target, None, fault.words, asked=asked, layer=fault.layer)
