"""The daemon and its signals."""

import logging
import signal
from collections.abc import AsyncIterator, Callable

import trio

from route_switcher.core.model import Policy
from route_switcher.daemon.report import say
from route_switcher.daemon.service import Service
from route_switcher.daemon.signals import SIGNALS, let_in
from route_switcher.policy.problems import PolicyProblems, render


async def serve(service: Service, load: Callable[[], Policy]) -> None:
    """Run `service` until SIGTERM or SIGINT; at SIGHUP take what `load` returns.

    `load` raises PolicyProblems for a bad file: that is reported, and the running policy stays.
    """
    with trio.open_signal_receiver(*SIGNALS) as signals, let_in():
        async with trio.open_nursery() as nursery:
            await nursery.start(service.run)
            name = await _until_stopped(signals, service, load)
            nursery.cancel_scope.cancel()
        # Only now: a task that is being cancelled may still have something to say.
        say(logging.INFO, "stop", f"stopped by {name}; the routes stay as they are")


async def _until_stopped(
    signals: AsyncIterator[int], service: Service, load: Callable[[], Policy]
) -> str:
    """Reload at each SIGHUP until another signal comes; its name."""
    async for number in signals:
        if number != signal.SIGHUP:
            return signal.Signals(number).name
        await _reload(service, load)
    raise AssertionError("a signal receiver never ends")


async def _reload(service: Service, load: Callable[[], Policy]) -> None:
    try:
        policy = load()
    except PolicyProblems as error:
        for line in render(error):
            say(logging.ERROR, "policy", line)
        say(logging.ERROR, "reload", "the policy is not sound: the running one stays")
        return
    say(logging.INFO, "reload", "the policy is read anew")
    await service.reload(policy)
