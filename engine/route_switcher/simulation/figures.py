"""What came of a policy on a network, counted as the simulation goes.

Seconds are those of the line, not of packets: an outage that users see is the time in which the
active uplink's line was dead, or no uplink was active. Nothing here grows with the time simulated
but the times to detect, one number for each outage, and the first switches.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf

from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import Cause, RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.drawing.stretches import LISTED
from route_switcher.simulation.network import LineCondition, LineReader
from route_switcher.simulation.outcome import (
    FamilyFigures,
    SeenOutage,
    Switched,
    UplinkOutcome,
)
from route_switcher.simulation.timeline import Timeline

SWITCHES_KEPT = 1000

_FORCED = frozenset({Cause.FAILOVER, Cause.FIRST_ANSWER})
_VOLUNTARY = frozenset({Cause.PREFERENCE, Cause.BETTER})


@dataclass(slots=True)
class _Trouble:
    """What the accounts remember of one uplink."""

    wrong_until: float = -inf
    """The latest time at which its line was not fine."""
    dead_since: float | None = None
    in_use: bool = False
    """Whether it was active when it went dead."""
    known: bool = False
    """Whether a rule has failed it since it went dead, or had before."""
    failed_rules: set[str] = field(default_factory=set)


class Accounts:
    """Keeps the figures of one policy. Give it the outputs as they come, with `advance` between.

    It calls uplinks by their labels (`Policy.label`). `lines`, of each of them, are read
    forward, so they are the accounts' own.
    """

    def __init__(
        self, policy: Policy, lines: Mapping[str, LineReader], timeline: Timeline, start: float
    ) -> None:
        self._label = policy.label
        labels = {u.id: policy.label(u.id) for u in policy.uplinks}
        self.uplinks = {name: UplinkOutcome() for name in labels.values()}
        self.families = {family: FamilyFigures() for family in policy.families}
        self.switches: list[Switched] = []
        """The first `SWITCHES_KEPT`."""
        self.seen: list[SeenOutage] = []
        """The first `LISTED` of each family."""
        self._names = {f: [labels[u.id] for u in policy.uplinks_of(f)] for f in policy.families}
        self._family_of = {name: its.family for its, name in labels.items()}
        self._windows = {r.name: _longest_window(policy, r.name) for r in policy.rules}
        self._lines = lines
        self._timeline = timeline
        self._now = start
        self._active: dict[Family, str | None] = dict.fromkeys(policy.families)
        self._troubles = {name: _Trouble() for name in labels.values()}
        self._outage_since: dict[Family, float | None] = dict.fromkeys(policy.families)
        self._outage_of: dict[Family, tuple[str | None, float]] = {}
        """Of the outage that lasts, who was active as it began, and `unavoidable` until then."""
        self._told: Moment | None = None
        self._conditions = self._look()

    def advance(self, to: float) -> None:
        """Account for the time until `to`, in which no output came."""
        while self._now < to:
            changes = [line.next_change(self._now) for line in self._lines.values()]
            until = min(to, *changes)
            self._span(until - self._now, until)
            self._now = until
            if until in changes:
                self._conditions = self._look()

    def on_output(self, output: Output) -> None:
        """Account for what the engine says at the time that `advance` was told last."""
        if isinstance(output, Decision):
            self._decision(output)
        elif isinstance(output, RuleChange):
            self._rule_change(output)
        elif isinstance(output, RunHook):
            self._hook(output.moment)

    def close(self) -> None:
        """End with what is not over."""
        for family in self.families:
            self._end_outage(family)

    # Time.

    def _look(self) -> dict[str, LineCondition]:
        """How the lines are now, with what follows from a line's going dead or coming back."""
        conditions = {name: line.condition(self._now) for name, line in self._lines.items()}
        for name, condition in conditions.items():
            trouble = self._troubles[name]
            if condition is not LineCondition.DEAD:
                self._revive(name, trouble)
            elif trouble.dead_since is None:
                trouble.dead_since = self._now
                trouble.in_use = self._active[self._family_of[name]] == name
                trouble.known = bool(trouble.failed_rules)
                self.uplinks[name].outages += 1
        return conditions

    def _revive(self, name: str, trouble: _Trouble) -> None:
        if trouble.dead_since is not None and not trouble.known:
            self.uplinks[name].missed += 1
            if trouble.in_use:
                self.families[self._family_of[name]].missed += 1
        trouble.dead_since = None

    def _span(self, seconds: float, until: float) -> None:
        """Account for `seconds` in which nothing changes."""
        for name, condition in self._conditions.items():
            figures = self.uplinks[name]
            if condition is LineCondition.FINE:
                continue
            self._troubles[name].wrong_until = until
            if condition is LineCondition.DEAD:
                figures.dead += seconds
            else:
                figures.brown += seconds
        for family, active in self._active.items():
            self._span_of_family(family, active, seconds)
        self._timeline.add(self._now, until, self._conditions, self._active, self._outage_since)

    def _span_of_family(self, family: Family, active: str | None, seconds: float) -> None:
        figures = self.families[family]
        if active is not None:
            self.uplinks[active].active += seconds
        condition = LineCondition.DEAD if active is None else self._conditions[active]
        if condition is not LineCondition.DEAD:
            self._end_outage(family)
            figures.brown += seconds if condition is LineCondition.BROWN else 0.0
            return
        if self._outage_since[family] is None:
            self._outage_since[family] = self._now
            self._outage_of[family] = (active, figures.unavoidable)
            figures.outages += 1
        figures.outage += seconds
        if all(self._conditions[name] is LineCondition.DEAD for name in self._names[family]):
            figures.unavoidable += seconds

    def _end_outage(self, family: Family) -> None:
        since, self._outage_since[family] = self._outage_since[family], None
        if since is None:
            return
        figures = self.families[family]
        figures.worst = max(figures.worst, self._now - since)
        if figures.outages <= LISTED:
            uplink, before = self._outage_of[family]
            unavoidable = figures.unavoidable - before
            active = self._active[family]
            switched_to = active if active != uplink else None
            self.seen.append(SeenOutage(since, self._now, family, uplink, unavoidable, switched_to))

    # What the engine says.

    def _decision(self, decision: Decision) -> None:
        self._active[decision.family] = self._label(UplinkId(decision.selected, decision.family))
        if decision.previous is None:
            return
        figures = self.families[decision.family]
        figures.switches += 1
        false = decision.cause in _FORCED and self._was_fine(decision)
        figures.failovers += decision.cause in _FORCED
        figures.false_failovers += false
        figures.fail_backs += decision.cause in _VOLUNTARY
        if len(self.switches) < SWITCHES_KEPT:
            self.switches.append(Switched(decision, false))

    def _hook(self, moment: Moment) -> None:
        """Each program of a hook is told of one moment."""
        if moment != self._told:
            self.families[moment.family].hooks += 1
        self._told = moment

    def _was_fine(self, decision: Decision) -> bool:
        """Whether the line that was left was fine in all the time that the rules judged."""
        if decision.previous is None or decision.since is None:
            return False
        window = max((self._windows.get(rule, 0.0) for rule in decision.rules), default=0.0)
        left = self._label(UplinkId(decision.previous, decision.family))
        return self._troubles[left].wrong_until <= decision.since - window

    def _rule_change(self, change: RuleChange) -> None:
        uplink = self._label(change.uplink)
        trouble = self._troubles[uplink]
        if change.after is not RuleState.FAILED:
            trouble.failed_rules.discard(change.rule)
            return
        trouble.failed_rules.add(change.rule)
        if trouble.dead_since is None or trouble.known:
            return
        trouble.known = True
        took = self._now - trouble.dead_since
        self.uplinks[uplink].detected.append(took)
        if trouble.in_use:
            self.families[change.uplink.family].detected.append(took)


def _longest_window(policy: Policy, name: str) -> float:
    """Seconds that the windows of a rule's fail condition look back at most."""
    return max(_windows(policy, name), default=0.0)


def _windows(policy: Policy, name: str) -> Iterator[float]:
    for rule in policy.rules:
        if rule.name == name:
            yield from (leaf.window or 0.0 for leaf in rule.fail_leaves)
