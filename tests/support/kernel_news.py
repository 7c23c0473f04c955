"""Hears of the kernel's news until there are no more."""

import select
from math import inf

import trio

from route_switcher.kernel.base import Kernel, KernelNews
from route_switcher.kernel.rtnetlink.monitor import Monitor
from route_switcher.kernel.rtnetlink.netlink import NetlinkKernel

_QUIET = 0.05
"""Seconds without news."""


async def heard(kernel: Kernel | Monitor) -> KernelNews:
    """All news of what has happened, also those that are told once more later (see `monitor`).

    What a command has changed is told when that has ended. Links get a carrier, and IPv6 addresses
    become usable, later: who wants to hear of that waits for it first.
    """
    news = KernelNews()
    while True:
        with trio.move_on_after(_QUIET) as waiting:
            news |= await kernel.changed()
        if waiting.cancelled_caught and not _more(kernel):
            return news


def _more(kernel: Kernel | Monitor) -> bool:
    """Whether there is more to tell: a process that stood still may have passed over it."""
    monitor = kernel._monitor if isinstance(kernel, NetlinkKernel) else kernel
    if not isinstance(monitor, Monitor):
        return False
    unread = select.select([monitor._socket], [], [], 0)[0]
    return bool(unread) or monitor._repeat_at < inf
