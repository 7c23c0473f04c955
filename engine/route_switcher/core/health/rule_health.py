"""One rule on one uplink: what it has gathered, and what that means for its state.

Two clocks run in a rule. The run of failures counts failed rounds since the last good one. The
stable time is the time *covered by good rounds*: from the sending of the first good round to the
end of the latest, started again by every failed round and by every gap in which nothing was known.
So time alone never makes a rule recover: a good round must come and complete it.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import inf

from route_switcher.core.health.evaluators import Observations, Run, make_evaluator, may_still_fail
from route_switcher.core.health.rule_states import TRANSITIONS, Signal
from route_switcher.core.health.shared_windows import MeasurementsOfRule, NewWindows
from route_switcher.core.probing.assignment import concerned, meanings
from route_switcher.core.probing.pace import longest_break, longest_gap
from route_switcher.core.vocabulary.conditions import Subject, takes_time
from route_switcher.core.vocabulary.events import LinkState, Round
from route_switcher.core.vocabulary.link_troubles import describe_link
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import Rule
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.status import RuleStatus, Setback
from route_switcher.core.vocabulary.uplinks import Uplink


class RuleHealth:
    """One rule judged on one uplink. Give it rounds in the order of sending.

    `probes` are those that go through the uplink. The rule only looks at its windows, which others
    look at too: whoever owns them lets all their rules `catch_up`, then has the windows take the
    round, and then calls `on_round` of each rule.
    """

    __slots__ = (
        "_about_next_hop",
        "_break",
        "_concerned",
        "_confirmed",
        "_enough",
        "_fail",
        "_last_good",
        "_lost_at",
        "_not_before",
        "_observations",
        "_probes",
        "_recover",
        "_stable_since",
        "_timed",
        "_trouble",
        "evidence",
        "failing_since",
        "rule",
        "setback",
        "since",
        "state",
        "uplink",
    )

    def __init__(
        self,
        uplink: Uplink,
        rule: Rule,
        probes: Sequence[Probe],
        link: LinkState,
        windows: NewWindows,
        state: RuleState,
    ) -> None:
        self.uplink = uplink
        # A next hop that is there proves nothing. Only its absence says something.
        self.state = RuleState.OK if rule.is_about(Subject.NEXT_HOP) else state
        self.evidence = ""
        """Why the state last changed, in words; empty until it does."""
        self.since = -inf
        """When the state last changed."""
        self.failing_since: float | None = None
        """When this trouble began: its first round was sent, or the link was lost."""
        self._lost_at: float | None = None
        self._not_before = -inf
        """Before that, it does not recover."""
        self.setback: Setback | None = None
        """The latest since it recovers."""
        self._begin(rule, probes, link, windows)

    def _begin(
        self, rule: Rule, probes: Sequence[Probe], link: LinkState, windows: NewWindows
    ) -> None:
        self.rule = rule
        self._about_next_hop = rule.is_about(Subject.NEXT_HOP)
        its_probes = self._probes = concerned(rule, probes)
        self._concerned = frozenset(p.name for p in its_probes)
        self._break = max(longest_break(p) for p in its_probes)
        gap = max(longest_gap(p) for p in its_probes)
        self._observations = Observations(link, gap, runs={name: Run() for name in self._concerned})
        for leaf in rule.leaves:
            if leaf.probe is not None and leaf.window is not None:
                key = leaf.probe, leaf.window
                self._observations.measurements[key] = windows.of(*key)
        self._fail = make_evaluator(rule.fail, self._observations)
        recover = rule.recover.condition
        self._recover = None if recover is None else make_evaluator(recover, self._observations)
        pairs = ((rule.fail, self._fail), (recover, self._recover))
        self._timed = [j for c, j in pairs if c is not None and j is not None and takes_time(c)]
        self._trouble = frozenset(leaf.probe for leaf in rule.fail_leaves if leaf.probe is not None)
        """The probes whose failed rounds may be the beginning of this rule's failure."""
        self._confirmed = max((leaf.rounds for leaf in rule.fail_leaves), default=0)
        """Failed rounds in a row, of whichever probe, above which their number means nothing."""
        self._enough = max((leaf.rounds for leaf in rule.recover_leaves), default=0)
        """Good rounds in a row, of whichever probe, above which their number means nothing."""
        self._stable_since: float | None = None
        self._last_good = -inf

    @property
    def measurements(self) -> MeasurementsOfRule:
        """What it looks at."""
        return self._observations.measurements

    @property
    def stable_for(self) -> float:
        """Seconds that good rounds have covered since the last failure or gap."""
        return 0.0 if self._stable_since is None else self._last_good - self._stable_since

    @property
    def at_rest(self) -> bool:
        """Whether more good rounds like the latest, and time, would change nothing while its
        windows are calm."""
        return (
            self.state is RuleState.OK
            and self.failing_since is None
            and self.deadline() == inf
            and self._observations.link.connected
            and all(run.successes >= self._enough for run in self._observations.runs.values())
        )

    @property
    def rests_failing(self) -> bool:
        """Whether more failed rounds like the latest, and time, would change nothing while its
        windows are still."""
        if self._ignores_rounds:
            return self.deadline() == inf
        runs = self._observations.runs.values()
        return all(run.failures >= max(self._confirmed, 1) for run in runs) and all(
            judge.deadline() == inf for judge in self._timed
        )

    @property
    def may_still_fail(self) -> bool:
        """Whether the latest rounds, and the link, are such that it might come to fail."""
        return may_still_fail(self.rule.fail, self._observations)

    def status(self) -> RuleStatus:
        """What it says now."""
        recovers = self.state in (RuleState.FAILED, RuleState.RECOVERING)
        return RuleStatus(
            self.rule.name,
            self.state,
            self.evidence,
            self.since,
            self.stable_for,
            self.rule.recover.stable,
            self.setback,
            self._recover.evidence() if recovers and self._recover is not None else "",
        )

    def counts(self, probe: str) -> bool:
        """Whether rounds of this probe concern the rule: one that names none takes any probe's."""
        return probe in self._concerned

    def on_round(self, event: Round) -> list[RuleChange]:
        """Judge a round of a probe that `counts`; an unknown one leaves everything as it is."""
        if event.outcome is RoundOutcome.UNKNOWN or self._ignores_rounds:
            return []
        if self._timed:
            self.catch_up(event.at)
        observations = self._observations
        gap = event.sent_at - observations.known_at
        observations.known_at = event.sent_at
        if gap > self._break:
            self._begin_again(event.at, "nothing was known of it for too long")
            if gap > observations.gap:
                self._restart_judges()
        if event.outcome is RoundOutcome.GOOD:
            return self._good(event)
        return self._bad(event)

    def on_link(self, link: LinkState, at: float) -> list[RuleChange]:
        """Judge the state of the link; only a rule about the carrier has an opinion on it."""
        self.catch_up(at)
        self._observations.link = link
        if self.rule.names_the_carrier and not link.connected:
            self._lost_at = at
            self._begin_again(at, describe_link(link))
            self._run_of_failures(at)
        if self._recover is not None:
            self._recover.holds(at)
        return self._judge_now(at)

    def on_next_hop(self, absent: str, at: float) -> list[RuleChange]:
        """Judge why there is no next hop or no address, in words (empty: there is); only a rule
        about the next hop has an opinion on it."""
        if not self._about_next_hop:
            return []
        self.catch_up(at)
        before, self._observations.absent = self._observations.absent, absent
        if absent:
            self._run_of_failures(at)
        elif before and self.state is not RuleState.FAILED:
            self.failing_since = None  # it is back in time: that was no trouble
        return self._judge_now(at)

    def on_time(self, at: float) -> list[RuleChange]:
        """Judge a condition that may have held long enough now."""
        if self.deadline() > at:
            return []
        self.catch_up(at)
        return self._judge_now(at)

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        return inf if self.state is RuleState.FAILED else self._fail.deadline()

    def require_recovery(self, at: float, evidence: str) -> list[RuleChange]:
        """Let an uplink of which nothing good is known prove itself for the full stable time."""
        return self._signal(Signal.REQUIRE_RECOVERY, at, evidence)

    def distrust(self, at: float, evidence: str, until: float) -> list[RuleChange]:
        """Let an uplink that looks well prove itself by the whole recover condition, and until
        then at least. What was seen before counts no more."""
        if self._about_next_hop:
            return []
        self._begin_again(at, evidence)
        for run in self._observations.runs.values():
            run.successes = 0
        windows = (leaf.window or 0.0 for leaf in self.rule.recover_leaves)
        self._not_before = max(until, at + max(windows, default=0.0))
        return self._signal(Signal.DISTRUSTED, at, evidence)

    def goes_on_with(self, rule: Rule, probes: Sequence[Probe]) -> bool:
        """Whether a new policy, with these probes through the uplink, changes nothing for it."""
        family = self.uplink.family
        same = meanings(self._probes, family) == meanings(concerned(rule, probes), family)
        return same and replace(self.rule, uplinks=None) == replace(rule, uplinks=None)

    def restart(self, rule: Rule, probes: Sequence[Probe], windows: NewWindows) -> None:
        """Take a changed rule or probe: the state stays, counters, clocks and windows start
        again."""
        self._begin(rule, probes, self._observations.link, windows)
        if self.state is not RuleState.FAILED:
            self.failing_since = None

    def fast_forward(self, delta: float, *, good: bool) -> None:
        """Behave as if rounds like the latest had come for `delta` more seconds, all of them good,
        or all failed."""
        if self._ignores_rounds:
            return
        self._observations.known_at += delta
        self._last_good += delta if good else 0.0

    @property
    def _ignores_rounds(self) -> bool:
        """Whether rounds do not matter now: to a rule about the next hop, only when it recovers."""
        return self._about_next_hop and self.state is RuleState.OK

    def catch_up(self, at: float) -> None:
        """Ask the evaluators at the times before `at` at which a part came to hold by time alone: a
        `for` around it begins then, not with the event that sees it."""
        for judge in self._timed:
            while (due := judge.deadline()) < at:
                judge.holds(due)

    def _good(self, event: Round) -> list[RuleChange]:
        lost = self._lost_at
        if lost is not None and (not self._observations.link.connected or event.sent_at < lost):
            return []  # the answer to a round that was sent before the link went
        self._lost_at = None
        run = self._observations.runs[event.probe]
        run.failures = 0
        run.failing_since = inf
        run.successes += 1
        self._last_good = event.at
        recovers = self._recover is None or self._recover.holds(event.at)
        if self._fail.holds(event.at):
            self._stable_since = None
            return self._failed(event.sent_at, event.at)
        if self.failing_since is not None:
            self.failing_since = self._failing_elsewhere()
        if self._stable_since is None:
            self._stable_since = event.sent_at
        if self.state is RuleState.OK:
            return []
        changes = self._signal(Signal.GOOD, event.at, "a good round")
        stable = self.rule.recover.stable
        proven = recovers and self.stable_for >= stable and event.at >= self._not_before
        if self.state is RuleState.RECOVERING and proven:
            evidence = f"good rounds for {self.stable_for:.1f} s"
            if self._recover is not None:
                evidence += f", {self._recover.evidence()}"
            changes += self._signal(Signal.RECOVERED, event.at, evidence)
        return changes

    def _bad(self, event: Round) -> list[RuleChange]:
        run = self._observations.runs[event.probe]
        run.failures += 1
        run.failing_since = min(run.failing_since, event.sent_at)
        run.successes = 0
        run.reason = event.reason
        if event.probe not in self._trouble or self.may_still_fail:
            self._begin_again(event.at, event.reason)
        if event.probe in self._trouble:
            self._run_of_failures(event.sent_at)
        if self._recover is not None:
            self._recover.holds(event.at)
        if self._fail.holds(event.at):
            return self._failed(event.sent_at, event.at)
        return self._signal(Signal.ROUND_FAILED, event.at, event.reason)

    def _begin_again(self, at: float, reason: str) -> None:
        """The stable time begins again."""
        if self.state is RuleState.RECOVERING and self._stable_since is not None:
            self.setback = Setback(at, self.stable_for, reason)
        self._stable_since = None

    def _failing_elsewhere(self) -> float | None:
        """Since when another probe's rounds have been failing."""
        since = min(
            (self._observations.runs[probe].failing_since for probe in self._trouble), default=inf
        )
        return None if since == inf else since

    def _restart_judges(self) -> None:
        """Nothing was known of the rounds for too long: what they showed is not held to go on."""
        self._fail.restart()
        if self._recover is not None:
            self._recover.restart()

    def _judge_now(self, at: float) -> list[RuleChange]:
        return self._failed(at, at) if self._fail.holds(at) else []

    def _failed(self, since: float, at: float) -> list[RuleChange]:
        self._run_of_failures(since)
        if self.state is RuleState.FAILED:
            return []
        self._stable_since = None
        return self._signal(Signal.CONDITION_HELD, at, self._fail.evidence())

    def _run_of_failures(self, began: float) -> None:
        if self.failing_since is None:
            self.failing_since = began

    def _signal(self, signal: Signal, at: float, evidence: str) -> list[RuleChange]:
        before = self.state
        self.state = TRANSITIONS[before, signal]
        if self.state is before:
            return []
        self.evidence, self.since, self.setback = evidence, at, None
        return [RuleChange(at, self.uplink.id, self.rule.name, before, self.state, evidence)]
