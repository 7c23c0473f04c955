"""The daemon and its signals."""

import logging
import signal
import traceback
from collections.abc import AsyncIterator
from math import inf
from pathlib import Path

import trio

from route_switcher.daemon.kernel_waits import tell_of_waits
from route_switcher.daemon.leaving import STAY, Leave
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.report import say, tell_held
from route_switcher.daemon.service import Service
from route_switcher.daemon.service_manager import ServiceManager
from route_switcher.daemon.signals import SIGNALS, let_in
from route_switcher.kernel.rtnetlink.locked_calls import longest_wait


class CannotStart(Exception):  # noqa: N818 - a condition of the machine, not an error of ours
    """The kernel refused something before the engine was ready; the message says what."""

    def __init__(self, error: OSError) -> None:
        at = traceback.extract_tb(error.__traceback__)[-1]
        what = f"{error.strerror or error}" + (f": {error.filename}" if error.filename else "")
        place = f"{at.line} ({Path(at.filename).name}:{at.lineno})"
        super().__init__(f"the kernel refused it: {what}, at {place}")


def first_of(group: BaseExceptionGroup[OSError]) -> OSError:
    """Any of them that is no group."""
    first = group.exceptions[0]
    return first_of(first) if isinstance(first, BaseExceptionGroup) else first


async def _stay() -> str:
    return STAY


async def serve(service: Service, reloading: Reloading, leave: Leave = _stay) -> None:
    """Run `service` until SIGTERM or SIGINT, and `leave` then; at SIGHUP read the policy again.

    Raises CannotStart.
    """
    with trio.open_signal_receiver(*SIGNALS) as signals, let_in():
        try:
            async with trio.open_nursery() as nursery:
                try:
                    await nursery.start(service.run)
                except* OSError as group:
                    raise CannotStart(first_of(group)) from None
                nursery.start_soon(reloading.run)
                nursery.start_soon(tell_of_waits, longest_wait)
                manager = ServiceManager()
                nursery.start_soon(manager.tell_surely, "READY=1")
                if manager.patience < inf:
                    nursery.start_soon(manager.watch, service.beat, longest_wait)
                name = await _until_stopped(signals, reloading)
                nursery.cancel_scope.cancel()
        finally:
            # Only now: a task that is being cancelled may still have something to say. And also if
            # an error ends it: what was held back may explain that.
            tell_held(inf)
        # Nothing else changes routes any more.
        say(logging.INFO, "stop", f"stopped by {name}; {await leave()}")


async def _until_stopped(signals: AsyncIterator[int], reloading: Reloading) -> str:
    """Reload at each SIGHUP until another signal comes; its name."""
    async for number in signals:
        if number != signal.SIGHUP:
            return signal.Signals(number).name
        reloading.ask()
    raise AssertionError("a signal receiver never ends")
