"""The life of one rule on one uplink: four states, and a table of every transition.

A rule is told of rounds and of the link. From these it makes signals, and `TRANSITIONS` says what
a signal does in each state. Nothing else changes a state, and a pair that is not in the table is a
bug that raises `KeyError` and changes nothing.

Two clocks run in a rule. The run of failures counts failed rounds since the last good one. The
stable time is the time *covered by good rounds*: from the sending of the first good round to the
end of the latest, started anew by every failed round and by every gap in which nothing was known.
So time alone never makes a rule recover: a good round must come and complete it.
"""

from dataclasses import dataclass
from enum import Enum
from math import inf

from route_switcher.core.events import LinkState, Round, RoundOutcome
from route_switcher.core.model import CarrierDown, Probe, Rule


class RuleState(Enum):
    """What a rule says of an uplink."""

    UNKNOWN = "unknown"
    OK = "ok"
    FAILED = "failed"
    RECOVERING = "recovering"


class Signal(Enum):
    """What a rule makes of an event."""

    GOOD = "a good round"
    BAD = "a failed round, and the fail condition does not hold"
    FAIL = "the fail condition holds"
    STABLE = "the recover condition holds"
    DISTRUST = "the uplink must prove itself before it is trusted"


_S, _G = RuleState, Signal

TRANSITIONS: dict[tuple[RuleState, Signal], RuleState] = {
    (_S.UNKNOWN, _G.GOOD): _S.OK,
    (_S.UNKNOWN, _G.BAD): _S.UNKNOWN,
    (_S.UNKNOWN, _G.FAIL): _S.FAILED,
    (_S.UNKNOWN, _G.DISTRUST): _S.RECOVERING,
    (_S.OK, _G.GOOD): _S.OK,
    (_S.OK, _G.BAD): _S.OK,
    (_S.OK, _G.FAIL): _S.FAILED,
    (_S.OK, _G.DISTRUST): _S.OK,
    (_S.FAILED, _G.GOOD): _S.RECOVERING,
    (_S.FAILED, _G.BAD): _S.FAILED,
    (_S.FAILED, _G.FAIL): _S.FAILED,
    (_S.FAILED, _G.DISTRUST): _S.FAILED,
    # A recovering uplink may be carrying the traffic (when nothing is healthy), so that one lost
    # packet must not fail it: it starts its stable time anew, and the fail condition decides.
    (_S.RECOVERING, _G.GOOD): _S.RECOVERING,
    (_S.RECOVERING, _G.BAD): _S.RECOVERING,
    (_S.RECOVERING, _G.FAIL): _S.FAILED,
    (_S.RECOVERING, _G.STABLE): _S.OK,
    (_S.RECOVERING, _G.DISTRUST): _S.RECOVERING,
}


def longest_gap(probe: Probe) -> float:
    """Seconds between the sendings of two known rounds above which stability starts anew."""
    return 2 * probe.interval + probe.timeout


@dataclass(frozen=True, slots=True)
class RuleChange:
    """A rule went from one state to another, and why."""

    at: float
    uplink: str
    rule: str
    before: RuleState
    after: RuleState
    evidence: str


