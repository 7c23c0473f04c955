"""Which rounds are followed until it is known of every target what became of it.

A round is told as soon as it is certain: with `quorum: any` that is the first answer. Windows want
to know of the other targets in every round. Where there is no window, some rounds are enough to
find a target that has died.
"""

from bisect import bisect_left
from collections.abc import Callable
from math import inf
from typing import Generic

from route_switcher.core.probing.round import AnyRequest, RoundResult, RoundTally
from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.states import RoundOutcome

LATE = 5.0
"""Seconds after its timeout for which an answer to a request is waited for: a late answer repairs a
loss in a window."""

LISTEN_EVERY = 10.0
"""Seconds from one round that is followed to the next, where no window counts the answers."""


class FollowedRounds:
    """Remembers which round of one probe through one uplink was followed last."""

    __slots__ = ("_every", "_next_at")

    def __init__(self, measured: bool, targets: int) -> None:
        self._every = 0.0 if measured else LISTEN_EVERY if targets > 1 else inf
        self._next_at = -inf if self._every < inf else inf

    def follows(self, sent_at: float) -> bool:
        """Whether to follow the round that is sent at `sent_at`; to be asked once for each."""
        if sent_at < self._next_at:
            return False
        self._next_at = sent_at + self._every
        return True

    @property
    def chooses(self) -> bool:
        """Whether it follows some rounds, and others not."""
        return 0.0 < self._every < inf

    def skip(self, sent_at: Callable[[int], float], rounds: int) -> None:
        """Behave as if it had been asked about so many `rounds`: round n (from 0) was sent at
        `sent_at(n)`, all equally far apart."""
        number = bisect_left(range(rounds), self._next_at, key=sent_at)
        if number == rounds or not self.chooses:
            return
        following = bisect_left(range(rounds), sent_at(number) + self._every, key=sent_at)
        cycle = following - number
        latest = number + (rounds - 1 - number) // cycle * cycle
        self._next_at = sent_at(latest) + self._every


class FollowedRound(Generic[AnyRequest]):
    """A round that was told, and what there is to tell of its targets afterwards.

        open       some targets were not waited for; all of them are told at once, when each has
                   answered or had its whole timeout
        listening  nothing is open, but some targets were told as silent: each late answer is told
                   when it comes
        over       nothing more is told

    It begins open where `result` left something open. It is over where nothing is missing, and
    where this machine itself may have lost what is missing: that is no loss. Times are seconds, as
    in `tally`.
    """

    __slots__ = ("_late", "missing", "over", "pending", "tally")

    def __init__(self, tally: RoundTally[AnyRequest], result: RoundResult, now: float) -> None:
        self.tally = tally
        self.pending: tuple[AnyRequest, ...] = ()
        """Those of which the round could not tell yet."""
        self.missing: tuple[AnyRequest, ...] = ()
        """Those that were told as silent, once nothing is open."""
        self._late: list[AnyRequest] = []
        self.over = result.outcome is RoundOutcome.UNKNOWN
        if self.over:
            return
        if any(answer.pending for answer in result.answers):
            self.pending = tuple([r for r in tally.unanswered if not r.settled])
        else:
            self._listen(now)

    @property
    def due(self) -> float:
        """When there is something to tell, as far as is known; it may be past."""
        if self._late:
            return -inf
        if not self.pending:
            return inf
        return -inf if all(r.settled for r in self.pending) else self.tally.deadline

    @property
    def until(self) -> float:
        """When no late answer is waited for any more."""
        return self.tally.deadline + LATE

    def on_answer(self, request: AnyRequest) -> None:
        """`request` was answered, which the tally knows."""
        if not self.pending and not self.over and self._counts(request):
            self._late.append(request)

    def told(self, now: float) -> list[tuple[Answer, ...]]:
        """What there is to tell at `now`, in this order."""
        told = []
        if self.pending and self.due <= now:
            told.append(self.tally.answers(self.pending, now))
            self.pending = ()
            self._listen(now)
        for request in self._late:
            took = request.late if request.rtt is None else request.rtt
            told.append((Answer(request.target, took),))
        self._late.clear()
        return told

    def _listen(self, now: float) -> None:
        self.missing = self.tally.unanswered
        self.over = not self.missing or bool(self.tally.disturbed(now))
        if not self.over:
            self._late = [r for r in self.missing if r.settled and self._counts(r)]

    def _counts(self, request: AnyRequest) -> bool:
        """Whether its answer came while one was waited for; where rounds are rare, nobody may have
        looked at the time since."""
        return request.late is None or request.late <= self.tally.timeout + LATE
