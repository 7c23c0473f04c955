"""A socket stays where clients look for it, and belongs to the group of the policy.

Somebody may delete its file or the folder, or mount something over it. Only a look tells.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import trio

from route_switcher.daemon.control.listener import Listener, NoControl, Standing
from route_switcher.daemon.control.telling import Tell, tell_of_control
from route_switcher.thread_work import without_signals

LOOK = 3.0
"""Seconds between two looks."""

LIMIT = 5.0
"""Seconds that a look may take, or to look a group up."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Words:
    """What the log says of a socket."""

    tell: Tell
    name: str
    again: str
    """When there is one though there was none at first."""
    ungiven: str
    """What follows if it cannot be given to the group of the policy."""


CONTROL = Words(
    tell_of_control,
    "the control socket",
    "this engine can be asked now",
    "Until the next reload only root may ask and order",
)


class Upkeep:
    """Has `listen_on` called with the socket that `listener` has, and gives it to the group that
    `group` names; `given` is told the number of that group, None while it has none."""

    def __init__(
        self,
        listener: Listener,
        listen_on: Callable[[trio.socket.SocketType], None],
        group: Callable[[], str | None],
        given: Callable[[int | None], None],
        words: Words = CONTROL,
    ) -> None:
        self._listener = listener
        self._listen_on = listen_on
        self._group = group
        self._given = given
        self._words = words
        self._heard: Standing | None = None
        self._trouble = listener.trouble
        self._policy_changed = trio.Event()
        # Work that hangs keeps its token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    @property
    def trouble(self) -> str:
        """Why there is no socket where clients look for it, in words; empty: there is one."""
        return self._trouble

    def apply_policy(self) -> None:
        """The policy may name another group."""
        self._policy_changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        served: tuple[Standing | None, str | None] = None, None
        while True:
            self._policy_changed = trio.Event()
            self._hear()
            wanted = self._heard, self._group()
            if wanted != served:
                served = wanted
                await self._give(wanted[1])
            with trio.move_on_after(LOOK):
                await self._policy_changed.wait()
            await self._look()

    async def _look(self) -> None:
        try:
            trouble = await self._by_thread(self._listener.renew)
        except _TooSlowError as error:
            trouble = f"the folder of {self._words.name} cannot be looked at: {error}"
        if trouble and trouble != self._trouble:
            self._words.tell(logging.WARNING, trouble)
        self._trouble = trouble

    def _hear(self) -> None:
        standing = self._listener.standing
        if standing is None or standing is self._heard:
            return
        if self._heard is not None:
            what = f"{self._words.name} was gone, and is made again: {standing.path}"
            self._words.tell(logging.WARNING, what)
        elif self._listener.trouble:
            self._words.tell(logging.INFO, f"{self._words.again}: {standing.path}")
        self._heard = standing
        self._listen_on(trio.socket.from_stdlib_socket(standing.socket))

    async def _give(self, group: str | None) -> None:
        self._given(None)
        try:
            self._given(await self._by_thread(partial(self._listener.give, group)))
            return
        except _TooSlowError as error:
            why = f"group {group} could not be looked up {error}"
        except NoControl as error:
            why = str(error)
        self._words.tell(logging.WARNING, f"{why}. {self._words.ungiven}")

    async def _by_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises what it raises, and _TooSlowError."""
        why = f"within {LIMIT:g} s"
        if not self._one.borrowed_tokens:
            try:
                with trio.move_on_after(LIMIT):
                    done: T = await trio.to_thread.run_sync(
                        partial(without_signals, work), abandon_on_cancel=True, limiter=self._one
                    )
                    return done
            except RuntimeError as error:  # no thread (threading)
                why = f"{why}: {error}"
        raise _TooSlowError(why)


class _TooSlowError(Exception):
    """It takes too long, or no thread can be had; the message says so."""