class RuleHealth:
    """One rule judged on one uplink. Give it rounds in the order of sending."""

    __slots__ = (
        "_gap",
        "_last_good",
        "_last_known",
        "_stable_since",
        "evidence",
        "failing_since",
        "failures",
        "rule",
        "state",
        "uplink",
    )

    def __init__(self, uplink: str, rule: Rule, gap: float, state: RuleState) -> None:
        self.uplink = uplink
        self.rule = rule
        self.state = state
        self.evidence = ""
        """Why the state last changed, in words; empty until it does."""
        self.failures = 0
        """Failed rounds since the last good one."""
        self.failing_since: float | None = None
        """When this run of failures began: its first round was sent, or the link was lost."""
        self._stable_since: float | None = None
        self._gap = gap
        self._last_known = -inf
        self._last_good = -inf

    @property
    def stable_for(self) -> float:
        """Seconds that good rounds have covered since the last failure or gap."""
        return 0.0 if self._stable_since is None else self._last_good - self._stable_since

    def counts(self, event: Round) -> bool:
        """Whether rounds of this probe concern the rule: a carrier rule takes any probe's."""
        return self.rule.probe is None or self.rule.probe == event.probe

    def take_round(self, event: Round, link: LinkState) -> list[RuleChange]:
        """Judge a round of a probe that `counts`; an unknown one leaves everything as it is."""
        if event.outcome is RoundOutcome.UNKNOWN:
            return []
        gap = event.sent_at - self._last_known > self._gap
        self._last_known = event.sent_at
        if event.outcome is RoundOutcome.GOOD:
            return self._good(event, link, gap)
        return self._bad(event)

    def take_link(self, link: LinkState, at: float) -> list[RuleChange]:
        """Judge the state of the link; only a rule about the carrier has an opinion on it."""
        if not isinstance(self.rule.fail, CarrierDown) or link.connected:
            return []
        self._run_of_failures(at)
        return self._signal(Signal.FAIL, at, describe_link(link))

    def distrust(self, at: float, evidence: str) -> list[RuleChange]:
        """Let an uplink of which nothing good is known prove itself for the full stable time."""
        return self._signal(Signal.DISTRUST, at, evidence)

    def restart(self, rule: Rule, gap: float) -> None:
        """Take a changed rule or probe: the state stays, counters and clocks start anew."""
        self.rule = rule
        self.failures = 0
        self._stable_since = None
        self._gap = gap
        self._last_known = -inf
        if self.state is not RuleState.FAILED:
            self.failing_since = None

    def _good(self, event: Round, link: LinkState, gap: bool) -> list[RuleChange]:
        lost = self.failing_since if isinstance(self.rule.fail, CarrierDown) else None
        if lost is not None and (not link.connected or event.sent_at < lost):
            return []  # the answer to a round that was sent before the link went
        self.failures = 0
        self.failing_since = None
        self._last_good = event.at
        if gap or self._stable_since is None:
            self._stable_since = event.sent_at
        changes = self._signal(Signal.GOOD, event.at, "a good round")
        if self.state is RuleState.RECOVERING and self.stable_for >= self.rule.recover.stable:
            evidence = f"good rounds for {self.stable_for:.1f} s"
            changes += self._signal(Signal.STABLE, event.at, evidence)
        return changes

    def _bad(self, event: Round) -> list[RuleChange]:
        fail = self.rule.fail
        if isinstance(fail, CarrierDown):
            self._stable_since = None
            return self._signal(Signal.BAD, event.at, event.reason)
        self.failures += 1
        self._run_of_failures(event.sent_at)
        if self.failures < fail.failures:
            return self._signal(Signal.BAD, event.at, event.reason)
        rounds = "1 round" if fail.failures == 1 else f"{fail.failures} rounds in a row"
        return self._signal(Signal.FAIL, event.at, f"{rounds} failed: {event.reason}")

    def _run_of_failures(self, began: float) -> None:
        self._stable_since = None
        if self.failing_since is None:
            self.failing_since = began

    def _signal(self, signal: Signal, at: float, evidence: str) -> list[RuleChange]:
        before = self.state
        self.state = TRANSITIONS[before, signal]
        if self.state is before:
            return []
        self.evidence = evidence
        return [RuleChange(at, self.uplink, self.rule.name, before, self.state, evidence)]


def describe_link(link: LinkState) -> str:
    """What is wrong with a link, in words."""
    if not link.present:
        return f"interface {link.interface} is missing"
    if not link.up:
        return f"{link.interface} is down"
    if not link.carrier:
        return f"{link.interface} has no carrier"
    return f"{link.interface} is up"
