"""What becomes of the routes when a person or the service manager ends the engine."""

import logging
from collections.abc import Awaitable, Callable

import trio

from route_switcher.core.routing.remaining_defaults import remaining_default, why_ours_stay
from route_switcher.core.vocabulary.policy import OnExit
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.daemon.report import say
from route_switcher.daemon.service import Service
from route_switcher.daemon.taking_back import take_back, ways_out
from route_switcher.kernel.base import Kernel, Oracle

LIMIT = 5.0
"""Seconds for all of it. systemd waits for 90 s (TimeoutStopSec), other service managers for 10."""

STAY = "the routes stay as they are"

Leave = Callable[[], Awaitable[str]]
"""Does what is to be done at the end, and returns what became of the routes, in words."""


async def leave(service: Service, kernel: Kernel, oracle: Oracle) -> str:
    """See `Leave`: as `on_exit` of the policy says. Tells each thing that is done."""
    if service.policy.on_exit is OnExit.KEEP:
        return STAY
    families: list[Family] = []
    complete = True
    try:
        with trio.move_on_after(LIMIT) as patience:
            families = await _left(service, kernel)
            if families:
                complete = await _restore(kernel, oracle, families)
    except OSError as error:
        return f"the rest of the routes stays as it is: the kernel refused it: {error}"
    if patience.cancelled_caught:
        return f"not everything was done within {LIMIT:g} s: the rest of the routes stays as it is"
    if not complete:
        return "the rest of the routes stays as it is: the kernel refused some of it"
    left = [family for family in service.policy.families if family not in families]
    if not left:
        return "our routes are removed"
    which = " and ".join(map(str, left))
    return f"our routes of {which} stay as they are" if families else STAY


async def _left(service: Service, kernel: Kernel) -> list[Family]:
    """The families in which ours may go. Says why others may not."""
    routes = await kernel.default_routes()
    families = []
    for status in service.status().families:
        remaining = remaining_default(status, routes)
        interfaces = [remaining.interface] if remaining and remaining.interface else []
        links = {state.interface: state for state in await kernel.link_states(interfaces)}
        why = why_ours_stay(status, remaining, links)
        if why:
            say(logging.WARNING, "restore", f"{status.family}: our routes stay: {why}")
        else:
            families.append(status.family)
    return families


async def _restore(kernel: Kernel, oracle: Oracle, families: list[Family]) -> bool:
    """Whether all went that should."""
    taken = await take_back(kernel, families, "the engine ends")
    level = logging.INFO if taken.complete else logging.WARNING
    for line in (*taken.lines, *await ways_out(kernel, oracle, families)):
        say(level, "restore", line)
    return taken.complete
