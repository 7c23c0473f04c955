"""A line to an ISP that advertises itself as an IPv6 router (RFC 4861), by dnsmasq."""

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Interface, IPv6Network
from typing import Any

from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.topology import Lab
from support.route_writers import dnsmasq
from support.running import eventually

_SOLICITATION = bytes((133, 0, 0, 0, 0, 0, 0, 0))  # RFC 4861, 4.1; the kernel adds the checksum
_ALL_ROUTERS = "ff02::2"
_LASTING = 1800
_SECOND_PORT = "second"


@dataclass(slots=True)
class AdvertisedLine:
    """An uplink of the lab; the router has no global IPv6 address on it until one is advertised."""

    lab: Lab
    uplink: LabUplink
    port: str = CUSTOMER_PORT
    """The ISP's interface from which it is advertised."""
    _sender: subprocess.Popen[str] | None = field(default=None, init=False)

    def advertise(
        self,
        *,
        lifetime: int = _LASTING,
        prefix: IPv6Network | None = None,
        deprecated: bool = False,
        preference: str = "",
    ) -> None:
        """From now on this is advertised; returns when the router has heard it.

        `lifetime` is the router's, in seconds, 0 or at least 4. `preference` is `high`, `low` or
        nothing.
        """
        self.fall_silent()
        network = prefix or self.uplink.address_v6.network
        lasts = "deprecated" if deprecated else "1h"
        words = (self.port, *([preference] if preference else []), "4", str(lifetime))
        options = ("--enable-ra", f"--ra-param={','.join(words)}")
        ranges = f"{network.network_address},ra-only,{network.prefixlen},{lasts}"
        self._sender = dnsmasq(self.lab, self.uplink.name, self.port, ranges, options=options)
        eventually(lambda: self._heard(lifetime, network, deprecated), "the advertisement")

    def fall_silent(self) -> None:
        """Nothing more is advertised, and the end is not told."""
        if self._sender is not None:
            self.lab.stop(f"process {self._sender.pid}")
            self._sender = None

    @property
    def gateway(self) -> str:
        """The link-local address that advertises itself; empty: it has none yet."""
        found = _addresses(self.lab, self.uplink.name, self.port, "link")
        return str(found[0]["local"]) if found else ""

    @property
    def prefixes(self) -> set[tuple[IPv6Network, bool]]:
        """Those of the router's addresses on this line, and whether each is deprecated."""
        return {
            (
                IPv6Interface((each["local"], each["prefixlen"])).network,
                each.get("deprecated", False),
            )
            for each in _addresses(self.lab, ROUTER, self.uplink.interface, "global")
        }

    def _heard(self, lifetime: int, network: IPv6Network, deprecated: bool) -> bool:
        """Whether the router has heard it; if not, it asks (4.1)."""
        if (network, deprecated) in self.prefixes and self._lasts(lifetime):
            return True
        with self.lab.inside(ROUTER):
            asking = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        with asking:
            asking.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
            interface = self.uplink.interface.encode()
            asking.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface)
            asking.sendto(_SOLICITATION, (_ALL_ROUTERS, 0))
        return False

    def _lasts(self, lifetime: int) -> bool:
        """Whether the router's default route by this one lasts about so many seconds."""
        words = ("ip", "-j", "-6", "route", "show", "default", "dev", self.uplink.interface)
        shown: list[dict[str, Any]] = json.loads(self.lab.run(ROUTER, *words, "proto", "ra"))
        left = [each["expires"] for each in shown if each["gateway"] == self.gateway]
        return not left if lifetime == 0 else any(lifetime - 3 <= each <= lifetime for each in left)


def _addresses(lab: Lab, namespace: str, interface: str, scope: str) -> list[dict[str, Any]]:
    words = ("ip", "-j", "-6", "address", "show", "dev", interface, "scope", scope)
    shown: list[dict[str, Any]] = json.loads(lab.run(namespace, *words))
    # For what it leaves out, `ip` prints empty objects.
    return [each for link in shown for each in link.get("addr_info", ()) if each]


@contextmanager
def advertised_line(lab: Lab, uplink: LabUplink) -> Iterator[AdvertisedLine]:
    """The line, advertised."""
    words = ("ip", "-6", "address", "flush", "dev", uplink.interface, "scope", "global")
    lab.run(ROUTER, *words)
    lab.run(ROUTER, "sysctl", "-q", "-w", f"net.ipv6.conf.{uplink.interface}.accept_ra=2")
    line = AdvertisedLine(lab, uplink)
    line.advertise()
    yield line


def second_router(line: AdvertisedLine) -> AdvertisedLine:
    """Another router of the ISP on the same line, which does not advertise itself yet."""
    lab, isp = line.lab, line.uplink.name
    network = line.uplink.address_v6.network
    for command in (
        f"link add link {CUSTOMER_PORT} name {_SECOND_PORT} type macvlan mode bridge",
        f"address add {network[3]}/{network.prefixlen} dev {_SECOND_PORT} nodad noprefixroute",
        f"link set {_SECOND_PORT} up",
    ):
        lab.run(isp, "ip", *command.split())
    other = AdvertisedLine(lab, line.uplink, _SECOND_PORT)
    eventually(lambda: other.gateway != "", "the second router's address")
    return other
