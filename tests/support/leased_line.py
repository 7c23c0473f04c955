"""A line to an ISP that gives its address by DHCP."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from route_switcher.lab.addresses import LabUplink
from route_switcher.lab.topology import Lab
from support.dhcp_server import DhcpServer, Lease


@dataclass(frozen=True, slots=True)
class LeasedLine:
    """The primary line; the router has no address on it until a client asks for one."""

    lab: Lab
    uplink: LabUplink
    server: DhcpServer
    index: int
    """Of the router's interface."""

    @property
    def gateway(self) -> IPv4Address:
        return self.uplink.gateway

    @property
    def other(self) -> IPv4Address:
        """The ISP's second router."""
        return self.uplink.gateway + 1


def lease(uplink: LabUplink, *routers: IPv4Address, **more: object) -> Lease:
    """The 20th address of the line."""
    address = IPv4Interface((uplink.gateway + 19, uplink.address.network.prefixlen))
    return Lease(address, routers, **more)  # type: ignore[arg-type]
