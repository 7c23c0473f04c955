"""A router with several uplinks, their ISPs, an internet and a LAN client, in named namespaces.

Everything is visible with `ip netns` from inside the same sandbox (see `sandbox.enter`).
"""

import itertools
import shutil
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from ipaddress import IPv4Interface, IPv6Interface
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeAlias

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.lab import addresses as at
from route_switcher.lab import namespaces
from route_switcher.lab.addresses import CLIENT, INTERNET, ROUTER, LabUplink
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.settled_addresses import addresses_settled

DEBIAN_PACKAGES: Mapping[str, str] = {
    "ip": "iproute2",
    "nft": "nftables",
    "nsenter": "util-linux",
    "setpriv": "util-linux",
}
"""The programs that the lab needs, and the Debian package of each."""

_PATIENCE = 30.0  # seconds; the kernel takes milliseconds, or a second if it is busy

_SYSCTLS: Mapping[str, str] = {
    # 2 is loose (RFC 3704): replies come back through uplinks that are not the best route.
    "ipv4/conf/{all,default}/rp_filter": "2",
    # Addresses are usable at once, without duplicate address detection (RFC 4862).
    "ipv6/conf/{all,default}/accept_dad": "0",
    "ipv6/conf/{all,default}/accept_ra": "0",
}
_FORWARDING: Mapping[str, str] = {
    "ipv4/conf/{all,default}/forwarding": "1",
    "ipv6/conf/{all,default}/forwarding": "1",
    "ipv4/conf/{all,default}/send_redirects": "0",
}
# An ISP's interface keeps its IPv6 addresses while it is down, as a router's configuration would.
_ISP: Mapping[str, str] = {"ipv6/conf/{all,default}/keep_addr_on_down": "1"}

_MASQUERADE = f"""
table ip lab {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip saddr {at.LAN} oifname != "{at.LAN_INTERFACE}" masquerade
  }}
}}
table ip6 lab {{
  chain postrouting {{
    type nat hook postrouting priority srcnat;
    ip6 saddr {at.LAN_V6} oifname != "{at.LAN_INTERFACE}" masquerade
  }}
}}
"""


_End: TypeAlias = tuple[str, str, IPv4Interface, IPv6Interface]
"""One end of a veth pair: namespace, interface, addresses."""

_LAN_WIRE: tuple[_End, _End] = (
    (ROUTER, at.LAN_INTERFACE, at.LAN_ROUTER, at.LAN_ROUTER_V6),
    (CLIENT, at.CLIENT_INTERFACE, at.LAN_CLIENT, at.LAN_CLIENT_V6),
)


