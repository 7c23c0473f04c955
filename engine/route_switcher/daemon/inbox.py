"""What waits for the loop. Rounds keep their order, and so do commands; of all
else only the latest state matters."""

from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import TypeAlias

import trio

from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.events import (
    Answers,
    ConnectionsEnded,
    HookEnded,
    Round,
    Verified,
)
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.ways import Findings
from route_switcher.daemon.rest import Rest
from route_switcher.daemon.submitted import Submitted
from route_switcher.kernel.base import KernelNews

ROUNDS = 1024
"""Rounds that may wait. Each probe task has one at a time."""

COMMANDS = 16
"""Commands that may wait. Between two of them, something else that waits is taken."""

IN_A_ROW = 64
"""After so many rounds, news of the kernel come before more rounds. So many things that wait come
between two deadlines that have passed."""

REST = Rest(times=3, shortest=0.01, longest=0.1)
"""After news were taken, more are left to gather for so long. So a storm takes a quarter of the
time at most; and a lone piece of news, which is what a pulled cable makes, is taken at once."""


@dataclass(frozen=True, slots=True)
class ForeignRoutes:
    """The default routes that are not ours were looked at."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class FoundHops:
    """The next hops that default routes of others tell of were looked at."""

    hops: tuple[LearnedHop, ...]


class Beat:
    """Somebody wants to know whether the loop goes on."""

    def __init__(self) -> None:
        self.taken = trio.Event()


Told: TypeAlias = Round | Answers | HookEnded | Verified | ConnectionsEnded
"""What keeps its order."""

Item: TypeAlias = Told | KernelNews | Submitted | ForeignRoutes | FoundHops | Findings | Beat


class Inbox:
    """What is given to the loop, and in which order it takes it."""

    def __init__(self) -> None:
        self._give, self._take = trio.open_memory_channel[Told | None](ROUNDS)
        self._commands: deque[Submitted] = deque()
        self._room = trio.Semaphore(COMMANDS)
        self._commanded = False
        self._foreign: ForeignRoutes | None = None
        self._hops: FoundHops | None = None
        self._ways: Findings | None = None
        self._beat: Beat | None = None
        self._news = KernelNews()
        self._news_from = -inf
        self._rounds_in_a_row = 0
        self._turns = 0

    async def give_round(self, event: Told) -> None:
        """Give a round, or what came of an effect; waits while there is no room."""
        await self._give.send(event)

    def give_news(self, news: KernelNews) -> None:
        """Give news of the kernel. They become one with those that wait."""
        self._news |= news
        self._ring()

    async def give_command(self, given: Submitted) -> None:
        """Give a command; waits while there is no room. A new policy takes the place of one that
        waits."""
        waiting = [s for s in self._commands if isinstance(s.command, NewPolicy)]
        if isinstance(given.command, NewPolicy) and waiting:
            self._commands[self._commands.index(waiting[0])] = given
            waiting[0].settle(None)
            return
        try:
            self._room.acquire_nowait()
        except trio.WouldBlock:
            await self._room.acquire()
        self._commands.append(given)
        self._ring()

    def give_foreign(self, routes: tuple[Route, ...]) -> None:
        """Give the routes of others as they were just seen, in place of those that wait."""
        self._foreign = ForeignRoutes(routes)
        self._ring()

    def give_hops(self, hops: tuple[LearnedHop, ...]) -> None:
        """Give the next hops as they were just seen, in place of those that wait."""
        self._hops = FoundHops(hops)
        self._ring()

    def forget_hops(self) -> None:
        """Drop the next hops that wait: somebody has seen them later."""
        self._hops = None

    def forget_foreign(self) -> None:
        """Drop the routes of others that wait: somebody has seen them later."""
        self._foreign = None

    def give_ways(self, findings: Findings) -> None:
        """Give what the kernel says of ways, in place of what waits. News are taken before it."""
        self._ways = findings
        self._ring()

    def forget_ways(self) -> None:
        """Drop what waits of that: something has changed."""
        self._ways = None

    def give_beat(self, beat: Beat) -> None:
        """Have it taken, in place of one that waits."""
        self._beat = beat
        self._ring()

    def rest(self, took: float) -> None:
        """Let news gather now: to take the latest has taken so many seconds."""
        self._news_from = trio.current_time() + REST.after(took)

    async def next(self, deadline: float) -> Item | None:
        """The next thing to take, or None when `deadline` has come. If the next deadline has come
        too by then, up to `IN_A_ROW` things that wait are taken first."""
        await trio.lowlevel.checkpoint()
        while True:
            due = deadline <= trio.current_time()
            if not due:
                self._turns = 0
            item = self._waiting() if not due or self._turns > 0 else None
            if item is not None:
                self._turns -= due
                return item
            if due:
                self._turns = IN_A_ROW
                return None
            with trio.move_on_at(min(deadline, self._news_from if self._news else inf)):
                round_ = await self._take.receive()
                if round_ is not None:
                    self._rounds_in_a_row += 1
                    return round_

    def _waiting(self) -> Item | None:
        if self._commands and not self._commanded:
            return self._command()
        self._commanded = False
        item = self._waiting_item()
        return self._command() if item is None and self._commands else item

    def _command(self) -> Submitted:
        self._commanded = True
        self._room.release()
        return self._commands.popleft()

    def _waiting_item(self) -> Item | None:
        if self._beat is not None:
            beat, self._beat = self._beat, None
            return beat
        if self._foreign is not None:
            foreign, self._foreign = self._foreign, None
            return foreign
        if self._hops is not None:
            hops, self._hops = self._hops, None
            return hops
        if self._ways is not None and not self._news:
            ways, self._ways = self._ways, None
            return ways
        due = bool(self._news) and self._news_from <= trio.current_time()
        if not due or self._rounds_in_a_row < IN_A_ROW:
            round_ = self._waiting_round()
            if round_ is not None:
                self._rounds_in_a_row += 1
                return round_
        if not due:
            return None
        news, self._news = self._news, KernelNews()
        self._rounds_in_a_row = 0
        return news

    def _waiting_round(self) -> Told | None:
        try:
            while True:
                item = self._take.receive_nowait()
                if item is not None:
                    return item
        except trio.WouldBlock:
            return None

    def _ring(self) -> None:
        """Wake the loop. If there is no room for that, it is awake."""
        with suppress(trio.WouldBlock):
            self._give.send_nowait(None)
