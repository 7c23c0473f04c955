"""A point-to-point line to an ISP: a tun device without a gateway, and a program as its wire."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import Popen

from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.topology import Lab
from support import packet_relay
from support.running import eventually

TUNNEL = "tun0"
"""The router's interface."""
_PEER = "tun-customer"


@dataclass(slots=True)
class TunnelLine:
    """It has the addresses of an uplink of the lab, whose wire has none then."""

    lab: Lab
    uplink: LabUplink
    _relay: Popen[str] | None = field(default=None, init=False)

    def join(self) -> None:
        """The peer is there, and both ends have a carrier."""
        words = [sys.executable, "-P", packet_relay.__file__, TUNNEL]
        words += [str(Path("/run/netns", self.uplink.name)), _PEER]
        self._relay = self.lab.start(ROUTER, words)
        eventually(self._carries, "the tun device to have a carrier")

    def lose_the_peer(self) -> None:
        """The program that holds the device ends: the kernel takes the carrier away."""
        assert self._relay is not None
        self.lab.stop(f"process {self._relay.pid}")

    def _carries(self) -> bool:
        ends = ((ROUTER, TUNNEL), (self.uplink.name, _PEER))
        return all(
            "LOWER_UP" in self.lab.run(namespace, "ip", "link", "show", "dev", interface)
            for namespace, interface in ends
        )


@contextmanager
def tunnel_line(lab: Lab, uplink: LabUplink) -> Iterator[TunnelLine]:
    """The line, with the peer there."""
    line = TunnelLine(lab, uplink)
    own, gateway = (uplink.address.ip, uplink.address_v6.ip), (uplink.gateway, uplink.gateway_v6)
    for namespace, wire, tun, ends in (
        (ROUTER, uplink.interface, TUNNEL, zip(own, gateway, strict=True)),
        (uplink.name, CUSTOMER_PORT, _PEER, zip(gateway, own, strict=True)),
    ):
        lab.run(namespace, "ip", "address", "flush", "dev", wire, "scope", "global")
        lab.run(namespace, "ip", "tuntap", "add", tun, "mode", "tun")
        lab.run(namespace, "ip", "link", "set", tun, "up")
        for address, peer in ends:
            words = f"address add {address} peer {peer} dev {tun}".split()
            lab.run(namespace, "ip", *words, *(["nodad"] if address.version == 6 else []))
    line.join()
    yield line
