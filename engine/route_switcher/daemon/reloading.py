"""Reads the policy again when asked, while everything else goes on.

A file system may hang, and to understand a policy takes a few tenths of a second. So a thread does
both: while it computes, the loop waits for it 10 ms at most (measured). A child process could be
killed where a thread must be left behind, but it would have to start Python first; and whatever
hangs in the kernel without heeding a signal holds up a child just the same.
"""

import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import trio

from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.daemon.report import say
from route_switcher.policy.load import Written
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.policy.yaml.files import TIME_LIMIT
from route_switcher.thread_work import without_signals

MOST_DROPPED = 3
"""Readings in a row that do not count since one more was asked for meanwhile. Where somebody asks
without end, the policy would never be read again otherwise."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reading. `lines` are the problems of the policy, or what to warn of."""

    lines: tuple[str, ...] = ()
    refused: str = ""
    """Why the running policy stays, in words; empty: the new one counts."""


@dataclass(slots=True)
class Reloads:
    """How often the policy was read since the start, and what came of it."""

    taken: int = 0
    refused: int = 0
    last_taken: bool = True
    """Whether the latest was taken; the policy of the start was."""
    taken_at: float | None = None
    """When the latest was taken, on the engine's clock; None: at the start."""

    def note(self, reloaded: Reloaded) -> None:
        """One more."""
        self.last_taken = not reloaded.refused
        if reloaded.refused:
            self.refused += 1
        else:
            self.taken += 1
            self.taken_at = trio.current_time()


class Admission:
    """What stands between a policy that was read and the engine. This one lets each pass."""

    def __init__(self) -> None:
        self.turn = trio.Lock()
        """Held from the reading of a policy until the engine has it."""

    async def admit(self, written: Written, seconds: float | None) -> Sequence[str]:
        """The engine is given this policy next; `seconds`: if nobody confirms it within that time,
        the one before it counts again. Returns what the one who asked must know."""
        return ()

    async def run(self) -> None:
        """A task of its own, from when the engine is ready."""


class _Waiting:
    def __init__(self, seconds: float | None) -> None:
        self.seconds = seconds
        self.settled = trio.Event()
        self.reloaded = Reloaded()

    def settle(self, reloaded: Reloaded) -> None:
        self.reloaded = reloaded
        self.settled.set()


class Reloading:
    """One reading at a time, and only the newest counts: its policy is submitted.

    `load` raises PolicyProblems for a bad file: that is reported, and the running policy stays.
    `doubts` gives a line for each thing to warn of.
    """

    def __init__(
        self,
        submit: Callable[[NewPolicy], Awaitable[object]],
        load: Callable[[], Written],
        doubts: Callable[[], Sequence[str]],
        admission: Admission | None = None,
        *,
        limit: float = TIME_LIMIT,
    ) -> None:
        self._submit = submit
        self._load = load
        self._doubts = doubts
        self._admission = admission or Admission()
        self._limit = limit
        self.reloads = Reloads()
        self._asked = trio.Event()
        self._waiting: list[_Waiting] = []
        # A reading that hangs keeps its token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    def ask(self) -> None:
        """Ask for a reading. One that is under way is repeated: the file may have changed since."""
        self._asked.set()

    async def reload(self, seconds: float | None = None) -> Reloaded:
        """Ask for a reading, and wait until its policy counts or is refused. `seconds`: it counts
        for so long, unless it is confirmed."""
        waiting = _Waiting(seconds)
        self._waiting.append(waiting)
        self.ask()
        await waiting.settled.wait()
        return waiting.reloaded

    async def run(self) -> None:
        """Read whenever asked; until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._admission.run)
            await self._run()

    async def _run(self) -> NoReturn:
        dropped = 0
        while True:
            await self._asked.wait()
            self._asked = trio.Event()
            waiting, self._waiting = self._waiting, []
            asked = (each.seconds for each in waiting if each.seconds is not None)
            async with self._admission.turn:
                reloaded = await self._reload(
                    min(asked, default=None), droppable=dropped < MOST_DROPPED
                )
            if reloaded is None:
                self._waiting[:0] = waiting
                dropped += 1
                continue
            dropped = 0
            self.reloads.note(reloaded)
            for each in waiting:
                each.settle(reloaded)

    async def _reload(self, seconds: float | None, *, droppable: bool) -> Reloaded | None:
        """What came of it; None: it was asked for again meanwhile, and is `droppable`."""
        if self._one.borrowed_tokens:
            return _stays("an earlier reading of the policy still hangs")
        try:
            with trio.move_on_after(self._limit) as patience:
                written, lines, level = await trio.to_thread.run_sync(
                    partial(without_signals, self._read), abandon_on_cancel=True, limiter=self._one
                )
        except Exception as error:  # no thread, no memory, or a bug: the uplink matters more
            return _stays(f"the policy could not be read ({type(error).__name__}: {error})")
        if patience.cancelled_caught:
            return _stays(f"the policy could not be read within {self._limit:g} s")
        if droppable and self._asked.is_set():
            return None
        for line in lines:
            say(level, "policy", line)
        if written is None:
            return _stays("the policy is not sound", lines)
        said = await self._admission.admit(written, seconds)
        say(logging.INFO, "reload", "the policy was read again, and is now in force")
        await self._submit(NewPolicy(written.policy))
        return Reloaded((*lines, *said))

    def _read(self) -> tuple[Written | None, Sequence[str], int]:
        """The policy, or None; and what is to be said, at which level."""
        try:
            return self._load(), self._doubts(), logging.WARNING
        except PolicyProblems as error:
            return None, render(error), logging.ERROR


def _stays(why: str, lines: Sequence[str] = ()) -> Reloaded:
    say(logging.ERROR, "reload", f"{why}: the running one stays")
    return Reloaded(tuple(lines), why)
