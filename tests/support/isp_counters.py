"""The bytes of each kind of probe on a line, as the kernel of its ISP counts them: whole IP
packets, and frames of ARP without their Ethernet header.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import BACKBONE_PORT, CUSTOMER_PORT, INTERNET, ROUTER, LabUplink
from route_switcher.lab.topology import Lab

Key: TypeAlias = tuple[str, Family]
"""A kind of probe, over one family."""

_ETHERNET = 14
"""Bytes of the header that a packet still has at the hook `egress`, and not at `ingress`."""
_SMALL, _LARGE = "meta length < 300", "meta length > 1000"
_PINGS = {Family.IPV4: "icmp", Family.IPV6: "icmpv6"}
_EXCHANGES: Mapping[Key, tuple[str, str]] = {
    **{
        (kind, family): (f"{name} type echo-request {size}", f"{name} type echo-reply {size}")
        for kind, size in (("icmp", _SMALL), ("full", _LARGE))
        for family, name in _PINGS.items()
    },
    ("neighbour", Family.IPV4): ("arp operation request", "arp operation reply"),
    ("neighbour", Family.IPV6): (
        "icmpv6 type nd-neighbor-solicit",
        "icmpv6 type nd-neighbor-advert",
    ),
    ("echo", Family.IPV4): ("meta l4proto udp ip ttl 255", "meta l4proto udp ip ttl 254"),
    ("echo", Family.IPV6): (
        "meta l4proto udp ip6 hoplimit 255",
        "meta l4proto udp ip6 hoplimit 254",
    ),
}
"""What asks, and what answers: a packet each."""
_ETHER_TYPES = {"ip": Family.IPV4, "ip6": Family.IPV6}


@dataclass(frozen=True, slots=True)
class Volume:
    """What one kind of probe came to."""

    rounds: int
    bytes_a_round: float
    """Both ways; the median of the rounds, where each has a connection or a port of its own."""


class IspCounters:
    """Counts on the line of one uplink, from the beginning of `counting` on. `ports` are those of
    servers, each with the kind that has them to itself."""

    def __init__(self, lab: Lab, uplink: LabUplink, ports: Mapping[int, str]) -> None:
        self._lab, self._isp, self._ports = lab, uplink.name, ports

    def volumes(self) -> dict[Key, Volume]:
        """What each kind has come to."""
        counters, flows = self._read()
        found = {}
        for key in _EXCHANGES:
            asked, answered = (counters[_name(key, way)] for way in ("asked", "answered"))
            if answered.packets:
                both = asked.bytes / asked.packets + answered.bytes / answered.packets
                found[key] = Volume(asked.packets, both)
        by_key = defaultdict(list)
        for (family, port, _), size in flows.items():
            by_key[self._ports[port], family].append(size)
        return found | {key: Volume(len(sizes), median(sizes)) for key, sizes in by_key.items()}

    def others(self) -> int:
        """How many packets were of no kind."""
        counters, _ = self._read()
        return counters["other_asked"].packets + counters["other_answered"].packets

    def _read(self) -> tuple[dict[str, "_Count"], dict[tuple[Family, int, int], int]]:
        words = ("nft", "-j", "list", "table", "netdev", "volumes")
        listed = json.loads(self._lab.run(self._isp, *words))["nftables"]
        counters = {
            each["counter"]["name"]: _Count.of(each["counter"], each["counter"]["name"])
            for each in listed
            if "counter" in each
        }
        flows: dict[tuple[Family, int, int], int] = defaultdict(int)
        for each in (each["set"] for each in listed if "set" in each):
            for element in (element["elem"] for element in each.get("elem", ())):
                kind, server, client = element["val"]["concat"]
                key = (_ETHER_TYPES[kind], int(server), int(client))
                flows[key] += _Count.of(element["counter"], each["name"]).bytes
        return counters, flows


@dataclass(frozen=True, slots=True)
class _Count:
    packets: int
    bytes: int

    @classmethod
    def of(cls, counted: Mapping[str, int], name: str) -> "_Count":
        header = _ETHERNET if name.endswith("answered") else 0
        return cls(counted["packets"], counted["bytes"] - header * counted["packets"])


@contextmanager
def counting(lab: Lab, uplink: LabUplink, ports: Mapping[int, str]) -> Iterator[IspCounters]:
    """Count meanwhile."""
    for namespace, interface in (
        (INTERNET, uplink.name),
        (uplink.name, BACKBONE_PORT),
        (ROUTER, uplink.interface),
    ):
        # Else several segments of TCP would be counted as one packet, with one header.
        lab.run(namespace, *f"ip link set {interface} gso_max_segs 1".split())
    table = [
        "table netdev volumes {",
        *_chain("asked", "ingress", ("th dport", "th sport"), ports),
        *_chain("answered", "egress", ("th sport", "th dport"), ports),
        "}\n",
    ]
    lab.run(uplink.name, "nft", "-f", "-", given="\n".join(table))
    try:
        yield IspCounters(lab, uplink, ports)
    finally:
        lab.run(uplink.name, *["nft", "delete", "table", "netdev", "volumes"])


def _chain(way: str, hook: str, ends: tuple[str, str], ports: Iterable[int]) -> Iterator[str]:
    """`ends` are the ports of the server and of the client, as nft(8) calls them."""
    server, client = ends
    yield f"set {way} {{ type ether_type . inet_service . inet_service;"
    yield "size 20000; flags dynamic; counter; }"
    for name in (*(_name(key, way) for key in _EXCHANGES), f"other_{way}"):
        yield f"counter {name} {{ }}"
    yield f"chain {way} {{ type filter hook {hook} device {CUSTOMER_PORT} priority 0;"
    flow = f"meta protocol . {server} . {client}"
    for kind in _ETHER_TYPES:
        fits = f"meta protocol {kind} {server} {{ {', '.join(map(str, ports))} }}"
        yield f"{fits} update @{way} {{ {flow} }} accept"
    for key, (asks, answers) in _EXCHANGES.items():
        fits = asks if way == "asked" else answers
        yield f"{fits} counter name {_name(key, way)} accept"
    yield f"counter name other_{way}"
    yield "}"


def _name(key: Key, way: str) -> str:
    kind, family = key
    return f"{kind}_v{family.value}_{way}"
