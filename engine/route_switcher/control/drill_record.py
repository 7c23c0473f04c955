"""What is measured while a drill goes on: moves, lost rounds, and times without an answer.

It is fed with what the engine is told and says, and keeps sums only, so that a long drill takes no
more memory than a short one.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from math import inf

from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.outputs import Decision, RuleChange
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, RuleState, UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, Status
from route_switcher.core.vocabulary.uplinks import Family, UplinkId

PATIENCE = 120.0
"""Seconds after its end for which the return is waited for."""

_FIRST_ANSWER = 10.0
"""Seconds after the return for which an answer is waited for."""

_MOST_NOTES = 20

_LEFT = {Cause.REMOVED: "policy-changed", Cause.RELOAD: "policy-changed"}


@dataclass(slots=True)
class Tally:
    """The rounds of one uplink whose outcome is known, and the answers of their targets."""

    rounds: int = 0
    lost: int = 0
    answers: int = 0
    sum: float = 0.0
    longest: float = 0.0


@dataclass(slots=True)
class Move:
    """The traffic leaves one uplink for another. Times are the engine's; inf: not yet."""

    decided: float = inf
    routed: float = inf
    """When the routes had been changed."""
    outage: float | None = None
    """Seconds from the sending of the last request that was answered before the move to the sending
    of the first one after it."""


@dataclass(slots=True)
class FamilyRecord:
    """What became of one family."""

    family: Family
    back_to: str
    there: Move = field(default_factory=Move)
    back: Move = field(default_factory=Move)
    asked: bool = False
    """The kernel was asked since the move."""
    astray: str = ""
    """Where it sent the traffic instead, in words, when it did so at any time; empty: nowhere."""
    longest: float = 0.0
    """Seconds: the longest time between two answered requests through the active uplink."""
    left_by: str | None = None
    """Why the traffic left the uplink: `end`, `released`, `replaced`, `policy-changed`, or
    `did-not-hold`; None: it did not."""
    left_for: str | None = None
    answered: float = -inf
    """When the latest request was sent that was answered through the active uplink."""


class DrillRecord:
    """One drill, of `uplink`, until `until`; `called`: its id, by its client. `restarted`: it
    began before the engine did."""

    def __init__(
        self,
        uplink: str,
        began: float,
        until: float,
        families: Iterable[tuple[Family, str, float]],
        *,
        called: str | None = None,
        restarted: bool = False,
    ) -> None:
        self.uplink, self.began, self.until, self.id = uplink, began, until, called
        self.restarted = restarted
        self.families = {
            family: FamilyRecord(family, back_to, answered=answered)
            for family, back_to, answered in families
        }
        self.tallies: dict[UplinkId, Tally] = {}
        self.notes: list[tuple[float, str]] = []
        self.ended = inf
        """When the order was seen to be gone."""

    def keep(self, families: Collection[Family]) -> None:
        """Only these took the order."""
        self.families = {f: its for f, its in self.families.items() if f in families}

    def on_round(self, event: Round) -> None:
        """Count a round that was sent since the beginning."""
        if event.outcome is RoundOutcome.UNKNOWN or event.sent_at < self.began:
            return
        tally = self.tallies.setdefault(event.uplink, Tally())
        tally.rounds += 1
        tally.lost += event.outcome is RoundOutcome.FAILED
        trips = [answer.rtt for answer in event.answers if answer.rtt is not None]
        tally.answers += len(trips)
        tally.sum += sum(trips)
        tally.longest = max([tally.longest, *trips])
        family = self.families.get(event.uplink.family)
        if family is not None and trips and event.uplink.name == self._active(family, event):
            _answered(family, event.sent_at)

    def on_decision(self, decision: Decision, *, ordered: bool) -> None:
        """The selection changed; `ordered`: an order stands now."""
        family = self.families.get(decision.family)
        if family is None:
            return
        if decision.selected == self.uplink and family.there.decided == inf:
            family.there.decided = decision.at
        elif decision.previous == self.uplink and family.left_by is None:
            family.back.decided, family.left_for = decision.at, decision.selected
            family.left_by = self._why_left(decision, ordered=ordered)

    def _why_left(self, decision: Decision, *, ordered: bool) -> str:
        if decision.at >= self.until:
            return "end"
        if decision.cause is Cause.OPERATOR:
            return "replaced" if ordered else "released"
        return _LEFT.get(decision.cause, "did-not-hold")

    def on_rule(self, change: RuleChange) -> None:
        """A rule of an uplink failed, which the report should name."""
        if change.after is RuleState.FAILED and len(self.notes) < _MOST_NOTES:
            text = f"{change.uplink.name}: rule {change.rule} failed: {change.evidence}"
            self.notes.append((change.at, text))

    def on_routes(self, at: float) -> None:
        """The kernel was brought to the plan."""
        for family in self.families.values():
            for move in (family.there, family.back):
                if move.decided < inf and move.routed == inf:
                    move.routed = at

    def on_ways(self, status: Status) -> None:
        """The kernel was asked, and this is known then."""
        for known in status.families:
            family = self.families.get(known.family)
            if family is not None and known.active == self.uplink and family.there.routed < inf:
                family.asked = True
                family.astray = family.astray or known.astray

    def see(self, status: Status) -> None:
        """Look whether the order still stands."""
        if self.ended == inf and not any(self._stands(each) for each in status.families):
            self.ended = min(status.at, self.until)

    def _stands(self, known: FamilyStatus) -> bool:
        order = known.override
        return (
            known.family in self.families
            and order is not None
            and order.back_to is not None
            and (order.uplink, order.until) == (self.uplink, self.until)
        )

    def is_over(self, status: Status) -> bool:
        """Whether nothing more is to be measured."""
        if self.ended == inf:
            return False
        if status.at >= self.ended + PATIENCE:
            return True
        return all(
            _settled(self.families[known.family], known, status.at)
            for known in status.families
            if known.family in self.families
        )

    def _active(self, family: FamilyRecord, event: Round) -> str | None:
        """Which uplink was active when the round was sent."""
        if family.back.routed <= event.sent_at:
            return family.left_for
        moved = self.restarted or family.there.routed <= event.sent_at
        return self.uplink if moved else family.back_to


def _answered(family: FamilyRecord, sent_at: float) -> None:
    gap = sent_at - family.answered
    if 0 < gap < inf:
        family.longest = max(family.longest, gap)
        for move in (family.there, family.back):
            if move.outage is None and family.answered < move.routed <= sent_at:
                move.outage = gap
    family.answered = max(family.answered, sent_at)


def _settled(family: FamilyRecord, known: FamilyStatus, at: float) -> bool:
    if family.back.routed < inf:
        return family.back.outage is not None or at >= family.back.routed + _FIRST_ANSWER
    states = {each.health.uplink.name: each.health.state for each in known.uplinks}
    # It stays where it is: there is nowhere to return to.
    return states.get(family.back_to, UplinkState.FAILED) is UplinkState.FAILED


def begun(status: Status, uplink: str, until: float) -> Iterator[tuple[Family, str, float]]:
    """The families in which a drill of this uplink stands that ends then; for each, which uplink
    was active before, and when that was last known to answer."""
    for known in status.families:
        order = known.override
        if order is None or order.back_to is None:
            continue
        if (order.uplink, order.until) == (uplink, until):
            yield known.family, order.back_to, last_good(known, order.back_to)


def last_good(known: FamilyStatus, name: str) -> float:
    """When an uplink was last known to answer."""
    health = next((u.health for u in known.uplinks if u.health.uplink.name == name), None)
    return -inf if health is None else health.last_good
