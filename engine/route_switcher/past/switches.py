"""How each switch went: when the trouble began, was found, was decided on, and was over."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from route_switcher.core.vocabulary.events import Applied, Round
from route_switcher.core.vocabulary.outputs import Decision, RuleChange
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.reading import Entry

_PATIENCE = 60.0
"""Seconds within which routes are changed after a decision, and an answer has come."""


@dataclass(frozen=True, slots=True)
class Switch:
    """A decision, and what belongs to it. Times are of the day; None: there was none, or it is not
    known."""

    decided: float
    decision: Decision
    lost: float | None = None
    """When the first round of those that failed was sent through the uplink that was left, or its
    link was lost."""
    detected: float | None = None
    """When a rule failed there."""
    acted: float | None = None
    """When the routes were changed."""
    answered: float | None = None
    """When the first answer came through the other uplink that was asked for after that."""


class Switches:
    """Finds them, as the journal goes on."""

    def __init__(self) -> None:
        self._found: list[Switch] = []
        self._failed: dict[UplinkId, float] = {}
        self._open: dict[Family, Switch] = {}

    @property
    def calm(self) -> bool:
        """Whether further good rounds would say nothing."""
        return not self._open

    def take(self, entry: Entry) -> None:
        """One more entry."""
        record, at = entry.record, entry.wall
        for family, switch in list(self._open.items()):
            if at > switch.decided + _PATIENCE:
                self._close(family)
        match record:
            case RuleChange():
                if record.after is RuleState.FAILED:
                    self._failed[record.uplink] = at
            case Decision():
                self._decide(record, entry)
            case Applied():
                families = {each.route.family for each in record.actions}
                self._open |= {
                    family: replace(its, acted=at)
                    for family, its in self._open.items()
                    if family in families and its.acted is None
                }
            case Round():
                self._hear(record, entry)
            case _:
                pass

    def close(self) -> Iterable[Switch]:
        """All of them, in order of time."""
        for family in list(self._open):
            self._close(family)
        return sorted(self._found, key=lambda switch: switch.decided)

    def _decide(self, decision: Decision, entry: Entry) -> None:
        self._close(decision.family)
        if decision.previous is None:
            return
        lost = None if decision.since is None else entry.wall_of(decision.since)
        failed = self._failed.get(UplinkId(decision.previous, decision.family))
        known = lost is not None and failed is not None and failed >= lost
        self._open[decision.family] = Switch(entry.wall, decision, lost, failed if known else None)

    def _hear(self, event: Round, entry: Entry) -> None:
        switch = self._open.get(event.uplink.family)
        if switch is None or switch.acted is None or event.outcome is not RoundOutcome.GOOD:
            return
        through_it = event.uplink.name == switch.decision.selected
        if through_it and entry.wall_of(event.sent_at) >= switch.acted:
            self._open[event.uplink.family] = replace(switch, answered=entry.wall)
            self._close(event.uplink.family)

    def _close(self, family: Family) -> None:
        switch = self._open.pop(family, None)
        if switch is not None:
            self._found.append(switch)
