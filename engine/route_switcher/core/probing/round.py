"""One round: whom it has asked, who has answered, when it is certain, and what it comes to.

The daemon (`probes.open_round`) and virtual time (`virtual.played_round`) both count by this tally;
they tell it what was sent and what came. Times are seconds, from any instant that is the same for
the whole round.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from route_switcher.core.vocabulary.checks import Layer
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome


@dataclass(frozen=True, slots=True)
class RequestFault:
    """Why a target is not good, or was not asked, in words; and what a round of only such faults
    comes to: failed, or unknown where it says nothing of the uplink."""

    outcome: RoundOutcome
    words: str
    layer: Layer | None = None
    """What is broken, where that is not what the check is about."""


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What came of one round; `sent_at` is when its first request was sent."""

    sent_at: float
    outcome: RoundOutcome
    answers: tuple[Answer, ...]
    reason: str = ""

    @property
    def failed_entirely(self) -> bool:
        """Whether it failed, and nobody answered: it may be the link."""
        if self.outcome is not RoundOutcome.FAILED:
            return False
        return all(answer.rtt is None for answer in self.answers)


@dataclass(slots=True, kw_only=True)
class Request:
    """What is known of one target in one round."""

    target: Target = field(kw_only=False)
    sent_at: float = -math.inf
    fault: RequestFault | None = None
    """Why it is not good, as far as more is known than that no answer came."""
    awaited: str = "answer"
    """What is waited for: an answer takes several steps."""
    layer: Layer | None = None
    """What is broken if that does not come; None: what the check is about."""
    rtt: float | None = None
    """Seconds that its answer took, which came in time."""
    late: float | None = None
    """Seconds that an answer took which came after the timeout."""

    @property
    def settled(self) -> bool:
        """Whether an answer has come, in time or late."""
        return self.rtt is not None or self.late is not None


AnyRequest = TypeVar("AnyRequest", bound=Request)


class RoundTally(Generic[AnyRequest]):
    """Counts answers until the outcome is certain, then says what it is.

    `needed` answers, each within `timeout` seconds of its own request, make the round good. A
    target that could not be asked, for a reason that says nothing of the uplink, leaves the quorum.
    If too few are left for a good round, what is left can still make it a failed one.
    """

    def __init__(self, requests: tuple[AnyRequest, ...], needed: int, timeout: float) -> None:
        self.requests = requests
        self._needed = needed
        self._goal = needed
        self.timeout = timeout
        self._asked = len(requests)
        self._answered = 0
        self._lost = ""

    @property
    def certain(self) -> bool:
        """Whether no answer can change the outcome any more."""
        return self._answered >= self._goal or self._asked < self._goal

    @property
    def deadline(self) -> float:
        """When the last request has had its whole timeout."""
        return self.requests[-1].sent_at + self.timeout

    @property
    def sent_at(self) -> float:
        """When the first request was sent."""
        return self.requests[0].sent_at

    @property
    def unanswered(self) -> tuple[AnyRequest, ...]:
        """The requests that were sent and not answered in time."""
        return tuple([r for r in self.requests if r.rtt is None and r.fault is None])

    def sent(self) -> None:
        """Note that all has been sent that could be: perhaps nothing is left to wait for."""
        faults = [request.fault for request in self.requests if request.fault is not None]
        unknown = sum(fault.outcome is RoundOutcome.UNKNOWN for fault in faults)
        self._asked = len(self.requests) - len(faults)
        self._goal = min(self._needed, len(self.requests) - unknown)

    def answer(self, request: AnyRequest, took: float) -> bool:
        """Note that `request` was answered after `took` seconds. Whether that was in time."""
        if took > self.timeout:
            request.late = took
            return False
        request.rtt = took
        self._answered += 1
        return True

    def lose(self, why: str) -> None:
        """Note that this machine may have lost answers, and why: what is missing says nothing."""
        self._lost = why

    def result(self, now: float) -> RoundResult:
        """What the round comes to; `now` is when its waiting ended."""
        answers = self.answers(self.requests, now)
        outcome, reason = self._outcome(now)
        if not reason and outcome is not RoundOutcome.GOOD:
            reason = "; ".join(dict.fromkeys([a.reason for a in answers if a.rtt is None]))
            if self._answered:
                count = f"{self._answered} of {len(answers)} answered, {self._needed} needed"
                reason = f"{count}: {reason}"
        return RoundResult(self.sent_at, outcome, answers, reason)

    def answers(self, requests: Iterable[AnyRequest], now: float) -> tuple[Answer, ...]:
        """What became of these of its requests, as far as is known at `now`."""
        return tuple([self._answer(request, now) for request in requests])

    def disturbed(self, now: float) -> str:
        """What on this machine may have lost answers, in words; empty if nothing."""
        delay = self._delay(now)
        if delay > self.timeout:
            return f"this machine was delayed by {delay:.1f} s"
        return self._lost

    def _outcome(self, now: float) -> tuple[RoundOutcome, str]:
        """The outcome, and its reason where the targets do not give it."""
        if self._answered >= self._needed:
            return RoundOutcome.GOOD, ""
        if self._answered >= self._goal:
            return RoundOutcome.UNKNOWN, ""
        if self._asked >= self._goal and (why := self.disturbed(now)):
            return RoundOutcome.UNKNOWN, why
        return RoundOutcome.FAILED, ""

    def _answer(self, request: AnyRequest, now: float) -> Answer:
        if request.rtt is not None:
            return Answer(request.target, request.rtt)
        if request.fault is not None:
            ours = request.fault.outcome is RoundOutcome.UNKNOWN
            fault = request.fault
            return Answer(request.target, None, fault.words, asked=not ours, layer=fault.layer)
        if request.late is None and now < self.deadline:
            return Answer(request.target, None, "not waited for", pending=True)
        if why := self.disturbed(now):
            return Answer(request.target, None, why, asked=False)
        if request.late is not None:
            reason = f"answered after {request.late:.3g} s, later than {self.timeout:g} s"
        else:
            reason = f"no {request.awaited} within {self.timeout:g} s"
        return Answer(request.target, None, reason, layer=request.layer)

    def _delay(self, now: float) -> float:
        """Seconds by which this machine's own standstill may have lost answers.

        An answer that waits to be read is not lost, since the kernel stamps it. But a machine that
        stands still (a paused guest) receives nothing, and shows it by sending or waking up late.
        """
        sending = self.requests[-1].sent_at - self.sent_at
        return max(now - self.deadline, sending)
