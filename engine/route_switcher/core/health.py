"""The health of one uplink: its rules, its link, and what its probes last said."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from math import inf

from route_switcher.core.events import LinkState, Round, RoundOutcome
from route_switcher.core.model import Policy, Probe, Rule, Uplink
from route_switcher.core.rules import RuleChange, RuleHealth, RuleState, longest_gap


class UplinkState(Enum):
    """The worst of the uplink's rules."""

    HEALTHY = "healthy"
    UNKNOWN = "unknown"
    RECOVERING = "recovering"
    FAILED = "failed"


_WORST_FIRST = (
    (RuleState.FAILED, UplinkState.FAILED),
    (RuleState.RECOVERING, UplinkState.RECOVERING),
    (RuleState.UNKNOWN, UplinkState.UNKNOWN),
)


_DECIDED_BY = {uplink: rule for rule, uplink in _WORST_FIRST} | {UplinkState.HEALTHY: RuleState.OK}


@dataclass(slots=True)
class _Latest:
    """The latest known round of one probe."""

    gap: float
    sent_at: float = -inf
    good: bool = False

    @property
    def failed(self) -> bool:
        """Whether there has been one, and it failed."""
        return not self.good and self.sent_at > -inf


class UplinkHealth:
    """What is known of one uplink. `trusted` uplinks start unknown, others recovering."""

    def __init__(self, uplink: Uplink, policy: Policy, link: LinkState, trusted: bool) -> None:
        self.uplink = uplink
        self.link = link
        self.routable = _routable(uplink, link)
        """Whether the kernel can hold a route of this uplink: present, up, with an address."""
        self.last_known = -inf
        """When the latest known round was told."""
        self.last_told = -inf
        """When the latest round was told, known or not."""
        self.last_reason = "no round has ended yet"
        """Why the latest round was unknown, in words."""
        state = RuleState.UNKNOWN if trusted else RuleState.RECOVERING
        self._latest = {p.name: _Latest(longest_gap(p)) for p in policy.probes}
        self._rules = [
            RuleHealth(uplink.name, rule, _gap(rule, policy), state) for rule in policy.rules
        ]
        self.state = _worst(self._rules)
        """The worst of the rules' states."""

    def knows(self, probe: str) -> bool:
        """Whether the policy has a probe of this name."""
        return probe in self._latest

    @property
    def judged(self) -> bool:
        """Whether any round has had a known outcome."""
        return self.last_known > -inf

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

    def failed_rules(self) -> tuple[str, ...]:
        """The names of the rules that say `failed`."""
        return tuple(r.rule.name for r in self._rules if r.state is RuleState.FAILED)

    def evidence(self) -> str:
        """Why the rules that decide the uplink's state say what they say, in words."""
        if not self.judged and self.state is UplinkState.UNKNOWN:
            return f"nothing is known of {self.uplink.name} yet"
        state = self.state
        deciding = [r for r in self._rules if r.evidence and r.state is _DECIDED_BY[state]]
        words = [f"{r.rule.name}: {r.evidence}" for r in deciding]
        if state is UplinkState.HEALTHY and any(latest.failed for latest in self._latest.values()):
            words = ["but its latest round failed"]
        return f"{self.uplink.name} is {state.value}" + (f" ({'; '.join(words)})" if words else "")

    def answers(self, now: float, since: float = -inf) -> bool:
        """Whether every probe's latest known round is good, recent, and not sent before `since`."""
        return all(
            latest.good and latest.sent_at >= since and now - latest.sent_at <= latest.gap
            for latest in self._latest.values()
        )

    def take_round(self, event: Round) -> list[RuleChange]:
        """Judge a round."""
        self.last_told = event.at
        if event.outcome is RoundOutcome.UNKNOWN:
            self.last_reason = event.reason
            return []
        self.last_known = event.at
        self.last_reason = "no round has ended since"
        latest = self._latest[event.probe]
        latest.sent_at = event.sent_at
        latest.good = event.outcome is RoundOutcome.GOOD
        changes: list[RuleChange] = []
        for rule in self._rules:
            if rule.counts(event):
                changes += rule.take_round(event, self.link)
        return self._changed(changes)

    def take_link(self, link: LinkState, at: float) -> list[RuleChange]:
        """Take what the kernel says of the interface."""
        self.link = link
        self.routable = _routable(self.uplink, link)
        return self._changed([c for rule in self._rules for c in rule.take_link(link, at)])

    def distrust(self, at: float, evidence: str) -> list[RuleChange]:
        """Let the uplink prove itself, where nothing good is known of it."""
        return self._changed([c for rule in self._rules for c in rule.distrust(at, evidence)])

    def take_policy(self, uplink: Uplink, old: Policy, new: Policy) -> None:
        """Carry the state over to a new policy, by the names of rules and probes."""
        self.uplink = uplink
        old_probes = {p.name: p for p in old.probes}
        kept = {r.rule.name: r for r in self._rules}
        self._latest = {
            p.name: self._latest[p.name] if old_probes.get(p.name) == p else _Latest(longest_gap(p))
            for p in new.probes
        }
        # A new rule must not make an uplink healthy that the old ones were still holding back.
        proving = self.state in (UplinkState.FAILED, UplinkState.RECOVERING)
        unjudged = RuleState.RECOVERING if proving else RuleState.UNKNOWN
        rules = []
        for rule in new.rules:
            health = kept.get(rule.name)
            if health is None:
                health = RuleHealth(uplink.name, rule, _gap(rule, new), unjudged)
            elif health.rule != rule or _probes_of(rule, old) != _probes_of(rule, new):
                health.restart(rule, _gap(rule, new))
            rules.append(health)
        self._rules = rules
        self.state = _worst(rules)

    def _changed(self, changes: list[RuleChange]) -> list[RuleChange]:
        if changes:
            self.state = _worst(self._rules)
        return changes


def _worst(rules: Iterable[RuleHealth]) -> UplinkState:
    states = {rule.state for rule in rules}
    return next((worst for state, worst in _WORST_FIRST if state in states), UplinkState.HEALTHY)


def _routable(uplink: Uplink, link: LinkState) -> bool:
    return link.present and link.up and uplink.family in link.families


def _probes_of(rule: Rule, policy: Policy) -> tuple[Probe, ...]:
    return tuple(p for p in policy.probes if rule.probe in (None, p.name))


def _gap(rule: Rule, policy: Policy) -> float:
    return max(longest_gap(probe) for probe in _probes_of(rule, policy))
