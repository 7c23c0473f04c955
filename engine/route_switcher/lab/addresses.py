"""Names and addresses in the lab: only from the networks kept for documentation (RFC 5737, 3849).

client ── lan0 router eth0 ── primary ──── internet
                      eth1 ── secondary ──┘
"""

from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)

from route_switcher.core.vocabulary.uplinks import Address, Family

CLIENT = "client"
ROUTER = "router"
INTERNET = "internet"
LAN_INTERFACE = "lan0"
CLIENT_INTERFACE = "eth0"
CUSTOMER_PORT = "customer"
"""An ISP's interface towards the router."""
BACKBONE_PORT = "backbone"
"""An ISP's interface towards the internet."""

LAN = IPv4Network("198.51.100.128/26")
LAN_V6 = IPv6Network("2001:db8:100::/64")
LAN_ROUTER = IPv4Interface("198.51.100.129/26")
LAN_ROUTER_V6 = IPv6Interface("2001:db8:100::1/64")
LAN_CLIENT = IPv4Interface("198.51.100.130/26")
LAN_CLIENT_V6 = IPv6Interface("2001:db8:100::2/64")

# One hop behind every ISP: a target on the ISP's wire would answer ARP from a socket without a
# route, and so hide that mistake.
TARGETS = tuple(map(IPv4Address, ("198.51.100.200", "203.0.113.200", "203.0.113.201")))
TARGETS_V6 = tuple(map(IPv6Address, ("2001:db8:200::1", "2001:db8:201::1", "2001:db8:201::2")))


@dataclass(frozen=True, slots=True)
class LabUplink:
    """A line to an ISP. `name` is also the name of the ISP's namespace."""

    name: str
    interface: str
    """The router's interface."""
    metric: int
    """A metric that suits a policy; the lab makes no default route of the router itself."""
    address: IPv4Interface
    """The router's address on the line."""
    address_v6: IPv6Interface
    gateway: IPv4Address
    """The ISP's address on the line."""
    gateway_v6: IPv6Address
    backbone: IPv4Interface
    """The ISP's address towards the internet."""
    backbone_v6: IPv6Interface
    internet: IPv4Interface
    """The internet's address towards the ISP."""
    internet_v6: IPv6Interface

    def gateway_of(self, family: Family) -> Address:
        """The ISP's address on the line, of `family`."""
        return self.gateway if family is Family.IPV4 else self.gateway_v6


def _uplink(number: int, name: str, line: str) -> LabUplink:
    wire, wire_v6 = IPv4Network(line), IPv6Network(f"2001:db8:{number + 1}::/64")
    trunk = IPv4Network((int(IPv4Address("203.0.113.128")) + 4 * number, 30))
    trunk_v6 = IPv6Network(f"2001:db8:f{number + 1}::/64")
    return LabUplink(
        name=name,
        interface=f"eth{number}",
        metric=10 * (number + 1),
        address=IPv4Interface((wire[10], wire.prefixlen)),
        address_v6=IPv6Interface((wire_v6[10], wire_v6.prefixlen)),
        gateway=wire[1],
        gateway_v6=wire_v6[1],
        backbone=IPv4Interface((trunk[1], trunk.prefixlen)),
        backbone_v6=IPv6Interface((trunk_v6[1], trunk_v6.prefixlen)),
        internet=IPv4Interface((trunk[2], trunk.prefixlen)),
        internet_v6=IPv6Interface((trunk_v6[2], trunk_v6.prefixlen)),
    )


UPLINKS = (
    _uplink(0, "primary", "198.51.100.0/26"),
    _uplink(1, "secondary", "203.0.113.0/26"),
    _uplink(2, "tertiary", "203.0.113.64/26"),
)
