"""One round that has been sent and not yet judged: what was asked, and what it comes to."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import trio

from route_switcher.core.vocabulary.events import Answer, RoundOutcome
from route_switcher.core.vocabulary.policy import Target
from route_switcher.probes.reasons import LocalFault


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What came of one round; times are on trio's clock, `sent_at` that of the first request."""

    sent_at: float
    outcome: RoundOutcome
    answers: tuple[Answer, ...]
    reason: str = ""


@dataclass(slots=True)
class Request:
    """One echo request to one target. `address` is the target as recvmsg(2) will spell it."""

    target: Target
    address: str
    sequence: int
    token: bytes
    sent_at: float = -math.inf
    fault: LocalFault | None = None
    rtt: float | None = None
    late: float | None = None
    """Seconds that an answer took which came after the timeout."""

    @property
    def settled(self) -> bool:
        """Whether an answer has come, in time or late."""
        return self.rtt is not None or self.late is not None


class OpenRound:
    """Counts answers until the outcome is certain, then says what it is.

    A target that could not be asked, for a reason that says nothing of the uplink, leaves the
    quorum. If too few are left for a good round, what is left can still make it a failed one.
    """

    def __init__(self, requests: tuple[Request, ...], needed: int, timeout: float) -> None:
        self.requests = requests
        self.decided = trio.Event()
        self._by_sequence = {request.sequence: request for request in requests}
        self._needed = needed
        self._goal = needed
        self._timeout = timeout
        self._asked = len(requests)
        self._answered = 0
        self._lost = ""

    def lose(self, why: str) -> None:
        """Note that this machine may have lost answers, and why: what is missing says nothing."""
        self._lost = why

    def request(self, sequence: int) -> Request:
        """The request with this sequence number."""
        return self._by_sequence[sequence]

    def answer(self, request: Request, took: float) -> bool:
        """Note that `request` was answered after `took` seconds. Whether that was in time."""
        if took > self._timeout:
            request.late = took
            return False
        request.rtt = took
        self._answered += 1
        if self._answered >= self._goal:
            self.decided.set()
        return True

    def sent(self) -> None:
        """Note that all has been sent that could be: perhaps nothing is left to wait for."""
        faults = [request.fault for request in self.requests if request.fault is not None]
        unknown = sum(fault.outcome is RoundOutcome.UNKNOWN for fault in faults)
        self._asked = len(self.requests) - len(faults)
        self._goal = min(self._needed, len(self.requests) - unknown)
        if self._answered >= self._goal or self._asked < self._goal:
            self.decided.set()

    @property
    def deadline(self) -> float:
        """When the last request has had its whole timeout."""
        return self.requests[-1].sent_at + self._timeout

    @property
    def sent_at(self) -> float:
        """When the first request was sent."""
        return self.requests[0].sent_at

    @property
    def unanswered(self) -> tuple[Request, ...]:
        """The requests that were sent and not answered in time."""
        return tuple(r for r in self.requests if r.rtt is None and r.fault is None)

    def judge(self, now: float) -> RoundResult:
        """What the round comes to; `now` is when its waiting ended."""
        answers = self.answers(self.requests, now)
        outcome, reason = self._verdict(now)
        if not reason and outcome is not RoundOutcome.GOOD:
            reason = "; ".join(dict.fromkeys(a.reason for a in answers if a.rtt is None))
            if self._answered:
                count = f"{self._answered} of {len(answers)} answered, {self._needed} needed"
                reason = f"{count}: {reason}"
        return RoundResult(self.sent_at, outcome, answers, reason)

    def answers(self, requests: Iterable[Request], now: float) -> tuple[Answer, ...]:
        """What became of these of its requests, as far as is known at `now`."""
        return tuple(self._answer(request, now) for request in requests)

    def disturbed(self, now: float) -> str:
        """What on this machine may have lost answers, in words; empty if nothing."""
        delay = self._delay(now)
        if delay > self._timeout:
            return f"this machine was delayed by {delay:.1f} s"
        return self._lost

    def _verdict(self, now: float) -> tuple[RoundOutcome, str]:
        """The outcome, and its reason where the targets do not give it."""
        if self._answered >= self._needed:
            return RoundOutcome.GOOD, ""
        if self._answered >= self._goal:
            return RoundOutcome.UNKNOWN, ""
        if self._asked >= self._goal and (why := self.disturbed(now)):
            return RoundOutcome.UNKNOWN, why
        return RoundOutcome.FAILED, ""

    def _answer(self, request: Request, now: float) -> Answer:
        if request.rtt is not None:
            return Answer(request.target, request.rtt)
        if request.fault is not None:
            ours = request.fault.outcome is RoundOutcome.UNKNOWN
            return Answer(request.target, None, request.fault.words, asked=not ours)
        if request.late is None and now < self.deadline:
            return Answer(request.target, None, "not waited for", pending=True)
        if why := self.disturbed(now):
            return Answer(request.target, None, why, asked=False)
        if request.late is not None:
            reason = f"answered after {request.late:.3g} s, later than {self._timeout:g} s"
        else:
            reason = f"no answer within {self._timeout:g} s"
        return Answer(request.target, None, reason)

    def _delay(self, now: float) -> float:
        """Seconds by which this machine's own standstill may have lost answers.

        An answer that waits to be read is not lost, since the kernel stamps it. But a machine that
        stands still (a paused guest) receives nothing, and shows it by sending or waking up late.
        """
        sending = self.requests[-1].sent_at - self.sent_at
        return max(now - self.deadline, sending)
