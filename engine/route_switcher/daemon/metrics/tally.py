"""Counts what happens in the engine. Pure: it reads no clock, and asks nobody.

A round costs a few microseconds, since it only adds numbers up. What they mean is in `catalogue`.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import assert_never

from route_switcher.analysis.figures.traffic import bytes_of_target
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import Answers, Event, HookEnded, Reload, Round
from route_switcher.core.vocabulary.hooks import Hook, HookKind, HookSubject
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import (
    Decision,
    Output,
    RouteLost,
    RoutingRuleLost,
)
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Change
from route_switcher.core.vocabulary.states import Cause, RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.daemon.metrics.exposition import Histogram

ROUND_TRIPS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
DELAYS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
CHANGES = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
"""Upper bounds of histograms, in seconds."""


@dataclass(slots=True)
class ProbeTally:
    """What the rounds of one probe through one uplink came to. A request costs `request_bytes`,
    and one that is answered `answered_bytes`, both ways together."""

    request_bytes: int
    answered_bytes: int
    timeout: float
    """Seconds that a target has for its answer."""

    good: int = 0
    failed: int = 0
    unknown: int = 0
    answered: int = 0
    lost: int = 0
    round_trips: Histogram = field(default_factory=lambda: Histogram(ROUND_TRIPS))
    last_round_trip: float | None = None
    bytes: int = 0


class Tally:
    """All that is counted. Uplinks and probes that leave the policy are forgotten."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._costs = _costs(policy)
        self.probes: dict[tuple[UplinkId, str], ProbeTally] = {}
        self.delays = Histogram(DELAYS)
        self.reconciles = Histogram(CHANGES)
        self.switches: Counter[tuple[Family, Cause]] = Counter()
        self.routes_lost: Counter[Family] = Counter()
        self.rules_lost: Counter[Family] = Counter()
        self.route_actions: Counter[tuple[Family, Change]] = Counter()
        self.orders: Counter[str] = Counter()
        self.hook_runs: Counter[HookKind] = Counter()
        self.hook_failures: Counter[HookKind] = Counter()
        self.undelivered: Counter[HookKind] = Counter()
        self.overruns = 0
        self._attempts: dict[tuple[Hook, HookSubject], int] = {}

    @property
    def policy(self) -> Policy:
        """The one in effect."""
        return self._policy

    def event(self, event: Event) -> None:
        """Count an event that the engine is given."""
        if isinstance(event, Round):
            self._on_round(event)
        elif isinstance(event, Answers):
            self._on_answers(event)
        elif isinstance(event, HookEnded):
            self._on_hook_ended(event)
        elif isinstance(event, Reload):
            self._apply_policy(event.policy)
        elif isinstance(event, Switch):
            # What an engine before this one was ordered is not counted twice.
            self.orders["switch"] += not event.kept_in
        elif isinstance(event, Drill):
            self.orders["drill"] += 1
        elif isinstance(event, Release):
            self.orders["release"] += 1

    def output(self, output: Output) -> None:
        """Count what the engine says."""
        if isinstance(output, Decision):
            if output.previous is not None and output.previous != output.selected:
                self.switches[output.family, output.cause] += 1
        elif isinstance(output, RouteLost):
            self.routes_lost[output.route.family] += 1
        elif isinstance(output, RoutingRuleLost):
            self.rules_lost[output.rule.family] += 1
        elif isinstance(output, RunHook):
            self.hook_runs[output.hook.kind] += 1
            self._attempts[output.hook, output.moment.subject] = output.attempt

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """Count what was changed in the kernel."""
        if result.changed:
            self.reconciles.observe(seconds)
        for action in result.done:
            self.route_actions[action.route.family, action.change] += 1

    def sent(self, delay: float) -> None:
        """Count a round that was sent so many seconds later than planned."""
        self.delays.observe(delay)

    def _on_round(self, event: Round) -> None:
        key = event.uplink, event.probe
        tally = self.probes.get(key)
        if tally is None:
            if key not in self._costs:
                return  # it has just left the policy
            tally = self.probes[key] = ProbeTally(*self._costs[key])
        outcome = event.outcome
        if outcome is RoundOutcome.GOOD:
            tally.good += 1
        elif outcome is RoundOutcome.FAILED:
            tally.failed += 1
        elif outcome is RoundOutcome.UNKNOWN:
            tally.unknown += 1
        else:
            assert_never(outcome)
        for answer in event.answers:
            rtt = answer.rtt
            if rtt is not None:
                tally.round_trips.observe(rtt)
                tally.last_round_trip = rtt
                tally.bytes += tally.answered_bytes
                tally.answered += 1
            elif answer.pending:
                # Nobody waits for it any more, but most come.
                tally.bytes += tally.answered_bytes
            elif answer.asked:
                tally.bytes += tally.request_bytes
                tally.lost += outcome is not RoundOutcome.UNKNOWN

    def _on_answers(self, event: Answers) -> None:
        tally = self.probes.get((event.uplink, event.probe))
        if tally is None:
            return
        for answer in event.answers:
            if answer.rtt is None:
                tally.lost += answer.asked and not answer.pending
            elif answer.rtt <= tally.timeout:  # a later one was counted as lost
                tally.answered += 1

    def _on_hook_ended(self, event: HookEnded) -> None:
        attempt = self._attempts.pop((event.hook, event.subject), 0)
        if event.problem:
            self.hook_failures[event.hook.kind] += 1
            self.undelivered[event.hook.kind] += attempt >= event.hook.attempts

    def _apply_policy(self, policy: Policy) -> None:
        self._policy = policy
        self._costs = _costs(policy)
        self.probes = {key: tally for key, tally in self.probes.items() if key in self._costs}
        for key, tally in self.probes.items():
            tally.request_bytes, tally.answered_bytes, tally.timeout = self._costs[key]


def _costs(policy: Policy) -> dict[tuple[UplinkId, str], tuple[int, int, float]]:
    """Bytes of a target that is asked, and of one that answers, and the timeout, for each probe and
    uplink."""
    return {
        (uplink.id, probe.name): (
            bytes_of_target(probe.check, uplink.family, answers=False),
            bytes_of_target(probe.check, uplink.family),
            probe.timeout,
        )
        for uplink in policy.uplinks
        for probe in policy.probes_through(uplink.name)
    }
