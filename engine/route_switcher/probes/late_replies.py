"""Rounds already reported that still have outstanding replies.

Reports the missing replies once all have arrived or timed out, then each late reply as it arrives.
Windows of loss, latency and jitter count them; they never change the outcome of a round.
"""

import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias

import trio

from route_switcher.core.probing.followed_rounds import FollowedRound
from route_switcher.core.probing.round import AnyRequest, RoundResult
from route_switcher.core.vocabulary.events import Answer
from route_switcher.probes.open_round import OpenRound

REMEMBERED = 4096
"""How many requests are remembered at most for their late answers, so that a dead uplink fills no
memory."""

OnLate: TypeAlias = Callable[[float, tuple[Answer, ...]], Awaitable[None]]
"""Takes when a round was sent, and what became of targets after the round was told."""


@dataclass(frozen=True, slots=True)
class _Followed(Generic[AnyRequest]):
    open_round: OpenRound[AnyRequest]
    round: FollowedRound[AnyRequest]
    tell: OnLate


class LateReplies(Generic[AnyRequest]):
    """The rounds of one prober that were told, and of which there is more to tell.

    What there is to tell of each, `FollowedRound` says. `forget` is called with a round of which
    nothing more is expected; `read` reads what has arrived, and so calls `answered`.
    """

    def __init__(
        self,
        forget: Callable[[OpenRound[AnyRequest]], None],
        read: Callable[[], Awaitable[None]],
    ) -> None:
        self._forget = forget
        self._read = read
        self._open: dict[OpenRound[AnyRequest], _Followed[AnyRequest]] = {}
        """With targets of which nothing was told yet."""
        self._listening: dict[OpenRound[AnyRequest], _Followed[AnyRequest]] = {}
        """With targets that were told as silent; in the order in which that was."""
        self._late: dict[OpenRound[AnyRequest], _Followed[AnyRequest]] = {}
        """Those of which a late answer has come and was not told."""
        self._remembered = 0
        self._due = math.inf
        self._pause = trio.CancelScope()

    async def run(self) -> NoReturn:
        """Tell what there is to tell, when it is due, until cancelled."""
        while True:
            with trio.CancelScope(deadline=self._due) as self._pause:
                await trio.sleep_forever()
            await self._read()  # what arrived in time must not be told as lost
            await self.tell_due()

    def __contains__(self, open_round: OpenRound[AnyRequest]) -> bool:
        """Whether a round is followed."""
        return open_round in self._open or open_round in self._listening

    def follow(self, open_round: OpenRound[AnyRequest], result: RoundResult, tell: OnLate) -> None:
        """Follow a round that came to `result`, if there is something to expect of it."""
        now = trio.current_time()
        self._forget_oldest(now)
        followed = _Followed(open_round, FollowedRound(open_round, result, now), tell)
        if followed.round.pending:
            self._open[open_round] = followed
            self._hasten(followed.round.due)
        else:
            self._listen(followed, now)

    def answered(self, open_round: OpenRound[AnyRequest], request: AnyRequest) -> None:
        """Note that a request of a round was answered, which may be one that is followed."""
        if (followed := self._open.get(open_round)) is not None:
            self._hasten(followed.round.due)
        elif (followed := self._listening.get(open_round)) is not None:
            followed.round.on_answer(request)
            self._late[open_round] = followed
            self._hasten(-math.inf)

    async def tell_due(self) -> None:
        """Tell what there is to tell now, by what has been read."""
        now = trio.current_time()
        if now < self._due:
            return
        due = [each for each in self._open.values() if each.round.due <= now]
        due += self._late.values()
        self._late.clear()
        news = [(each, answers) for each in due for answers in each.round.told(now)]
        for each in due:
            if self._open.pop(each.open_round, None) is not None:
                self._listen(each, now)
        self._due = min((each.round.due for each in self._open.values()), default=math.inf)
        for each, answers in news:
            await each.tell(each.open_round.sent_at, answers)

    def _listen(self, followed: _Followed[AnyRequest], now: float) -> None:
        """Wait for late answers only; some may have come already."""
        open_round = followed.open_round
        if followed.round.over:
            self._forget(open_round)
            return
        if followed.round.due <= now:
            self._late[open_round] = followed
            self._hasten(now)
        self._listening[open_round] = followed
        self._remembered += len(followed.round.missing)
        self._forget_oldest(now)

    def _forget_oldest(self, now: float) -> None:
        while self._listening:
            oldest, followed = next(iter(self._listening.items()))
            if followed.round.until > now and self._remembered <= REMEMBERED:
                break
            del self._listening[oldest]
            self._remembered -= len(followed.round.missing)
            self._forget(oldest)

    def _hasten(self, due: float) -> None:
        self._due = min(self._due, due)
        self._pause.deadline = min(self._pause.deadline, due)
