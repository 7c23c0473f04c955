"""How the line of one uplink was, from its rounds, its rules and its link.

A line is without service from the first of the rounds in a row that failed, once they have failed a
rule, until the first good one; or from the loss of its link. Single lost rounds are none. It is
poor while a rule has failed and rounds are good. Nothing is known of it while rounds are unknown.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from route_switcher.core.vocabulary.conditions import ConsecutiveFailures
from route_switcher.core.vocabulary.events import LinkState, Round
from route_switcher.core.vocabulary.outputs import RuleChange
from route_switcher.core.vocabulary.policy import NEXT_HOP_RULE, Policy
from route_switcher.core.vocabulary.states import RoundOutcome, RuleState
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.past.troubles import Failing, Kind, Trouble

_CERTAIN = 3
"""Rounds in a row that must fail where the rule that failed counts no failures, and rounds in a row
that must be unknown."""

_SHORTEST = 1.0
"""Seconds. The good round by which a line is back is judged when its answer is there."""


@dataclass(slots=True)
class _Probe:
    """What one probe heard last."""

    outcome: RoundOutcome = RoundOutcome.GOOD
    since: float = 0.0
    """Of the first of the latest rounds that were alike, when it was sent."""
    rounds: int = 0
    reason: str = ""


@dataclass(slots=True)
class _Open:
    """A trouble that is not over."""

    kind: Kind
    begins: float
    reason: str
    here: str
    """What was done to its interface on this machine; empty: nothing."""
    apart: str
    failing: dict[str, Failing] = field(default_factory=dict)


class Line:
    """One uplink, as the journal goes on. `tell` is given each trouble when it is over, and
    `ordered_away` says in words why the traffic was ordered elsewhere, or nothing."""

    def __init__(
        self,
        uplink: UplinkId,
        tell: Callable[[Trouble], None],
        ordered_away: Callable[[UplinkId, float], str],
    ) -> None:
        self.uplink = uplink
        self._tell = tell
        self._ordered_away = ordered_away
        self._policy: Policy | None = None
        self._relevant: frozenset[str] = frozenset()
        self._counted: frozenset[str] = frozenset()
        self._interface = ""
        self._ignores_carrier = False
        self._link: LinkState | None = None
        self._failed: dict[str, str] = {}
        self._probes: dict[str, _Probe] = {}
        self._open: _Open | None = None
        self._not_before = 0.0
        self._blind = False
        """The journal lacks a part: which rules had failed is not known."""
        self._settled = True
        """All that is known was judged."""

    @property
    def interface(self) -> str:
        """As the policy names it; empty where that is not known."""
        return self._interface

    @property
    def calm(self) -> bool:
        """Whether all has been well, so that further good rounds would say nothing."""
        return (
            self._open is None
            and not self._failed
            and all(p.outcome is RoundOutcome.GOOD for p in self._probes.values())
        )

    def take_policy(self, policy: Policy | None, at: float) -> None:
        """Another policy is in effect; None: one that cannot be read."""
        self._policy = policy
        if policy is None:
            return
        rules = policy.rules_for(self.uplink.name)
        named = frozenset(probe for rule in rules for probe in rule.probes)
        every = frozenset(probe.name for probe in policy.probes_through(self.uplink.name))
        self._relevant = named & every or every
        self._counted = frozenset(
            rule.name
            for rule in rules
            if any(isinstance(leaf, ConsecutiveFailures) for leaf in rule.fail_leaves)
        )
        known = {rule.name for rule in rules}
        self._failed = {name: said for name, said in self._failed.items() if name in known}
        self._probes = {name: heard for name, heard in self._probes.items() if name in every}
        own = next((u for u in policy.uplinks if u.id == self.uplink), None)
        self._interface = "" if own is None else own.interface
        self._ignores_carrier = own is not None and own.ignore_carrier
        self._judge(at)

    def take_round(self, told: Round, ahead: float) -> None:
        """One more round; `ahead` is from the engine's clock to the time of day."""
        heard = self._probes.setdefault(told.probe, _Probe())
        sent = told.sent_at + ahead
        if told.outcome is not heard.outcome:
            heard.outcome, heard.since, heard.rounds = told.outcome, sent, 0
        heard.rounds += 1
        if told.outcome is not RoundOutcome.GOOD:
            heard.reason = _why(told)
        if told.outcome is RoundOutcome.FAILED and self._open is not None:
            before = self._open.failing.get(told.probe)
            rounds = heard.rounds if before is None else before.rounds + 1
            self._open.failing[told.probe] = Failing(told.probe, rounds, heard.reason)
        if told.outcome is not RoundOutcome.GOOD or not self.calm:
            self._judge(sent)

    def counts_only(self, like: Round) -> bool:
        """Whether further rounds like this one would change nothing but how many there were. Its
        times say nothing."""
        heard = self._probes.get(like.probe)
        if heard is None or heard.outcome is not like.outcome or not self._settled:
            return False
        if like.outcome is RoundOutcome.GOOD:
            return True
        reason = _why(like)
        if heard.rounds < _CERTAIN or heard.reason != reason:
            return False
        if self._open is None or like.outcome is RoundOutcome.UNKNOWN:
            return True
        failing = self._open.failing.get(like.probe)
        return failing is not None and failing.reason == reason

    def count(self, probe: str, rounds: int) -> None:
        """There were so many more, of which `counts_only` says so."""
        heard = self._probes[probe]
        heard.rounds += rounds
        if heard.outcome is RoundOutcome.FAILED and self._open is not None:
            before = self._open.failing[probe]
            self._open.failing[probe] = replace(before, rounds=before.rounds + rounds)

    def take_change(self, change: RuleChange, at: float) -> None:
        """One of its rules has another state."""
        self._blind = False
        if change.after is RuleState.FAILED:
            self._failed[change.rule] = change.evidence
        else:
            self._failed.pop(change.rule, None)
        self._judge(at, changed=change.rule)

    def take_failed(self, rule: str) -> None:
        """The rule had failed before this journal begins."""
        self._failed.setdefault(rule, "it had failed before")
        self._settled = False

    def take_link(self, link: LinkState, at: float) -> None:
        """Its interface is so from now on."""
        before = self._link
        self._link = replace(link, carrier=True) if self._ignores_carrier else link
        if before is not None and before.connected != self._link.connected:
            # What was heard of one state of the link says nothing of the other.
            self._probes.clear()
        self._judge(at)

    def pause(self, begins: float, ends: float) -> None:
        """Nobody watched it meanwhile; then all goes on as it was."""
        self._end(begins)
        self._not_before = ends
        self._settled = False

    def forget(self, at: float) -> None:
        """The journal lacks what happened from `at` on."""
        self.close(at)
        self._blind = True

    def close(self, at: float, *, lasting: bool = False) -> None:
        """Nobody watches it from `at` on."""
        self._end(at, lasting)
        self._failed.clear()
        self._probes.clear()
        self._link = None
        self._blind = False

    def _judge(self, at: float, changed: str = "") -> None:
        """See whether another trouble begins, or the one that lasts is over."""
        self._settled = True
        kind, since, reason, here = self._found(at, changed)
        since = max(since, self._not_before)
        now = self._open
        if now is not None and now.kind is kind and now.here == here:
            return
        if now is not None:
            since = max(since, now.begins)
            self._end(since)
        if kind is None:
            return
        serves_not = kind is Kind.NO_SERVICE
        apart = here or (self._ordered_away(self.uplink, since) if serves_not else "")
        self._open = _Open(kind, since, reason, here, apart)
        for name, heard in self._probes.items():
            if heard.outcome is RoundOutcome.FAILED:
                self._open.failing[name] = Failing(name, heard.rounds, heard.reason)

    def _end(self, at: float, lasting: bool = False) -> None:
        ended, self._open = self._open, None
        if ended is None or at <= ended.begins:
            return
        if ended.kind is Kind.POOR and at - ended.begins < _SHORTEST:
            return
        self._tell(
            Trouble(
                self.uplink,
                ended.kind,
                ended.begins,
                at,
                ended.reason,
                tuple(ended.failing.values()),
                ended.apart,
                lasting,
            )
        )

    def _found(self, at: float, changed: str) -> tuple[Kind | None, float, str, str]:
        """What is so now, since when, for what reason, and what was done to the interface here."""
        if here := self._down_here():
            return Kind.NO_SERVICE, at, here, here
        if self._failed:
            reason = "; ".join(f"rule {rule}: {said}" for rule, said in self._failed.items())
            unplugged = self._link is not None and not self._link.carrier
            if NEXT_HOP_RULE in self._failed or unplugged:
                return Kind.NO_SERVICE, at, reason, ""
            silent_since = self._silent_since(changed)
            if silent_since is not None:
                return Kind.NO_SERVICE, silent_since, reason, ""
            if (unknown := self._unknown()) is not None:
                return Kind.UNKNOWN, unknown.since, unknown.reason, ""
            lasts = self._open is not None and self._open.kind is Kind.NO_SERVICE
            if self._open is not None and lasts and not self._answers():
                return Kind.NO_SERVICE, at, reason, self._open.here
            return Kind.POOR, at, reason, ""
        judging = self._judging()
        silent_since = self._silent_since(changed) if self._blind else None
        if silent_since is not None:
            return Kind.NO_SERVICE, silent_since, judging[0].reason, ""
        if (unknown := self._unknown()) is not None:
            return Kind.UNKNOWN, unknown.since, unknown.reason, ""
        return None, at, "", ""

    def _unknown(self) -> _Probe | None:
        """The probe since whose first unknown round nothing is known; None: something is, or it is
        not certain yet."""
        judging = self._judging()
        if not judging or any(p.outcome is not RoundOutcome.UNKNOWN for p in judging):
            return None
        latest = max(judging, key=lambda probe: probe.since)
        return latest if latest.rounds >= _CERTAIN else None

    def _silent_since(self, changed: str) -> float | None:
        """Since when no probe gets an answer; None: one does, or it is not certain yet."""
        judging = self._judging()
        if not judging or any(p.outcome is not RoundOutcome.FAILED for p in judging):
            return None
        now = self._open
        known = now is not None and now.kind is Kind.NO_SERVICE and not now.here
        counted = self._policy is None or changed in self._counted
        if known or counted or all(p.rounds >= _CERTAIN for p in judging):
            return max(probe.since for probe in judging)
        return None

    def _answers(self) -> bool:
        return any(p.outcome is RoundOutcome.GOOD for p in self._judging())

    def _judging(self) -> list[_Probe]:
        """What was heard of the probes that rules are about."""
        relevant = self._relevant or self._probes.keys()
        return [heard for name, heard in self._probes.items() if name in relevant]

    def _down_here(self) -> str:
        """What a person or a program has done to the interface on this machine, in words."""
        if self._link is None:
            return ""
        if not self._link.present:
            return f"the interface {self._interface} was missing on this machine"
        return "" if self._link.up else f"the interface {self._interface} was down on this machine"


def _why(told: Round) -> str:
    reasons = [answer.reason for answer in told.answers if answer.reason]
    return told.reason or (reasons[0] if reasons else "")