class Lab:
    """The network, from `__enter__` to `__exit__`. One at a time in a sandbox.

    `routes` are words of `ip route add` in the router, for foreign routes that are there before
    the engine; without them the router has no default route. `ignore_routes_with_linkdown` is the
    router's sysctl of that name, of both families.

    Raises `LabError`.
    """

    def __init__(
        self,
        *,
        uplinks: int = 2,
        ignore_routes_with_linkdown: bool = False,
        routes: Sequence[str] = (),
    ) -> None:
        self.uplinks: tuple[LabUplink, ...] = at.UPLINKS[:uplinks]
        self.targets_v4 = at.TARGETS
        self.targets_v6 = at.TARGETS_V6
        self.namespaces = (CLIENT, ROUTER, *(uplink.name for uplink in self.uplinks), INTERNET)
        self._linkdown = str(int(ignore_routes_with_linkdown))
        self._foreign_routes = tuple(routes)
        self._stops: dict[str, Callable[[], None]] = {}
        self._indexes = itertools.count(11)
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        for program, package in DEBIAN_PACKAGES.items():
            if shutil.which(program) is None:
                raise LabError(f"{program} is missing: apt install {package}")
        for name in self.namespaces:
            if namespaces.exists(name):
                raise LabError(f"namespace {name} is there already: one lab at a time")
        with ExitStack() as undo:
            undo.callback(namespaces.remove, self.namespaces)
            undo.callback(self._stop_everything)
            self._build()
            self._closing = undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._closing.close()

    def targets(self, family: Family) -> tuple[Address, ...]:
        """Addresses in the internet that answer, of `family`."""
        return self.targets_v4 if family is Family.IPV4 else self.targets_v6

    def inside(self, namespace: str) -> AbstractContextManager[None]:
        """Move this thread into `namespace` and back; see `namespaces.inside`."""
        return namespaces.inside(namespace)

    def command(self, namespace: str, words: Sequence[str]) -> list[str]:
        """A command line that runs `words` in `namespace`, whichever thread starts it."""
        return namespaces.command(namespace, words)

    def run(self, namespace: str, *words: str, given: str = "") -> str:
        """Run a program in `namespace`: what it wrote to stdout, with `given` as its input.

        Raises `LabError` with what it wrote to stderr, if it fails.
        """
        with self.inside(namespace):
            return namespaces.run(words, given)

    def start(
        self,
        namespace: str,
        words: Sequence[str],
        *,
        stdout: int | IO[str] | None = None,
        stderr: int | IO[str] | None = None,
    ) -> subprocess.Popen[str]:
        """Start a program in `namespace`; it ends with the lab, or with the thread that calls."""
        guarded = ["setpriv", "--pdeathsig", "KILL", "--", *self.command(namespace, words)]
        process = subprocess.Popen(
            guarded, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr, text=True
        )
        self.keep(f"process {process.pid}", lambda: namespaces.end(process))
        return process

    def keep(self, name: str, stop: Callable[[], None]) -> None:
        """Have `stop` called when the lab closes, or by `stop(name)` before that."""
        self.stop(name)
        self._stops[name] = stop

    def stop(self, name: str) -> None:
        """Stop what runs under `name`, if anything does."""
        stop = self._stops.pop(name, None)
        if stop is not None:
            stop()

    def connect(self, uplink: LabUplink) -> None:
        """Join router and ISP by a new veth pair, with the addresses of both ends."""
        self._join(_customer_wire(uplink))

    def _build(self) -> None:
        namespaces.create(self.namespaces)
        self._set_sysctls()
        backbones = [_backbone_wire(uplink) for uplink in self.uplinks]
        self._join(_LAN_WIRE, *backbones, *(_customer_wire(uplink) for uplink in self.uplinks))
        hosts = (*self.targets_v4, *self.targets_v6)
        self._ip(
            INTERNET,
            "link set lo up",
            *(f"address add {host} dev lo nodad" for host in hosts),
            *(route for uplink in self.uplinks for route in _routes_to(uplink)),
        )
        self._await_addresses(INTERNET, "lo")
        for uplink in self.uplinks:
            # The ISP's default routes leave room below for the faults.
            self._ip(
                uplink.name,
                f"route add default via {uplink.internet.ip} metric 100",
                f"route add default via {uplink.internet_v6.ip} metric 100",
            )
        gateways = at.LAN_ROUTER.ip, at.LAN_ROUTER_V6.ip
        self._ip(CLIENT, *(f"route add default via {gateway}" for gateway in gateways))
        self._ip(ROUTER, "link set lo up", *(f"route add {r}" for r in self._foreign_routes))
        self.run(ROUTER, "nft", "-f", "-", given=_MASQUERADE)

    def _set_sysctls(self) -> None:
        linkdown = {
            f"{version}/conf/{{all,default}}/ignore_routes_with_linkdown": self._linkdown
            for version in ("ipv4", "ipv6")
        }
        roles: dict[str, Mapping[str, str]] = {ROUTER: {**_FORWARDING, **linkdown}}
        roles |= {uplink.name: {**_FORWARDING, **_ISP} for uplink in self.uplinks}
        for name in self.namespaces:
            with self.inside(name):
                for key, value in {**_SYSCTLS, **roles.get(name, {})}.items():
                    for scope in ("all", "default"):
                        path = Path("/proc/sys/net", key.replace("{all,default}", scope))
                        path.write_text(value)

    def _join(self, *wires: tuple[_End, _End]) -> None:
        """Make veth pairs with addresses, and wait until all ends can use them.

        Every index is new in the whole lab. The kernel tells at once of a veth's carrier only if
        its index and its peer's differ (linkwatch_urgent_event); else it may take a second. And an
        interface that is made again must not get its old index back.
        """
        pairs = [
            f"link add {interface} netns {namespace} index {next(self._indexes)} type veth"
            f" peer name {peer} netns {peer_namespace} index {next(self._indexes)}"
            for (namespace, interface, *_), (peer_namespace, peer, *_) in wires
        ]
        self._ip(ROUTER, *pairs)
        ends = [end for wire in wires for end in wire]
        lines: dict[str, list[str]] = {}
        for namespace, interface, address, address_v6 in ends:
            lines.setdefault(namespace, []).extend(
                (
                    f"address add {address} dev {interface}",
                    f"address add {address_v6} dev {interface} nodad",
                    f"link set {interface} up",
                )
            )
        for namespace, its_lines in lines.items():
            self._ip(namespace, *its_lines)
        for namespace, interface, *_ in ends:
            self._await_addresses(namespace, interface)

    def _await_addresses(self, namespace: str, interface: str) -> None:
        """Wait for the carrier, and all that follows from it."""
        deadline = time.monotonic() + _PATIENCE
        with self.inside(namespace):
            while time.monotonic() < deadline:
                if addresses_settled(interface):
                    return
                time.sleep(0.001)
        raise LabError(f"{interface} in {namespace} has no carrier after {_PATIENCE:g} s")

    def _ip(self, namespace: str, *lines: str) -> None:
        self.run(namespace, "ip", "-batch", "-", given="".join(f"{line}\n" for line in lines))

    def _stop_everything(self) -> None:
        for name in reversed(list(self._stops)):
            self.stop(name)


def _customer_wire(uplink: LabUplink) -> tuple[_End, _End]:
    """From the router to the ISP."""
    gateway = IPv4Interface((uplink.gateway, uplink.address.network.prefixlen))
    gateway_v6 = IPv6Interface((uplink.gateway_v6, uplink.address_v6.network.prefixlen))
    return (
        (ROUTER, uplink.interface, uplink.address, uplink.address_v6),
        (uplink.name, at.CUSTOMER_PORT, gateway, gateway_v6),
    )


def _backbone_wire(uplink: LabUplink) -> tuple[_End, _End]:
    """From the ISP to the internet."""
    return (
        (uplink.name, at.BACKBONE_PORT, uplink.backbone, uplink.backbone_v6),
        (INTERNET, uplink.name, uplink.internet, uplink.internet_v6),
    )


def _routes_to(uplink: LabUplink) -> tuple[str, str]:
    """From the internet to what is behind the ISP."""
    return (
        f"route add {uplink.address.network} via {uplink.backbone.ip}",
        f"route add {uplink.address_v6.network} via {uplink.backbone_v6.ip}",
    )
