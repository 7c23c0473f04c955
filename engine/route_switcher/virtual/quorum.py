"""What a round comes to: from what becomes of each target to an outcome, as soon as it is certain.

It is what `probes.open_round` says on a machine that is never late.
"""

from collections.abc import Sequence
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Answer, RoundOutcome
from route_switcher.core.vocabulary.policy import Family, Probe, Target, answers_needed
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.schedule import NEVER, nanoseconds

Verdict: TypeAlias = tuple[RoundOutcome, tuple[Answer, ...], str]
"""Outcome, answers and reason of a `Round`."""

LATE = 5.0
"""Seconds after its timeout for which the daemon remembers a request (`probes.aftermath`)."""


class Quorum:
    """Judges the rounds of one probe through uplinks of one family."""

    __slots__ = ("_judged", "_needed", "_silent", "_verdict", "targets", "timeout")

    def __init__(self, probe: Probe, family: Family) -> None:
        self.targets = probe.targets_for(family)
        """Whom every round asks."""
        self.timeout = nanoseconds(probe.timeout)
        """Nanoseconds that an answer may take."""
        self._needed = answers_needed(probe.quorum, len(self.targets))
        self._silent = f"no answer within {probe.timeout:g} s"
        # Most rounds are like the one before.
        self._judged: tuple[Fate, ...] | None = None
        self._verdict: Verdict = (RoundOutcome.UNKNOWN, (), "")

    def takes(self, fates: Sequence[Fate]) -> int:
        """Nanoseconds from the sending until the outcome is certain."""
        if len(fates) == 1:
            return min(takes(fates[0]), self.timeout)
        unknown = sum(isinstance(fate, str) for fate in fates)
        goal = min(self._needed, len(fates) - unknown)
        answers = sorted(takes(fate) for fate in fates if not isinstance(fate, str))
        return min(answers[goal - 1], self.timeout) if goal else 0

    def verdict(self, fates: tuple[Fate, ...]) -> Verdict:
        """What a round with these fates comes to."""
        if fates != self._judged:
            self._judged, self._verdict = fates, self._judge(fates)
        return self._verdict

    def unsent(self, fault: str) -> Verdict:
        """What a round comes to of which the kernel took no packet."""
        return RoundOutcome.FAILED, tuple(Answer(t, None, fault) for t in self.targets), fault

    def answer(self, target: Target, fate: Fate, took: int) -> Answer:
        """What there is to say of a target `took` nanoseconds after it was asked."""
        if isinstance(fate, str):
            return Answer(target, None, fate, asked=False)
        if fate is not None and takes(fate) <= took:
            return Answer(target, fate)
        if took < self.timeout:
            return Answer(target, None, "not waited for", pending=True)
        return Answer(target, None, self._silent)

    def _judge(self, fates: tuple[Fate, ...]) -> Verdict:
        took = self.takes(fates)
        pairs = zip(self.targets, fates, strict=True)
        answers = tuple([self.answer(target, fate, took) for target, fate in pairs])
        answered = sum(answer.rtt is not None for answer in answers)
        if answered >= self._needed:
            return RoundOutcome.GOOD, answers, ""
        unknown = sum(isinstance(fate, str) for fate in fates)
        certain = answered < len(fates) - unknown
        reason = "; ".join(dict.fromkeys(a.reason for a in answers if a.rtt is None))
        if answered:
            reason = f"{answered} of {len(answers)} answered, {self._needed} needed: {reason}"
        return RoundOutcome.FAILED if certain else RoundOutcome.UNKNOWN, answers, reason


def takes(fate: Fate) -> int:
    """Nanoseconds until a target answers; NEVER if it does not; 0 if it could not be asked."""
    if fate is None:
        return NEVER
    return 0 if isinstance(fate, str) else nanoseconds(fate)


def lost(fate: Fate, after: int) -> Fate:
    """The fate where whatever is not there `after` nanoseconds never comes."""
    return None if takes(fate) > after else fate
