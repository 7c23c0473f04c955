"""What the engine looks at, or sets, on each interface of an uplink once it is there."""

import logging
from collections.abc import Iterable, Iterator, Mapping
from functools import partial

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.daemon.in_order import Do, at_once
from route_switcher.daemon.report import say
from route_switcher.kernel.host.ipv6_settings import (
    what_disables_ipv6,
    what_ignores_advertisements,
)
from route_switcher.kernel.host.linkdown import ignore_linkdown
from route_switcher.kernel.host.rp_filter import rp_filter_remedy, strict_rp_filter


class Interfaces:
    """Looks at each interface when it appears. A dry run (`writes` false) sets nothing."""

    def __init__(self, *, writes: bool, do: Do = at_once) -> None:
        """`do` does what may wait for the kernel: to set `ignore_routes_with_linkdown` takes its
        lock for links and routes."""
        self._writes = writes
        self._do = do
        self._looked_at: set[str] = set()
        self._set: set[str] = set()
        self._policy: Policy | None = None
        self._told: set[str] = set()
        """What was told of names, and is still so."""
        self._ipv6_told: set[str] = set()

    def look(self, policy: Policy, links: Iterable[LinkState]) -> None:
        """Take what there is now."""
        links = tuple(links)
        self._look_at_names(policy, {link.interface: link for link in links})
        self._look_at_ipv6(policy, {link.interface: link for link in links if link.present})
        filtered = {u.interface for u in policy.uplinks_of(Family.IPV4)}
        for link in links:
            interface = link.interface
            if not link.present:
                self._looked_at.discard(interface)
                self._set.discard(interface)
                continue
            if interface in filtered - self._looked_at:
                self._looked_at.add(interface)
                _warn_of_rp_filter(link.own_name)
            if self._writes and policy.ignore_linkdown != (interface in self._set):
                self._set ^= {interface}
                name, on = link.own_name, policy.ignore_linkdown
                self._do(partial(ignore_linkdown, name, on), partial(_tell_of_linkdown, name, on))

    def _look_at_names(self, policy: Policy, links: Mapping[str, LinkState]) -> None:
        if policy is not self._policy:
            self._policy = policy
            self._told.clear()
        texts = dict.fromkeys(_other_names(links.values()), logging.INFO)
        texts |= dict.fromkeys(_one_interface(policy.uplinks, links), logging.ERROR)
        for text in texts.keys() - self._told:
            say(texts[text], "interface", text)
        self._told = set(texts)

    def _look_at_ipv6(self, policy: Policy, present: Mapping[str, LinkState]) -> None:
        """Each time, since settings change in silence; what is still so was told."""
        texts: dict[str, None] = {}
        for uplink in policy.uplinks_of(Family.IPV6):
            link = present.get(uplink.interface)
            text = _what_hinders_ipv6(uplink, link.own_name) if link is not None else None
            if text is not None:
                texts[text] = None
        for text in texts.keys() - self._ipv6_told:
            say(logging.WARNING, "ipv6", text)
        self._ipv6_told = set(texts)


def _what_hinders_ipv6(uplink: Uplink, name: str) -> str | None:
    disabled = what_disables_ipv6(name)
    if disabled is not None or uplink.gateway is not GatewayMode.AUTO:
        return disabled
    return what_ignores_advertisements(name)


def _other_names(links: Iterable[LinkState]) -> Iterator[str]:
    for link in links:
        if link.name:
            yield f"{link.interface} is {link.name}"


def _one_interface(uplinks: Iterable[Uplink], links: Mapping[str, LinkState]) -> Iterator[str]:
    """An interface carries one uplink of each family, as the policy says of those whose names are
    the same: the kernel side takes all but the first for missing."""
    first: dict[tuple[str, Family], Uplink] = {}
    for uplink in uplinks:
        link = links.get(uplink.interface)
        name = link.own_name if link is not None else uplink.interface
        other = first.setdefault((name, uplink.family), uplink)
        if other is not uplink:
            yield (
                f"the uplinks {other.name} ({other.interface}) and {uplink.name} "
                f"({uplink.interface}) are one interface, {name}: only {other.name} is used. "
                "Name another interface for one of them, or remove one"
            )


def _warn_of_rp_filter(interface: str) -> None:
    sysctl = strict_rp_filter(interface)
    if sysctl is not None:
        text = (
            f"{sysctl} = 1 (strict) drops the answers to probes while {interface} is not the "
            f"best route, so it will look dead: {rp_filter_remedy(interface)}"
        )
        say(logging.WARNING, "rp-filter", text)


def _tell_of_linkdown(interface: str, on: bool, refused: str | None) -> None:
    if refused is not None:
        text = f"cannot set ignore_linkdown on {interface}: {refused}; carrier loss takes longer"
        say(logging.WARNING, "linkdown", text)
    elif on:
        text = f"{interface}: the kernel skips its routes while it has no carrier"
        say(logging.INFO, "linkdown", text)
