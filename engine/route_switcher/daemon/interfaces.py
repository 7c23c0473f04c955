"""What the engine looks at, or sets, on each interface of an uplink once it is there."""

import logging
from collections.abc import Iterable

from route_switcher.core.events import LinkState
from route_switcher.core.model import Family, Policy
from route_switcher.daemon.report import say
from route_switcher.kernel.linkdown import ignore_linkdown
from route_switcher.kernel.rp_filter import rp_filter_remedy, strict_rp_filter


class Interfaces:
    """Looks at each interface when it appears. A dry run (`writes` false) sets nothing."""

    def __init__(self, *, writes: bool) -> None:
        self._writes = writes
        self._looked_at: set[str] = set()
        self._set: set[str] = set()

    def look(self, policy: Policy, links: Iterable[LinkState]) -> None:
        """Take what there is now."""
        filtered = {u.interface for u in policy.uplinks_of(Family.IPV4)}
        for link in links:
            interface = link.interface
            if not link.present:
                self._looked_at.discard(interface)
                self._set.discard(interface)
                continue
            if interface in filtered - self._looked_at:
                self._looked_at.add(interface)
                _warn_of_rp_filter(interface)
            if self._writes and policy.ignore_linkdown != (interface in self._set):
                self._set ^= {interface}
                _set_linkdown(interface, policy.ignore_linkdown)


def _warn_of_rp_filter(interface: str) -> None:
    sysctl = strict_rp_filter(interface)
    if sysctl is not None:
        text = (
            f"{sysctl} = 1 (strict) drops the answers to probes while {interface} is not the "
            f"best route, so it will look dead: {rp_filter_remedy(interface)}"
        )
        say(logging.WARNING, "rp-filter", text)


def _set_linkdown(interface: str, on: bool) -> None:
    refused = ignore_linkdown(interface, on)
    if refused is not None:
        text = f"cannot set ignore_linkdown on {interface}: {refused}; carrier loss takes longer"
        say(logging.WARNING, "linkdown", text)
    elif on:
        text = f"{interface}: the kernel skips its routes while it has no carrier"
        say(logging.INFO, "linkdown", text)
