"""A line to an ISP that gives its address by DHCP."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

from route_switcher.lab.addresses import BACKBONE_PORT, CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.topology import Lab
from support.dhcp_server import DhcpServer, Lease


@dataclass(frozen=True, slots=True)
class LeasedLine:
    """An uplink of the lab; the router has no address on it until a client asks for one."""

    lab: Lab
    uplink: LabUplink
    server: DhcpServer
    index: int
    """Of the router's interface."""
    gateway: IPv4Address

    @property
    def other(self) -> IPv4Address:
        """The ISP's second router."""
        return self.gateway + 1


def lease(uplink: LabUplink, *routers: IPv4Address, **more: object) -> Lease:
    """The 20th address of the line."""
    address = IPv4Interface((uplink.gateway + 19, uplink.address.network.prefixlen))
    return Lease(address, routers, **more)  # type: ignore[arg-type]


@contextmanager
def leased_line(lab: Lab, uplink: LabUplink) -> Iterator[LeasedLine]:
    """The line with its server; the lease names the first of the ISP's two routers."""
    with _served(lab, uplink, lease(uplink, uplink.gateway)) as line:
        yield line


@contextmanager
def twin_modems(lab: Lab) -> Iterator[tuple[LeasedLine, LeasedLine]]:
    """The first two lines by modems of one make: both give one address, and call themselves by one
    address. The internet knows neither (each masquerades)."""
    first, second = lab.uplinks[:2]
    given = lease(first, first.gateway)
    length = given.address.network.prefixlen
    lab.run(second.name, "ip", "-4", "address", "flush", "dev", CUSTOMER_PORT)
    lab.run(second.name, "ip", "address", "add", f"{first.gateway}/{length}", "dev", CUSTOMER_PORT)
    for uplink in (first, second):
        lab.run(uplink.name, "nft", "-f", "-", given=_MASQUERADE)
    with _served(lab, first, given) as one, _served(lab, second, given) as other:
        yield one, other


_MASQUERADE = f"""
table ip modem {{
  chain postrouting {{
    type nat hook postrouting priority srcnat; oifname "{BACKBONE_PORT}" masquerade
  }}
}}
"""


@contextmanager
def _served(lab: Lab, uplink: LabUplink, given: Lease) -> Iterator[LeasedLine]:
    """The ISP has its address on the line already."""
    lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", uplink.interface)
    gateway = given.routers[0]
    second = f"{gateway + 1}/{given.address.network.prefixlen}"
    lab.run(uplink.name, "ip", "address", "add", second, "dev", CUSTOMER_PORT)
    shown = lab.run(ROUTER, "ip", "-o", "link", "show", "dev", uplink.interface)
    with DhcpServer(lab, uplink.name, CUSTOMER_PORT, gateway, given) as server:
        yield LeasedLine(lab, uplink, server, int(shown.split(":")[0]), gateway)
