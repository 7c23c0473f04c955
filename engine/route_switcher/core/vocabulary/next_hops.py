"""Next hops: where the packets of an uplink go first."""

from dataclasses import dataclass
from ipaddress import ip_network

from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.uplinks import Address, Family

LEASE_TABLE = 1115
"""Where the hooks for DHCP clients write the routers of a lease (examples/dhcp-clients)."""

_BOOT = 3
"""RTPROT_BOOT: what a route has whose writer names no protocol, as DHCP clients that use ip(8)."""

_SELF_ASSIGNED = ip_network("169.254.0.0/16")


@dataclass(frozen=True, slots=True)
class NextHop:
    """Where the packets of an uplink go first, and what a route there says beside it."""

    gateway: Address | None
    """The router; None: the device alone (a point-to-point link)."""
    source: Address | None = None
    """The address that packets are sent from, where the route says so."""
    onlink: bool = False
    """The gateway is taken to be on the link, though no network of the interface has it."""
    mtu: int | None = None
    """Bytes, where the route says so."""


@dataclass(frozen=True, slots=True)
class LearnedHop:
    """A next hop that a default route of somebody else tells of, in any table."""

    family: Family
    interface: str
    """As the policy calls it."""
    hop: NextHop
    table: int
    metric: int
    protocol: int
    """Who wrote the route (`routes.PROTOCOL_NAMES`)."""
    preference: RouterPreference = RouterPreference.MEDIUM
    """How much a router asks to be preferred (RFC 4191)."""

    @property
    def may_be_outdated(self) -> bool:
        """Whether it may be what a DHCP client wrote and never corrected: dhclient leaves its route
        as it is when the lease names another router."""
        return self.protocol == _BOOT and self.table != LEASE_TABLE

    @property
    def leads_to_the_internet(self) -> bool:
        """Whether it can be a way to the internet. A host that gave an address to itself because
        no DHCP server answered (RFC 3927) has none, though its DHCP client may write a default."""
        source, gateway = self.hop.source, self.hop.gateway
        return not any(
            each is not None and each.version == 4 and each in _SELF_ASSIGNED
            for each in (source, gateway)
        )
