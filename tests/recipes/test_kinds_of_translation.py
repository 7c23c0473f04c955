"""Which of a router's connections are ended after a switch, by what translated them; conntrack(8)
says what is left."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from route_switcher.core.vocabulary.uplinks import Address
from route_switcher.kernel.conntrack.sweep import sweep
from route_switcher.lab.addresses import (
    CLIENT,
    INTERNET,
    LAN_CLIENT,
    LAN_CLIENT_V6,
    LAN_ROUTER,
    LAN_V6,
    ROUTER,
    TARGETS,
    TARGETS_V6,
)
from route_switcher.lab.topology import Lab
from support.running import eventually

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

LINE, LINE_V6 = "198.51.100.10", "2001:db8:1::a"
"""The addresses of the uplink that is left."""
ON_IT, ROUTED = "198.51.100.20", "198.51.100.21"
"""A second address of its interface, and one that is only routed to the router."""
PREFIX = "2001:db8:b::"
CLIENT_4, CLIENT_6 = LAN_CLIENT.ip, LAN_CLIENT_V6.ip
SERVER, SERVER_6 = TARGETS[0], TARGETS_V6[0]


@dataclass(frozen=True)
class Kind:
    """A UDP flow. `namespace` sends to `to`; `rules` are those of nft that translate it."""

    name: str
    namespace: str
    to: tuple[str, int]
    before: str = ""
    after: str = ""
    previous: bool = False
    """Whether `previous` ends it."""
    all_: bool = False
    """Whether `all` does."""


KINDS = (
    Kind(
        "masquerade",
        CLIENT,
        (str(SERVER), 7001),
        after="oifname eth0 udp dport 7001 masquerade",
        previous=True,
        all_=True,
    ),
    Kind(
        "1:1, to an address of the interface",
        CLIENT,
        (str(SERVER), 7002),
        after=f"oifname eth0 udp dport 7002 snat ip to {ON_IT}",
        previous=True,
        all_=True,
    ),
    Kind(
        "1:1, to an address that no interface has",
        CLIENT,
        (str(SERVER), 7003),
        after=f"oifname eth0 udp dport 7003 snat ip to {ROUTED}",
        all_=True,
    ),
    Kind(
        "a forwarded port",
        INTERNET,
        (LINE, 7004),
        before=f"iifname eth0 udp dport 7004 dnat ip to {CLIENT_4}",
    ),
    Kind(
        "1:1, from outside",
        INTERNET,
        (ON_IT, 7005),
        before=f"iifname eth0 ip daddr {ON_IT} udp dport 7005 dnat ip to {CLIENT_4}",
    ),
    Kind(
        "a forwarded port whose server sees the router",
        INTERNET,
        (LINE, 7006),
        before=f"iifname eth0 udp dport 7006 dnat ip to {CLIENT_4}",
        after=f"oifname lan0 udp dport 7006 snat ip to {LAN_ROUTER.ip}",
        all_=True,
    ),
    Kind(
        "a forwarded port, from the LAN (hairpin)",
        CLIENT,
        (LINE, 7007),
        before=f"iifname lan0 ip daddr {LINE} udp dport 7007 dnat ip to {CLIENT_4}",
        after=f"oifname lan0 udp dport 7007 snat ip to {LAN_ROUTER.ip}",
        all_=True,
    ),
    Kind(
        "IPv6, masquerade",
        CLIENT,
        (str(SERVER_6), 7008),
        after="oifname eth0 meta nfproto ipv6 udp dport 7008 masquerade",
        previous=True,
        all_=True,
    ),
    Kind(
        "IPv6, prefix to prefix",
        CLIENT,
        (str(SERVER_6), 7009),
        after=f"oifname eth0 udp dport 7009 ip6 saddr {LAN_V6} snat ip6 prefix to {PREFIX}/64",
        all_=True,
    ),
    Kind("IPv6, not translated", CLIENT, (str(SERVER_6), 7010)),
)


@pytest.fixture
def router() -> Iterator[Lab]:
    """One with every kind of translation, that sends by the line that will be left."""
    before, after = (
        "; ".join(rule for kind in KINDS if (rule := getattr(kind, name)))
        for name in ("before", "after")
    )
    with Lab() as lab:
        line = lab.uplinks[0]
        lab.run(ROUTER, "nft", "flush", "ruleset")
        chains = (
            f"chain pre {{ type nat hook prerouting priority dstnat; {before}; }};"
            f" chain post {{ type nat hook postrouting priority srcnat; {after}; }};"
        )
        lab.run(ROUTER, "nft", "-f", "-", given=f"table inet kinds {{ {chains} }}")
        lab.run(ROUTER, "ip", "address", "add", f"{ON_IT}/32", "dev", line.interface)
        for hop in (line.gateway, line.gateway_v6):
            lab.run(ROUTER, "ip", "route", "add", "default", "via", str(hop))
        yield lab


def flows(lab: Lab) -> dict[str, bool]:
    """Which of them conntrack(8) knows."""
    listed = "".join(lab.run(ROUTER, "conntrack", "-L", "-f", f) for f in ("ipv4", "ipv6"))
    return {kind.name: f"dport={kind.to[1]} " in listed for kind in KINDS}


def begin(lab: Lab) -> None:
    """Send a packet of each; returns when the router knows them all."""
    for kind in KINDS:
        family = socket.AF_INET6 if ":" in kind.to[0] else socket.AF_INET
        with lab.inside(kind.namespace):
            sender = socket.socket(family, socket.SOCK_DGRAM)
        with sender:
            sender.sendto(b"x", kind.to)
    eventually(lambda: all(flows(lab).values()), "every flow in the router's table")


def test_each_kind_is_ended_as_the_page_says(router: Lab) -> None:
    line = router.uplinks[0]
    of_line: tuple[Address, ...] = (line.address.ip, line.address_v6.ip)
    assert tuple(map(str, of_line)) == (LINE, LINE_V6)
    begin(router)
    with router.inside(ROUTER):
        sweep([line.address.ip.packed, bytes(map(int, ON_IT.split(".")))], 4)
        sweep([line.address_v6.ip.packed], 16)
    assert flows(router) == {kind.name: not kind.previous for kind in KINDS}
    begin(router)
    with router.inside(ROUTER):
        sweep([], 4)
        sweep([], 16)
    assert flows(router) == {kind.name: not kind.all_ for kind in KINDS}
