"""Reads the policy again when asked, while everything else goes on.

A file system may hang, and to understand a policy takes a few tenths of a second. So a thread does
both: while it computes, the loop waits for it 10 ms at most (measured). A child process could be
killed where a thread must be left behind, but it would have to start Python first; and whatever
hangs in the kernel without heeding a signal holds up a child just the same.
"""

import logging
import signal
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

import trio

from route_switcher.core.vocabulary.commands import NewPolicy
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.report import say
from route_switcher.daemon.signals import SIGNALS
from route_switcher.policy.problems import PolicyProblems, render
from route_switcher.policy.yaml.files import TIME_LIMIT


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What came of a reading. `lines` are the problems of the policy, or what to warn of."""

    lines: tuple[str, ...] = ()
    refused: str = ""
    """Why the running policy stays, in words; empty: the new one counts."""


class _Waiting:
    def __init__(self) -> None:
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
        load: Callable[[], Policy],
        doubts: Callable[[], Sequence[str]],
        *,
        limit: float = TIME_LIMIT,
    ) -> None:
        self._submit = submit
        self._load = load
        self._doubts = doubts
        self._limit = limit
        self._asked = trio.Event()
        self._waiting: list[_Waiting] = []
        # A reading that hangs keeps its token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    def ask(self) -> None:
        """Ask for a reading. One that is under way is repeated: the file may have changed since."""
        self._asked.set()

    async def reload(self) -> Reloaded:
        """Ask for a reading, and wait until its policy counts or is refused."""
        waiting = _Waiting()
        self._waiting.append(waiting)
        self.ask()
        await waiting.settled.wait()
        return waiting.reloaded

    async def run(self) -> NoReturn:
        """Read whenever asked."""
        while True:
            await self._asked.wait()
            self._asked = trio.Event()
            waiting, self._waiting = self._waiting, []
            reloaded = await self._reload()
            if reloaded is None:
                self._waiting[:0] = waiting
                continue
            for each in waiting:
                each.settle(reloaded)

    async def _reload(self) -> Reloaded | None:
        """What came of it; None: it was asked for again meanwhile."""
        if self._one.borrowed_tokens:
            return _stays("an earlier reading of the policy still hangs")
        try:
            with trio.move_on_after(self._limit) as patience:
                policy, lines, level = await trio.to_thread.run_sync(
                    self._read, abandon_on_cancel=True, limiter=self._one
                )
        except Exception as error:  # no thread, no memory, or a bug: the uplink matters more
            return _stays(f"the policy could not be read ({type(error).__name__}: {error})")
        if patience.cancelled_caught:
            return _stays(f"the policy could not be read within {self._limit:g} s")
        if self._asked.is_set():
            return None
        for line in lines:
            say(level, "policy", line)
        if policy is None:
            return _stays("the policy is not sound", lines)
        say(logging.INFO, "reload", "the policy was read again, and counts from now on")
        await self._submit(NewPolicy(policy))
        return Reloaded(tuple(lines))

    def _read(self) -> tuple[Policy | None, Sequence[str], int]:
        """The policy, or None; and what is to be said, at which level."""
        # This thread may outlive the daemon's handlers, and must not take its signals then.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        try:
            return self._load(), self._doubts(), logging.WARNING
        except PolicyProblems as error:
            return None, render(error), logging.ERROR


def _stays(why: str, lines: Sequence[str] = ()) -> Reloaded:
    say(logging.ERROR, "reload", f"{why}: the running one stays")
    return Reloaded(tuple(lines), why)
