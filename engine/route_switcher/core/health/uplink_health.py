"""The health of one uplink: its rules, its link, and what its probes last said."""

from collections.abc import Mapping, Sequence, Set
from math import inf

from route_switcher.core.health.answering import Answering
from route_switcher.core.health.broken_layer import describe_broken
from route_switcher.core.health.damping import Penalty
from route_switcher.core.health.rule_health import RuleHealth
from route_switcher.core.health.rules_at_reload import rules_at_reload
from route_switcher.core.health.shared_windows import NewWindows, SharedWindows
from route_switcher.core.health.silence import Silence
from route_switcher.core.health.way_out import WayOut
from route_switcher.core.notices import Notices
from route_switcher.core.probing.assignment import meaning, meanings
from route_switcher.core.probing.pace import longest_silence
from route_switcher.core.reminder import Reminder
from route_switcher.core.vocabulary.conditions import takes_time
from route_switcher.core.vocabulary.events import Answers, LinkState, Round
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import (
    DECIDED_BY,
    RoundOutcome,
    RuleState,
    UplinkState,
    worst,
)
from route_switcher.core.vocabulary.status import RuleStatus
from route_switcher.core.vocabulary.uplinks import Uplink

SHORTEST_DISTRUST, LONGEST_DISTRUST = 10.0, 3600.0
"""Seconds for which an uplink is not returned to at least, after a move to it was undone: doubled
each time in a row."""


