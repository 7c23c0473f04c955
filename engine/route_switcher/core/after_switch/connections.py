"""Which connections are to be ended after a switch: those that stick to what was left.

The addresses of an uplink are those that were known last: it may have lost them together with its
link. An address that two uplinks have says nothing of a connection, and is left alone.
"""

from collections.abc import Collection, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.conntrack import Conntrack
from route_switcher.core.vocabulary.effects import EndConnections
from route_switcher.core.vocabulary.events import ConnectionsEnded, LinkState
from route_switcher.core.vocabulary.outputs import Level, Notice, Output
from route_switcher.core.vocabulary.policy import ABSENCE, Policy
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of

AGAIN = 3.0
"""Seconds until connections are ended a second time: a packet that was on its way during the switch
may have begun one by the old way."""

PATIENCE = 2.0
"""Seconds that hooks wait for connections to be ended, at most."""


class _Device(NamedTuple):
    """An interface by the kernel's own name, and the uplink that is called so."""

    interface: str
    uplink: str


@dataclass(slots=True)
class _Left:
    """What was left in one family, and what is due about it. Times are seconds."""

    uplinks: dict[str, str] = field(default_factory=dict)
    """The names of those that were left, by their interfaces."""
    gone: dict[Address, str] = field(default_factory=dict)
    """Addresses that an uplink had, with its name."""
    asked_at: float = -inf
    waits_until: float = inf
    """Until when hooks wait; inf: they do not."""
    again_at: float = inf


