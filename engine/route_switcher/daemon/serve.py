"""The daemon and its signals."""

import logging
import signal
import time
from collections.abc import AsyncIterator, Callable, Sequence
from math import inf
from typing import NoReturn

import trio

from route_switcher.core.model import Policy
from route_switcher.daemon.reloading import Reloading
from route_switcher.daemon.report import say, tell_held
from route_switcher.daemon.service import Service
from route_switcher.daemon.signals import SIGNALS, let_in

_LOOK = 1.0
"""Seconds between two looks for lines of the log that are due."""


async def serve(
    service: Service,
    load: Callable[[], Policy],
    doubts: Callable[[], Sequence[str]] = tuple,
) -> None:
    """Run `service` until SIGTERM or SIGINT; at SIGHUP take what `load` returns.

    For `load` and `doubts` see `Reloading`.
    """
    with trio.open_signal_receiver(*SIGNALS) as signals, let_in():
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            reloading = Reloading(service.reload, load, doubts)
            nursery.start_soon(reloading.run)
            nursery.start_soon(_tell_held)
            name = await _until_stopped(signals, reloading)
            nursery.cancel_scope.cancel()
        # Only now: a task that is being cancelled may still have something to say.
        tell_held(inf)
        say(logging.INFO, "stop", f"stopped by {name}; the routes stay as they are")


async def _tell_held() -> NoReturn:
    """See to it that lines that were held back are told of though no other follows."""
    while True:
        await trio.sleep(_LOOK)
        tell_held(time.monotonic())


async def _until_stopped(signals: AsyncIterator[int], reloading: Reloading) -> str:
    """Reload at each SIGHUP until another signal comes; its name."""
    async for number in signals:
        if number != signal.SIGHUP:
            return signal.Signals(number).name
        reloading.ask()
    raise AssertionError("a signal receiver never ends")
