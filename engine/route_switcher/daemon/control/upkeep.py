"""The control socket stays where clients look for it, and belongs to the group of the policy.

Somebody may delete its file or the folder, or mount something over it. Only a look tells.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import trio

from route_switcher.daemon.control.answers import Answers
from route_switcher.daemon.control.connections import Connections
from route_switcher.daemon.control.disk import quietly
from route_switcher.daemon.control.listener import Listener, NoControl, Standing
from route_switcher.daemon.report import say

LOOK = 3.0
"""Seconds between two looks."""

LIMIT = 5.0
"""Seconds that a look may take, or to look a group up."""

T = TypeVar("T")


class Upkeep:
    """Has `connections` listen on what `listener` has, and `answers` take the orders of the group
    that the policy names."""

    def __init__(self, listener: Listener, connections: Connections, answers: Answers) -> None:
        self._listener = listener
        self._connections = connections
        self._answers = answers
        self._heard: Standing | None = None
        self._trouble = listener.trouble
        self._policy_changed = trio.Event()
        # Work that hangs keeps its token, so that threads do not pile up.
        self._one = trio.CapacityLimiter(1)

    def apply_policy(self) -> None:
        """The policy may name another group."""
        self._policy_changed.set()

    async def run(self) -> None:
        """Until cancelled."""
        served: tuple[Standing | None, str | None] = None, None
        while True:
            self._policy_changed = trio.Event()
            self._hear()
            wanted = self._heard, self._answers.policy.control.group
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
            trouble = f"the folder of the control socket cannot be looked at: {error}"
        if trouble and trouble != self._trouble:
            say(logging.WARNING, "control", trouble)
        self._trouble = trouble

    def _hear(self) -> None:
        standing = self._listener.standing
        if standing is None or standing is self._heard:
            return
        if self._heard is not None:
            what = f"the control socket was gone, and is made again: {standing.path}"
            say(logging.WARNING, "control", what)
        elif self._listener.trouble:
            say(logging.INFO, "control", f"this engine can be asked now: {standing.path}")
        self._heard = standing
        self._connections.listen_on(trio.socket.from_stdlib_socket(standing.socket))

    async def _give(self, group: str | None) -> None:
        self._answers.group = None
        try:
            self._answers.group = await self._by_thread(partial(self._listener.give, group))
            return
        except _TooSlowError as error:
            why = f"group {group} could not be looked up {error}"
        except NoControl as error:
            why = str(error)
        say(logging.WARNING, "control", f"{why}. Until the next reload only root may ask and order")

    async def _by_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises what it raises, and _TooSlowError."""
        why = f"within {LIMIT:g} s"
        if not self._one.borrowed_tokens:
            try:
                with trio.move_on_after(LIMIT):
                    done: T = await trio.to_thread.run_sync(
                        partial(quietly, work), abandon_on_cancel=True, limiter=self._one
                    )
                    return done
            except RuntimeError as error:  # no thread (threading)
                why = f"{why}: {error}"
        raise _TooSlowError(why)


class _TooSlowError(Exception):
    """It takes too long, or no thread can be had; the message says so."""