class Connections:
    """Hears of links and selections, and says what is to be ended."""

    def __init__(self) -> None:
        self._own_names: dict[str, str] = {}
        self._known: dict[tuple[str, Family], dict[Address, float | None]] = {}
        """The addresses of each interface that were known last, and since when they have been
        absent; None: they are there."""
        self._active: dict[Family, _Device] = {}
        self._left: dict[Family, _Left] = {}

    def deadline(self) -> float:
        """When `on_time` is wanted; inf: never."""
        earliest = inf
        for left in self._left.values():
            earliest = min(earliest, left.waits_until, left.again_at)
        for family, device in self._active.items():
            for since in self._absent(device.interface, family).values():
                earliest = min(earliest, since + ABSENCE)
        return earliest

    @property
    def at_rest(self) -> bool:
        """Whether nothing is due."""
        return not self._left and self.deadline() == inf

    def see(self, at: float, states: Iterable[LinkState]) -> None:
        """Links are so now."""
        for state in states:
            if state.present:
                self._own_names[state.interface] = state.own_name
            for family in Family:
                now = [a for a in state.addresses if family_of(a) is family]
                self._see_addresses(at, self._own_name(state.interface), family, now)

    def _see_addresses(
        self, at: float, interface: str, family: Family, now: Collection[Address]
    ) -> None:
        known = self._known.setdefault((interface, family), {})
        for address in known.keys() - now:
            if known[address] is None:
                known[address] = at
            elif now and not self._carried(interface, family):
                del known[address]
        known.update(dict.fromkeys(now))

    def _carried(self, interface: str, family: Family) -> bool:
        """Whether it carries the traffic, or did just now."""
        active, left = self._active.get(family), self._left.get(family)
        return (active is not None and active.interface == interface) or (
            left is not None and interface in left.uplinks
        )

    def follow(
        self, at: float, selections: Mapping[Family, FamilySelection], moved: Container[Family]
    ) -> None:
        """The selections are so now; those of the families `moved` may be new."""
        for family in [f for f in self._active if f not in selections]:
            del self._active[family]
            self._left.pop(family, None)
        for family, selection in selections.items():
            uplinks = (health.uplink for health in selection.healths)
            active = next((u for u in uplinks if u.name == selection.current), None)
            if active is None:
                continue
            device = _Device(self._own_name(active.interface), active.name)
            before = self._active.get(family, device)
            self._active[family] = device
            if family in moved and before.interface != device.interface:
                self._leave(at, family, before)

    def _leave(self, at: float, family: Family, before: _Device) -> None:
        uplinks = self._left[family].uplinks if family in self._left else {}
        gone = self._left[family].gone if family in self._left else {}
        uplinks[before.interface] = before.uplink
        uplinks.pop(self._active[family].interface, None)
        # Where a reload gives the uplink another interface, nothing else asks for it.
        self._left[family] = _Left(uplinks, gone, again_at=at + 2 * AGAIN)

    def waits(self, family: Family) -> bool:
        """Whether hooks about `family` are to wait."""
        return family in self._left and self._left[family].waits_until < inf

    def on_ended(self, event: ConnectionsEnded) -> None:
        """It is done."""
        left = self._left.get(event.family)
        if left is not None and left.asked_at == event.asked_at:
            left.waits_until = inf

    def on_time(self, at: float, policy: Policy, awaited: Container[Family]) -> Iterator[Output]:
        """What is due. In the families `awaited`, the traffic has not moved yet."""
        for family, left in list(self._left.items()):
            if at >= left.waits_until:
                left.waits_until = inf
            if at >= left.again_at and family not in awaited:
                again = left.asked_at > -inf
                yield from self.end(at, family, policy, again=again)
        for family, device in self._active.items():
            gone = {
                address
                for address, since in self._absent(device.interface, family).items()
                if at >= since + ABSENCE
            }
            if not gone:
                continue
            for address in gone:
                del self._known[device.interface, family][address]
            left = self._left.setdefault(family, _Left())
            left.gone |= dict.fromkeys(gone, device.uplink)
            if family not in awaited:
                yield from self.end(at, family, policy)

    def end(
        self, at: float, family: Family, policy: Policy, *, again: bool = False
    ) -> Iterator[Output]:
        """Ask for it: the traffic has moved, or an address has."""
        left = self._left.pop(family, None)
        if left is None or policy.conntrack is Conntrack.NONE:
            return
        active = self._active[family].uplink
        names = tuple(dict.fromkeys((*left.uplinks.values(), *left.gone.values())))
        addresses: tuple[Address, ...] | None = None
        if policy.conntrack is Conntrack.PREVIOUS:
            own, others = self._addresses(family, left), self._others(family, left, policy)
            shared = own & others.keys()
            if shared and not again:
                yield Notice(at, Level.WARNING, _left_alone(family, names, shared, others))
            addresses = tuple(sorted(own - shared, key=int))
            if not addresses:
                return
        if not again:
            left.asked_at, left.waits_until, left.again_at = at, at + PATIENCE, at + AGAIN
            self._left[family] = left
        yield EndConnections(at, family, active, names, addresses, again)

    def _addresses(self, family: Family, left: _Left) -> set[Address]:
        of_uplinks = (self._known.get((its, family), {}) for its in left.uplinks)
        return {*left.gone, *(address for known in of_uplinks for address in known)}

    def _others(self, family: Family, left: _Left, policy: Policy) -> dict[Address, str]:
        """The addresses of uplinks that were not left, with their names."""
        return {
            address: uplink.name
            for uplink in policy.uplinks_of(family)
            if (its := self._own_name(uplink.interface)) not in left.uplinks
            for address in self._present(its, family)
        }

    def _present(self, interface: str, family: Family) -> Iterable[Address]:
        """Those that are there, or were when any was."""
        known = self._known.get((interface, family), {})
        return [address for address, since in known.items() if since is None] or known

    def _absent(self, interface: str, family: Family) -> dict[Address, float]:
        """The addresses that are absent while others are there, and since when."""
        known = self._known.get((interface, family), {})
        if None not in known.values():
            return {}
        return {address: since for address, since in known.items() if since is not None}

    def _own_name(self, interface: str) -> str:
        return self._own_names.get(interface, interface)


def _left_alone(
    family: Family,
    left: Iterable[str],
    shared: Iterable[Address],
    others: Mapping[Address, str],
) -> str:
    shared = sorted(shared, key=int)
    also = dict.fromkeys(others[address] for address in shared)
    return (
        f"{family}: connections that stick to {' and '.join(left)} are left alone, as nothing tells"
        f" them from others: {' and '.join(also)} has the same address,"
        f" {' and '.join(map(str, shared))}"
    )
