"""Who is told what the service does: the log, and whoever else is given to it."""

import logging
import time

import trio

from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.events import Answers, Event, Reload, Round
from route_switcher.core.vocabulary.outputs import Output
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.dropped_packets import DroppedPackets
from route_switcher.daemon.report import (
    say,
    tell,
    tell_answers,
    tell_held,
    tell_reconciled,
    tell_round,
)

_LOOK = 1.0
"""Seconds between two looks for lines of the log that are due."""

_LOOKS = 60
"""Looks after which it is told what the probers dropped."""


class Observer:
    """One who is told. Override what matters to you; the rest does nothing.

    The one loop that owns the engine calls all methods except `run`, in the order of what happens.
    None of them may block or wait: the next round waits for them. What takes time is put into a
    queue with a bound, and `run` takes it out. If the queue is full, that observer counts what it
    lost; nothing else may suffer. One that raises, also in `run`, is told nothing more
    (`ObserverList`).
    """

    async def run(self) -> None:
        """A task of its own, from before the start until the end of the service."""

    def event(self, event: Event) -> None:
        """The engine is given this next."""

    def output(self, output: Output) -> None:
        """The engine says this."""

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """The kernel was brought to the plan, in so many seconds. Not called in a dry run."""

    def overrun(self) -> None:
        """The kernel had more news than we could read: all is read again."""


class LogObserver(Observer):
    """Writes the log, in which uplinks are called as in `policy`, or the one that replaces it."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.dropped = DroppedPackets()
        """What the probers dropped; it is told once a minute."""

    async def run(self) -> None:
        """See to it that lines that were held back are told of though no other follows, and what
        the probers dropped."""
        try:
            while True:
                for _ in range(_LOOKS):
                    await trio.sleep(_LOOK)
                    tell_held(time.monotonic())
                self.dropped.tell(self._policy)
        finally:
            self.dropped.tell(self._policy)

    def event(self, event: Event) -> None:
        """Rounds and late answers, at debug level; the engine says what follows from the others."""
        if isinstance(event, Round):
            tell_round(event, self._policy)
        elif isinstance(event, Answers):
            tell_answers(event, self._policy)
        elif isinstance(event, Reload):
            self._policy = event.policy
            self.dropped.keep({uplink.id for uplink in event.policy.uplinks})

    def output(self, output: Output) -> None:
        """Each in one line."""
        tell(output, self._policy)

    def reconciled(self, result: Reconciled, seconds: float) -> None:
        """What was changed; the engine tells of refusals."""
        tell_reconciled(result, seconds)

    def overrun(self) -> None:
        """One line."""
        say(logging.WARNING, "overrun", "netlink messages were lost; everything is read again")
