"""What becomes of requests after their round was told: answers not waited for, and late ones.

Windows of loss, latency and jitter want to know it; it never changes a round's outcome.
"""

import math
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import trio

from route_switcher.core.vocabulary.events import Answer, RoundOutcome
from route_switcher.probes.open_round import OpenRound, Request, RoundResult

LATE = 5.0
"""Seconds after its timeout for which a request is remembered at least: a late answer repairs a
loss."""
REMEMBERED = 4096
"""How many are remembered at most, so that a dead uplink fills no memory."""

OnLate: TypeAlias = Callable[[float, tuple[Answer, ...]], Awaitable[None]]
"""Takes when a round was sent, and what became of targets after the round was told."""


@dataclass(slots=True, eq=False)
class _Followed:
    open_round: OpenRound
    tell: OnLate
    pending: tuple[Request, ...]
    """Those of which the round could not tell yet."""
    remembered: int = 0
    """How many requests are remembered for their late answers."""

    def told(self, requests: Iterable[Request], now: float) -> "_News":
        answers = self.open_round.answers(requests, now)
        return self.tell, self.open_round.sent_at, answers

    def told_late(self, request: Request) -> "_News":
        took = request.late if request.rtt is None else request.rtt
        return self.tell, self.open_round.sent_at, (Answer(request.target, took),)


_News: TypeAlias = tuple[OnLate, float, tuple[Answer, ...]]


class LateReplies:
    """The rounds of one prober that were told, and of which there is more to tell.

    What a round did not wait for is told once it has all answered or had its time; then each late
    answer is told when it comes. `forget` is called with a round of which nothing more is expected;
    `read` reads what has arrived, and so calls `answered`.
    """

    def __init__(
        self, forget: Callable[[OpenRound], None], read: Callable[[], Awaitable[None]]
    ) -> None:
        self._forget = forget
        self._read = read
        self._open: dict[OpenRound, _Followed] = {}
        """With targets of which nothing was told yet."""
        self._over: dict[OpenRound, _Followed] = {}
        """With targets that were told as silent; in the order in which that was."""
        self._remembered = 0
        self._late: list[_News] = []
        self._due = math.inf
        self._pause = trio.CancelScope()

    async def run(self) -> NoReturn:
        """Tell what there is to tell, when it is due, until cancelled."""
        while True:
            with trio.CancelScope(deadline=self._due) as self._pause:
                await trio.sleep_forever()
            await self._read()  # what arrived in time must not be told as lost
            await self.tell_due()

    def __contains__(self, open_round: OpenRound) -> bool:
        """Whether a round is followed."""
        return open_round in self._open or open_round in self._over

    def follow(self, open_round: OpenRound, result: RoundResult, tell: OnLate) -> None:
        """Follow a round that came to `result`, if there is something to expect of it."""
        now = trio.current_time()
        self._forget_oldest(now)
        if result.outcome is RoundOutcome.UNKNOWN:
            return
        if any(answer.pending for answer in result.answers):
            pending = tuple(r for r in open_round.unanswered if not r.settled)
            self._open[open_round] = _Followed(open_round, tell, pending)
            self._hasten(open_round.deadline)
        else:
            self._settle(_Followed(open_round, tell, ()), now)

    def answered(self, open_round: OpenRound, request: Request) -> None:
        """Note that a request of a round was answered, which may be one that is followed."""
        if (followed := self._open.get(open_round)) is not None:
            if all(r.settled for r in followed.pending):
                self._hasten(-math.inf)
        elif (followed := self._over.get(open_round)) is not None:
            self._late.append(followed.told_late(request))
            self._hasten(-math.inf)

    async def tell_due(self) -> None:
        """Tell what there is to tell now, by what has been read."""
        now = trio.current_time()
        if now < self._due:
            return
        news: list[_News] = []
        for followed in list(self._open.values()):
            if followed.open_round.deadline <= now or all(r.settled for r in followed.pending):
                del self._open[followed.open_round]
                news.append(followed.told(followed.pending, now))
                self._settle(followed, now)
        news += self._late
        self._late.clear()
        self._due = min((r.deadline for r in self._open), default=math.inf)
        for tell, sent_at, answers in news:
            await tell(sent_at, answers)

    def _settle(self, followed: _Followed, now: float) -> None:
        """Wait for late answers only; some may have come already."""
        open_round = followed.open_round
        unanswered = open_round.unanswered
        if not unanswered or open_round.disturbed(now):
            self._forget(open_round)  # what this machine itself may have missed is no loss
            return
        for request in unanswered:
            if request.settled:
                self._late.append(followed.told_late(request))
                self._hasten(now)
        self._over[open_round] = followed
        followed.remembered = len(unanswered)
        self._remembered += followed.remembered
        self._forget_oldest(now)

    def _forget_oldest(self, now: float) -> None:
        while self._over:
            oldest = next(iter(self._over))
            if oldest.deadline + LATE > now and self._remembered <= REMEMBERED:
                break
            self._remembered -= self._over.pop(oldest).remembered
            self._forget(oldest)

    def _hasten(self, due: float) -> None:
        self._due = min(self._due, due)
        self._pause.deadline = min(self._pause.deadline, due)
