"""Drafts a policy from what a machine has: which uplinks, in which order, and what that assumes."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_address

from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink, family_of
from route_switcher.drafting.lines import DraftLine, lines_of, metrics, wins_in_main, writable
from route_switcher.drafting.notes import Task, assumptions, tasks
from route_switcher.kernel.host.snapshot import HostSnapshot, Interface
from route_switcher.policy.sections.gateways import Gateway
from route_switcher.policy.sections.uplinks import METRIC_STEP

MAX_LINES = 16
"""Uplinks of a family that are drafted. More default routes are a routing daemon's."""
MAX_OFFERED = 8
"""Interfaces without a default route that are offered: a container host has hundreds."""

UNKNOWN = "?"
"""Stands for what a person must write; no policy is valid with it."""

_MADE_UP = (
    ("primary", "eth0", ip_address("192.0.2.1")),
    ("secondary", "eth1", ip_address("198.51.100.1")),
)
"""Name, interface, gateway; gateways that cannot work by accident (RFC 5737)."""

_NOT_IN_A_NAME = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """An uplink of the draft. One that a person must look at first is written as a comment."""

    name: str
    interface: str
    gateways: Mapping[Family, Gateway]
    """None in it: they are to be completed."""
    metric: int
    why: tuple[str, ...]
    """What it was made of, in sentences or routes; the loader of a policy never sees it."""
    onlink: bool = False
    """The route that it was made of says that the gateway is on the link."""
    offered: bool = False
    """It may be none: nothing but its address says that it leads to the internet."""

    @property
    def complete(self) -> bool:
        """Whether it is an uplink of the policy as it is written."""
        return bool(self.gateways) and not self.offered


@dataclass(frozen=True, slots=True)
class Draft:
    """What `draft_text.write` writes. Texts name interfaces, so any character may be in them."""

    entries: tuple[Entry, ...]
    assumed: tuple[str, ...]
    tasks: tuple[Task, ...]
    template: bool
    """Nothing was found to draft from: the uplinks are made up."""

    @property
    def uplinks(self) -> tuple[Uplink, ...]:
        """Those that are complete."""
        return _complete(self.entries)


def draft(host: HostSnapshot) -> Draft:
    """A policy for `host`, as far as its default routes tell what is an uplink."""
    found = {family: lines_of(host, family) for family in Family}
    lines = {family: each[:MAX_LINES] for family, each in found.items()}
    offered = _offered(host, found)
    template = all(line.mode is None for each in lines.values() for line in each)
    entries = _template(lines, offered) if template else _entries(host, lines, offered)
    left_out = [line.interface for each in found.values() for line in each[MAX_LINES:]]
    left_out += [each.name for each in offered[MAX_OFFERED:]]
    standby = [e.interface for e in entries if not e.complete and e.interface != UNKNOWN]
    return Draft(
        entries,
        assumptions(host, lines, left_out),
        tasks(host, _complete(entries), standby),
        template,
    )


def _complete(entries: Iterable[Entry]) -> tuple[Uplink, ...]:
    return tuple(
        Uplink(
            each.name,
            each.interface,
            gateway,
            each.metric,
            family,
            onlink=(each.onlink or None) if not isinstance(gateway, GatewayMode) else None,
        )
        for each in entries
        if each.complete
        for family, gateway in each.gateways.items()
    )


def _offered(host: HostSnapshot, lines: Mapping[Family, Sequence[DraftLine]]) -> list[Interface]:
    """Interfaces that may lead to the internet, though no default route says so."""
    leading = {line.interface for found in lines.values() for line in found}
    return [
        each
        for each in host.interfaces
        if each.up and each.addresses and each.name not in leading and writable(each.name)
    ]


def _entries(
    host: HostSnapshot, lines: Mapping[Family, Sequence[DraftLine]], offered: Sequence[Interface]
) -> tuple[Entry, ...]:
    modes = [line.mode for found in lines.values() for line in found]
    in_main = not any(isinstance(mode, GatewayMode) for mode in modes)
    clashing = any(map(wins_in_main, host.routes))
    entries: list[Entry] = []
    names: set[str] = set()
    for family, found in lines.items():
        joined = _joined(entries, found) if family is Family.IPV6 else {}
        rest = [line for line in found if line.interface not in joined]
        usable = [line for line in rest if line.mode is not None]
        others = [line for line in rest if line.mode is None]
        more = [each for each in offered[:MAX_OFFERED] if _family_of(each) is family]
        # In a table of our own no route of others is in the way.
        foreign = [r.metric for r in host.routes if r.family is family and not r.ours and in_main]
        own = [*joined.values(), *(line.own_metric for line in usable)]
        numbers = iter(metrics(family, own, len(others) + len(more), foreign))
        if joined:
            numbers = iter(metrics(family, list(joined.values()), len(rest) + len(more), foreign))
            for line in found[: len(joined)]:
                next(numbers)
                _join(entries, line)
        for line in (*usable, *others):
            name = _name(line.interface, family, names)
            why = tuple(route.with_protocol for route in line.routes)
            if line.mode is None:
                why += (
                    "Without a gateway: if there is one behind it, write it for the ?; if the line"
                    " has none, write none.",
                )
            gateways = {} if line.mode is None else {family: line.mode}
            onlink = line.mode == line.gateway is not None and line.used.onlink
            entries.append(Entry(name, line.interface, gateways, next(numbers), why, onlink))
        for each in more:
            name = _name(each.name, family, names)
            entries.append(_offer(each, name, family, next(numbers), clashing=clashing))
    if len({entry.interface for entry in entries}) == 1:
        entries.append(_second(entries[0], names))
    return tuple(entries)


