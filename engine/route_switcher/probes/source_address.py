"""The address that the probes of an uplink are sent from: one of its own interface.

To a deprecated address on the interface that a packet leaves by, the kernel prefers any other on
any interface (RFC 6724, section 5: rule 3 comes before rule 5). An ISP drops packets from addresses
that are not its own, so a line that works would look dead. And in IPv4 the kernel takes an address
of another interface where those of this one have scope link.

An interface without an address of its own borrows one, as the kernel has it: so does a router whose
ISP only delegates a prefix to it.
"""

import socket
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import ip_address
from typing import TypeAlias

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.uplinks import Address, Family, family_of
from route_switcher.probes.interface import ADDRESS_FAMILY, bind_to

_Addresses: TypeAlias = frozenset[Address]

_ANY = {Family.IPV4: "0.0.0.0", Family.IPV6: "::"}
_DISCARD_PORT = 9


class LinkAddresses:
    """The addresses by which the interfaces of uplinks reach out, as last told."""

    def __init__(self) -> None:
        self._of: Mapping[tuple[str, Family], _Addresses] = {}

    def see(self, links: Iterable[LinkState]) -> None:
        """Take what the kernel says of all these interfaces now."""
        self._of = {
            (link.interface, family): frozenset(
                address for address in link.addresses if family_of(address) is family
            )
            for link in links
            for family in Family
        }

    def of(self, interface: str, family: Family) -> _Addresses:
        """Those of one interface; none where nothing was told of it."""
        return self._of.get((interface, family), frozenset())

    def of_others(self, interface: str, family: Family) -> _Addresses:
        """Those of the interfaces of other uplinks, without those that this one has as well."""
        others = (a for (name, f), a in self._of.items() if f is family and name != interface)
        return frozenset().union(*others) - self.of(interface, family)


class SourceAddress:
    """Keeps a socket that is bound to `interface` to an address of it."""

    def __init__(self, interface: str, family: Family, addresses: LinkAddresses) -> None:
        self._interface = interface
        self._family = family
        self._addresses = addresses
        self._kept: tuple[socket.socket, _Addresses] | None = None

    def keep(self, sock: socket.socket, target: str) -> None:
        """Bind `sock`, which asks `target`, if the addresses or the socket are others by now."""
        own = self._addresses.of(self._interface, self._family)
        if self._kept is not None and self._kept[0] is sock and self._kept[1] == own:
            return
        self._kept = sock, own
        chosen = self.choose(target)
        # It may have gone since it was told: then there will be news of that.
        with suppress(OSError):
            sock.bind((_ANY[self._family], 0))
            if chosen is not None:
                sock.bind((str(chosen), 0))

    def choose(self, target: str) -> Address | None:
        """The address to bind a socket to that asks `target`; None: the kernel chooses."""
        own = self._addresses.of(self._interface, self._family)
        if not own:
            return None
        preferred = self._of_kernel(target)
        if self._family is Family.IPV4:
            # A route may name a source on an interface that is no uplink, for good reasons.
            others = self._addresses.of_others(self._interface, self._family)
            return min(own) if preferred in others else None
        return preferred if preferred in own else min(own, key=lambda a: (a.is_private, a))

    def towards(self, target: str) -> Address | None:
        """The address that packets to `target` have; None: there is none."""
        return self.choose(target) or self._of_kernel(target)

    def _of_kernel(self, target: str) -> Address | None:
        """The address that the kernel would choose now."""
        try:
            with socket.socket(ADDRESS_FAMILY[self._family], socket.SOCK_DGRAM) as asking:
                bind_to(asking, self._interface)
                asking.connect((target, _DISCARD_PORT))  # sends nothing
                return ip_address(asking.getsockname()[0])
        except OSError:
            return None