class UplinkHealth(WayOut):
    """What is known of one uplink, by rounds that are sent from `begun` on. `trusted` uplinks start
    unknown, others recovering.

    `suspects` are the targets to leave out of windows, by probe; the sets are shared, and change.
    """

    def __init__(
        self,
        uplink: Uplink,
        policy: Policy,
        link: LinkState,
        trusted: bool,
        suspects: Mapping[str, Set[Target]],
        begun: float = -inf,
    ) -> None:
        super().__init__(uplink, policy, link)
        self.ever_failed = False
        """Whether it has been failed since the engine knows it."""
        self.left_before = False
        """Whether the traffic had left it for a less preferred one before the engine started."""
        self._failed_at = inf
        self.last_known = -inf
        """When the latest known round was told."""
        self.last_good = -inf
        """When the latest good round was told."""
        self.last_told = -inf
        """When the latest round was told, known or not."""
        self.last_reason = "no round has ended yet"
        """Why the latest round was unknown, in words."""
        self.penalty = Penalty(policy.hold_back.damping)
        """What its failures cost it, if it flaps."""
        self.silence = Silence(longest_silence(policy))
        self._distrusted = 0
        """How often in a row a move to it was undone."""
        self.setbacks = Reminder()
        """When to tell once more that its stable time begins again."""
        self.notices = Notices()
        state = RuleState.UNKNOWN if trusted else RuleState.RECOVERING
        probes = policy.probes_through(uplink.name)
        rules = policy.rules_for(uplink.name)
        self._answering = Answering(probes, rules, begun)
        new = NewWindows(uplink.family, probes, suspects)
        self._take_rules([RuleHealth(uplink, rule, probes, link, new, state) for rule in rules])

    def knows(self, event: Round | Answers) -> bool:
        """Whether this is of a probe that goes through it; not if it was sent before a reload
        changed the probe or the line."""
        return self._answering.knows(event)

    def wants_another_router(self, at: float) -> bool:
        """Whether it is failed, and should try another of the routers that it is told of."""
        failed = self.state is UplinkState.FAILED and self.usable
        return failed and self.hop.may_try_another(at)

    @property
    def judged(self) -> bool:
        """Whether any round has had a known outcome."""
        return self.last_known > -inf

    @property
    def stable_time(self) -> float:
        """The longest time (seconds) that a rule wants good rounds for before it recovers."""
        return max((rule.rule.recover.stable for rule in self._rules), default=0.0)

    @property
    def proven(self) -> float:
        """Seconds that good rounds have covered for the rule that has seen the fewest of those
        that recover; 0 if none does."""
        recovering = (r.stable_for for r in self._rules if r.state is RuleState.RECOVERING)
        return min(recovering, default=0.0)

    @property
    def failing_since(self) -> float:
        """When the run of failures began that fails this uplink; -inf if no rule is failed."""
        return max(
            (
                rule.failing_since
                for rule in self._rules
                if rule.state is RuleState.FAILED and rule.failing_since is not None
            ),
            default=-inf,
        )

    def failing_for(self, now: float) -> float:
        """Seconds for which it has been in trouble, if it is failed, else 0. One good round, after
        which a run of failures begins again, does not end that."""
        if self.state is not UplinkState.FAILED:
            return 0.0
        since = self.failing_since
        return now - (self._failed_at if since == -inf else min(since, self._failed_at))

    @property
    def link_lost(self) -> bool:
        """Whether it is failed and `cut`: leaving it needs no newer answer."""
        return self.state is UplinkState.FAILED and self.cut

    @property
    def at_rest(self) -> bool:
        """Whether more good rounds like the latest, and time, would change nothing."""
        return (
            self.state is UplinkState.HEALTHY
            and self.last_told == self.last_known
            and self._answering.good
            and all(rule.at_rest for rule in self._rules)
            and self._windows.calm
        )

    def rests_failed(self, at: float) -> bool:
        """Whether it is failed, and more failed rounds like the latest, and time, would change
        nothing."""
        return (
            self.state is UplinkState.FAILED
            and self.last_told == self.last_known
            and self._answering.silent(at)
            and all(rule.rests_failing for rule in self._rules)
            and self._windows.still
            and self.hop.deadline() == inf
            and len(self.hop.usable) <= 1
        )

    def rules(self) -> tuple[RuleStatus, ...]:
        """What each rule that judges it says of it."""
        return tuple(rule.status() for rule in self._rules)

    def failed_rules(self) -> tuple[str, ...]:
        """The names of the rules that say `failed`."""
        return tuple(r.rule.name for r in self._rules if r.state is RuleState.FAILED)

    def evidence(self) -> str:
        """Why the rules that decide the uplink's state say what they say, in words."""
        if not self.judged and self.state is UplinkState.UNKNOWN:
            return f"nothing is known of {self.label} yet"
        state = self.state
        deciding = [r for r in self._rules if r.evidence and r.state is DECIDED_BY[state]]
        words = [f"{r.rule.name}: {r.evidence}" for r in deciding]
        if state is UplinkState.HEALTHY and self._answering.undecided:
            words = ["but its latest round failed"]
        if state is UplinkState.FAILED and self._several_layers and not self.cut:
            words += filter(None, [self.broken])
        return f"{self.label} is {state.value}" + (f" ({'; '.join(words)})" if words else "")

    @property
    def broken(self) -> str:
        """The first layer that is broken of those that are probed, and what works beside it, in
        words; empty: none, as far as is known."""
        return describe_broken(self._answering.said, connected=self.link.connected)

    @property
    def _several_layers(self) -> bool:
        """Whether the probes tell layers apart."""
        layers = {layer for each in self._answering.said for layer in (each.layer, each.failed_at)}
        return len(layers - {None}) > 1

    def why_not(self, now: float, since: float = -inf, *, urgent: bool = False) -> str:
        """Why it does not count as answering, in words; empty if it does: the latest known round
        of a probe, or of several, is good, recent, and not sent before `since`, and no other probe
        is to be waited for. `urgent`: the traffic has waited for the longest time.

        A probe that began to fail recently may still make the uplink fail, so it is waited for. One
        that has failed for longer, and has not failed the uplink (its target is gone, and a rule
        asks for two), is ignored.
        """
        answering = self._answering
        confirming = answering.confirming(now)
        may_still_fail = confirming and any(rule.may_still_fail for rule in self._rules)
        return answering.why_not(now, since, may_still_fail=may_still_fail, urgent=urgent)

    @property
    def answers(self) -> bool:
        """Whether it is not `cut`, and the latest known round of any probe was good."""
        return not self.cut and self._answering.any_good

    def silent(self, now: float) -> bool:
        """Whether surely no probe gets an answer through it any more."""
        return self.cut or self._answering.silent(now)

    def on_round(self, event: Round) -> list[RuleChange]:
        """Judge a round."""
        at, good = event.at, event.outcome is RoundOutcome.GOOD
        self.last_told = at
        if event.outcome is RoundOutcome.UNKNOWN:
            self.last_reason = event.reason
            return []
        self.last_known = at
        self.last_good = at if good else self.last_good
        self.last_reason = "no round has ended since"
        self.silence.restart(at)
        self.hop.on_round(good=good)
        self._answering.on_round(event)
        rules = self._counting[event.probe]
        if event.probe in self._windows.probes:
            # What held before this round is judged by windows without it.
            for rule in rules:
                rule.catch_up(at)
            self._windows.on_round(event)
        changes: list[RuleChange] = []
        for rule in rules:
            changes += rule.on_round(event)
        return self._changed(changes, at)

    def on_answers(self, event: Answers) -> None:
        """Take what became of targets later."""
        self._windows.on_answers(event)

    def on_link(self, link: LinkState, at: float) -> list[RuleChange]:
        """Take what the kernel says of the interface."""
        self.take_link(link, at)
        seen = self.link
        if not seen.connected:
            self._answering.lose_link(at)
        changes = [c for rule in self._rules for c in rule.on_link(seen, at)]
        changes += [c for rule in self._rules for c in rule.on_next_hop(self.hop.absent, at)]
        return self._changed(changes, at)

    def see_link(self, link: LinkState, at: float) -> list[RuleChange]:
        """The same, where it may be no news."""
        return [] if self.is_so(link) else self.on_link(link, at)

    def see_hops(self, told: Sequence[LearnedHop], at: float) -> list[RuleChange]:
        """Take what the routes of others tell of next hops."""
        self.hop.tell(told)
        return self.on_link(self.link, at)

    def on_time(self, at: float) -> list[RuleChange]:
        """Judge what may have held long enough now."""
        if self.end_absence(at):
            self._answering.lose_link(at)
        return self._changed([c for rule in self._rules for c in rule.on_time(at)], at)

    def deadline(self) -> float:
        """When to call `on_time`; inf: never."""
        earliest = self.hop.deadline()
        for rule in self._timed:
            earliest = min(earliest, rule.deadline())
        return earliest

    def fast_forward(self, delta: float) -> None:
        """Behave as if rounds like the latest had come for `delta` more seconds."""
        good = self._answering.good
        self.last_known += delta
        self.last_good += delta if good else 0.0
        self.last_told += delta
        self.silence.fast_forward(delta)
        self._answering.fast_forward(delta)
        for rule in self._rules:
            rule.fast_forward(delta, good=good)
        self._windows.fast_forward(delta)

    def require_recovery(self, at: float, evidence: str) -> list[RuleChange]:
        """Let the uplink prove itself, where nothing good is known of it."""
        return self._changed(
            [c for rule in self._rules for c in rule.require_recovery(at, evidence)], at
        )

    def distrust(self, at: float, evidence: str) -> list[RuleChange]:
        """Let the uplink prove itself though it looks well: for as long as its recover conditions
        take, and longer each time in a row."""
        hold = min(SHORTEST_DISTRUST * 2**self._distrusted, LONGEST_DISTRUST)
        self._distrusted += 1
        changes = [c for rule in self._rules for c in rule.distrust(at, evidence, at + hold)]
        return self._changed(changes, at)

    def trust(self) -> None:
        """What was sent by the default route got answers through it."""
        self._distrusted = 0

    def apply_policy(
        self,
        uplink: Uplink,
        old: Policy,
        new: Policy,
        suspects: Mapping[str, Set[Target]],
        at: float,
    ) -> None:
        """Carry the state over to a new policy, by the names of rules and probes."""
        renamed = uplink.name != self.uplink.name
        probes = new.probes_through(uplink.name)
        before = meanings(old.probes_through(self.uplink.name), uplink.family)
        self.take_uplink(uplink, new, at)
        self.penalty.restart(new.hold_back.damping)
        self.silence.longest = longest_silence(new)
        rules = new.rules_for(uplink.name)
        unchanged = {p.name for p in probes if meaning(p, uplink.family) in before}
        self._answering.apply_policy(probes, rules, unchanged, at, renamed=renamed)
        # A new rule must not make an uplink healthy that the old ones were still holding back.
        proving = self.state in (UplinkState.FAILED, UplinkState.RECOVERING)
        unjudged = RuleState.RECOVERING if proving else RuleState.UNKNOWN
        windows = NewWindows(uplink.family, probes, suspects)
        self._take_rules(
            rules_at_reload(self._rules, rules, uplink, probes, self.link, windows, unjudged)
        )

    def _take_rules(self, rules: list[RuleHealth]) -> None:
        self._rules = rules
        self._counting = {
            name: [r for r in rules if r.counts(name)] for name in self._answering.probes
        }
        self._timed = [rule for rule in rules if takes_time(rule.rule.fail)]
        """The rules that may come to fail by time alone."""
        self._windows = SharedWindows(rule.measurements for rule in rules)
        self.state = worst(rule.state for rule in rules)
        """The worst of the rules' states."""

    def _changed(self, changes: list[RuleChange], at: float) -> list[RuleChange]:
        if changes:
            before, self.state = self.state, worst(rule.state for rule in self._rules)
            if self.state is UplinkState.FAILED and before is not UplinkState.FAILED:
                self.ever_failed = True
                self._failed_at = at
                self.penalty.add_failure(at)
        return changes