def _joined(entries: Sequence[Entry], lines: Sequence[DraftLine]) -> dict[str, int]:
    """The interfaces whose IPv6 line becomes a part of the uplink for IPv4, with its metric.

    Only lines whose gateway is not written: others have an uplink of their own. An uplink has one
    place in the order of preference, so both families must have them in the same order.
    """
    known = {entry.interface: entry for entry in entries if entry.complete}
    common = [line for line in lines if line.interface in known and line.mode is not None]
    joined = {line.interface: known[line.interface].metric for line in common}
    fits = all(isinstance(line.mode, GatewayMode) and line.own_metric is None for line in common)
    first = [line.interface for line in lines[: len(joined)]]
    in_order = list(joined.values()) == sorted(joined.values())
    return joined if fits and first == list(joined) and in_order else {}


def _join(entries: list[Entry], line: DraftLine) -> None:
    place = next(n for n, entry in enumerate(entries) if entry.interface == line.interface)
    entry = entries[place]
    assert line.mode is not None
    entries[place] = replace(
        entry,
        gateways={**entry.gateways, line.family: line.mode},
        why=(*entry.why, *(route.with_protocol for route in line.routes)),
    )


def _family_of(interface: Interface) -> Family:
    return Family.IPV4 if interface.has(Family.IPV4) else Family.IPV6


def _second(first: Entry, names: set[str]) -> Entry:
    why = ("There is nothing to fail over to: write a second line's interface and gateway here.",)
    name = _name("second", Family.IPV4, names)
    return Entry(name, UNKNOWN, {}, first.metric + METRIC_STEP, why)


def _offer(
    interface: Interface, name: str, family: Family, metric: int, *, clashing: bool
) -> Entry:
    addresses = ", ".join(map(str, interface.addresses))
    there = f"{interface.name} is up with {addresses}, and has no default route."
    if interface.point_to_point:
        why = (
            f"{there} It is a point-to-point link, so it needs no gateway. If it leads to the"
            " internet, take away the # of these lines."
        )
        return Entry(name, interface.name, {family: GatewayMode.NONE}, metric, (why,), offered=True)
    if clashing and family is Family.IPV4:
        why = (
            f"{there} If it has its address by DHCP from a second line, its default route was"
            " refused, because one with metric 0 is there already. With the hooks for DHCP clients,"
            " take away the # of these lines."
        )
        return Entry(name, interface.name, {family: GatewayMode.AUTO}, metric, (why,), offered=True)
    why = (
        f"{there} If it leads to the internet, write its router for the ? (it is in the same"
        " network), or auto if a program writes a default route through it."
    )
    return Entry(name, interface.name, {}, metric, (why,))


def _template(
    lines: Mapping[Family, Sequence[DraftLine]], offered: Sequence[Interface]
) -> tuple[Entry, ...]:
    """Two uplinks with the interfaces that there are, as far as there are any."""
    leading = [line.interface for found in lines.values() for line in found]
    there = list(dict.fromkeys([*leading, *(each.name for each in offered)]))
    made_up = [interface for _, interface, _ in _MADE_UP if interface not in there]
    entries = []
    pairs = zip(_MADE_UP, [*there, *made_up], strict=False)
    for number, ((name, _, gateway), interface) in enumerate(pairs, 1):
        why = "Replace the gateway: it is made up."
        if interface not in there:
            why = "Replace interface and gateway: both are made up."
        entries.append(
            Entry(name, interface, {family_of(gateway): gateway}, METRIC_STEP * number, (why,))
        )
    return tuple(entries)


def _name(interface: str, family: Family, taken: set[str]) -> str:
    """A name for an uplink, after its interface."""
    plain = _NOT_IN_A_NAME.sub("-", interface).strip("-_.") or "uplink"
    name = wanted = plain if family is Family.IPV4 else f"{plain}-v6"
    number = 1
    while name in taken:
        number += 1
        name = f"{wanted}-{number}"
    taken.add(name)
    return name
