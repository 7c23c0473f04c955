"""What a machine has before any policy: its interfaces and its default routes."""

from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Address, Family


@dataclass(frozen=True, slots=True)
class Interface:
    """One interface, the loopback one left out."""

    name: str
    up: bool
    addresses: tuple[IPv4Interface | IPv6Interface, ...] = ()
    """Those that reach out: no link-local IPv6 address."""
    peers: tuple[Address, ...] = ()
    """The other ends of a point-to-point link, as the addresses name them."""
    filter_remedy: str | None = None
    """The command that loosens its reverse path filter, where that is strict."""
    point_to_point: bool = False
    """The link has one other end (IFF_POINTOPOINT), so no gateway need be named."""

    def has(self, family: Family) -> bool:
        """Whether it has an address of `family`."""
        return any(address.version == family.value for address in self.addresses)


@dataclass(frozen=True, slots=True)
class HostSnapshot:
    """Interfaces in the kernel's order; default routes of the main table, in order of metric."""

    interfaces: tuple[Interface, ...]
    routes: tuple[Route, ...]
    leases: tuple[Route, ...] = ()
    """What the hooks for DHCP clients wrote into a table of their own, in order of metric."""
