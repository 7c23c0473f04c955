"""Netlink datagrams: what the kernel answers and announces, and what others could send."""

import socket
import struct
import subprocess
import sys
from collections.abc import Callable
from functools import cache, partial
from ipaddress import ip_address
from random import Random

from fuzz.target import Target, spoilt
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.lookups import (
    Lookup,
    bound_probe,
    forwarded_traffic,
    own_traffic,
)
from route_switcher.core.vocabulary.policy_rules import RoutingRule, deleted
from route_switcher.core.vocabulary.routes import Change, Route
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.kernel.host.survey import assigned
from route_switcher.kernel.refusal import refusal
from route_switcher.kernel.rtnetlink import (
    exchange,
    links,
    lookups,
    messages,
    netlink,
    nexthop_objects,
)
from route_switcher.kernel.rtnetlink.exchange import Cut, KernelError, Replies
from route_switcher.kernel.rtnetlink.framing import Discarded, Message, past_ipv4_defaults, split
from route_switcher.kernel.rtnetlink.kernel_routes import (
    defaults_of_every_table,
    every_table,
    kernel_route,
)
from route_switcher.kernel.rtnetlink.monitor import Monitor
from route_switcher.kernel.rtnetlink.names import index_of, own_name
from route_switcher.kernel.rtnetlink.nexthop_objects import nexthop_object
from route_switcher.kernel.rtnetlink.route_query import question
from route_switcher.kernel.rtnetlink.rules import routing_rule, rule_dump

_SEQUENCE = 1
_STRANGER = 4711
_ROUTE = Route(Family.IPV4, "lo", None, 10)
_LINK = LinkState("lo", True, True, True, frozenset(Family))
_HEADER = struct.Struct("=IHHII")
_ATTRIBUTE = struct.Struct("=HH")
_BODIES = {
    16: 16,
    17: 16,
    20: 8,
    21: 8,
    24: 12,
    25: 12,
    32: 12,
    33: 12,
    104: 8,
    105: 8,
    2: 20,
    3: 4,
}
"""Bytes of the fixed header that follows the message header, by kind."""

_NETWORK = (
    "link add fuzz0 type veth peer name fuzz1",
    "link property add dev fuzz0 altname fuzz0-other",
    "link set fuzz0 up",
    "link set fuzz1 up",
    "addr add 198.51.100.2/25 dev fuzz0",
    "addr add 198.51.100.130/25 dev fuzz1",
    "addr add 2001:db8::2/64 dev fuzz0 nodad",
    "addr add 2001:db8:1::2/64 dev fuzz1",
    "route add default via 198.51.100.1 metric 10 proto 115",
    "route add default via inet6 2001:db8::1 metric 20",
    "route add default metric 30 nexthop via 198.51.100.1 nexthop via 198.51.100.129",
    "route add unreachable default metric 40",
    "route add 203.0.113.0/24 via 198.51.100.1",
    "nexthop add id 7 via 198.51.100.1 dev fuzz0",
    "-6 nexthop add id 8 via 2001:db8::1 dev fuzz0 onlink",
    "nexthop add id 9 blackhole",
    "nexthop add id 10 group 7/8",
    "route add default metric 50 nhid 7 table 100",
    "-6 route add default via 2001:db8::1 metric 10 proto 115",
    "-6 route add default metric 30 nexthop via 2001:db8::1 nexthop via 2001:db8:1::1",
    "-6 route add blackhole default metric 40",
    "route add default via 198.51.100.1 table 100",
    "-6 route add default via 2001:db8::1 table 100 mtu 1400",
    "rule add not fwmark 0x80000/0xff0000 table main suppress_prefixlength 0 pref 100",
    "rule add from 198.51.100.2 iif lo uidrange 0-0 ipproto 6 lookup 300 pref 101",
    "-6 rule add to 2001:db8::2 oif fuzz0 lookup 100 pref 100 protocol 115",
    "-6 rule add type unreachable pref 101",
)
_GONE = (
    "link delete fuzz0",
    "nexthop flush",
    *(f"{flag} route flush table {table}" for flag in ("-4", "-6") for table in ("main", "100")),
    *(f"{flag} rule delete pref {number}" for flag in ("-4", "-6") for number in (100, 101)),
)
_LOOKUPS = (
    own_traffic(ip_address("203.0.113.9")),
    bound_probe(ip_address("2001:db8:ffff::9"), "fuzz0"),
    forwarded_traffic(ip_address("203.0.113.9"), ip_address("198.51.100.9"), "fuzz0"),
)
"""The last one is refused."""


def attack(data: bytes) -> None:
    """Feed `data` to an exchange as an answer, and to the monitor as news."""
    for parse in (messages.default_route, links.link, links.usable_address, assigned):
        _answered(data, parse, split)
    _answered(data, partial(nexthop_object, name_of=own_name), split)
    for parse_all in (partial(kernel_route, name_of=own_name), routing_rule):
        _answered(data, parse_all, defaults_of_every_table)
    if message := lookups.only_message(data):
        for lookup in _LOOKUPS:
            lookups.answer(message, lookup, own_name, Discarded())
    for monitor in (_monitor(), _following(), _learning()):
        assert not monitor.told(data, _STRANGER)
        monitor.told(data, 0)
    past_ipv4_defaults(data)


def _answered(data: bytes, parse: Callable[[Message], object], cut: Cut) -> None:
    discarded = Discarded()
    replies = Replies(_SEQUENCE, discarded, cut)
    replies.feed(data, _STRANGER)
    assert (len(replies), replies.complete, discarded.not_from_kernel) == (0, False, 1)
    try:
        replies.feed(data, 0)
    except KernelError as error:
        assert replies.complete
        refusal(_ROUTE, _LINK, error.code, error.text)
        return
    found = exchange.parsed(replies, parse, discarded)
    assert len(found) <= len(replies)
    for each in found:
        _use(each)


def _use(found: object) -> None:
    """What `NetlinkKernel` does with what was told."""
    if isinstance(found, messages.DefaultRoute):
        for route in netlink.as_routes(found, {}):
            str(route)
    elif isinstance(found, links.InterfaceLink):
        links.address_dump(found.index, _SEQUENCE)
    elif isinstance(found, RoutingRule):
        str(found)
        deleted(found, (found,))


@cache
def _monitor() -> Monitor:
    return Monitor(Discarded())


@cache
def _following() -> Monitor:
    monitor = Monitor(Discarded())
    monitor.follow([Uplink("fuzz", "fuzz0", ip_address("198.51.100.1"), 10, Family.IPV4)], [2])
    monitor.set_carrying(frozenset({3}))
    return monitor


@cache
def _learning() -> Monitor:
    monitor = Monitor(Discarded())
    monitor.follow(
        [Uplink("fuzz", "fuzz0", GatewayMode.AUTO, 10, family) for family in Family], [2]
    )
    monitor.set_learned_from(frozenset({7}), [ip_address("198.51.100.2")])
    return monitor


def seeds() -> list[bytes]:
    """What the kernel tells of a network with every form of route that we know of."""
    with (
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as news,
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as channel,
    ):
        news.bind((0, 0x1 | 0x10 | 0x40 | 0x80 | 0x100 | 0x400 | 0x40000 | 0x80000000))
        exchange.prepare(channel)
        _ip(*_NETWORK)
        try:
            recorded = [answer for ask in _requests() for answer in _answers(channel, ask)]
            recorded += [_answer(channel, lookup) for lookup in _LOOKUPS]
        finally:
            _ip(*_GONE)
        recorded += _waiting(news)
    # One of each length and kind is enough: most differ in an index or a counter only.
    return list({(len(each), each[4:6]): each for each in recorded}.values())


def _ip(*lines: str) -> None:
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True, capture_output=True)


def _requests() -> list[Callable[[int], bytes]]:
    impossible = Route(Family.IPV4, "", ip_address("203.0.113.77"), 10)
    return [
        *(partial(messages.route_dump, family, False, 254) for family in Family),
        *(partial(every_table, family) for family in Family),
        *(partial(rule_dump, family) for family in Family),
        partial(links.link_request, "fuzz0"),
        partial(links.link_request, "missing0"),
        partial(links.address_dump, 0),
        *(partial(nexthop_objects.question, number) for number in (7, 8, 9, 10, 11)),
        partial(messages.route_change, Change.ADD, impossible, 0),
        partial(messages.route_change, Change.DELETE, impossible, 0),
    ]


def _answers(channel: socket.socket, build: Callable[[int], bytes]) -> list[bytes]:
    channel.settimeout(10)
    channel.send(build(_SEQUENCE))
    replies = Replies(_SEQUENCE, Discarded())
    recorded = []
    while not replies.complete:
        datagram = channel.recv(exchange.RECEIVE_SIZE)
        recorded.append(datagram)
        try:
            replies.feed(datagram, 0)
        except KernelError:
            break
    return recorded


def _answer(channel: socket.socket, lookup: Lookup) -> bytes:
    asked = question(lookup, index_of, _SEQUENCE)
    assert isinstance(asked, bytes)
    channel.send(asked)
    return channel.recv(exchange.RECEIVE_SIZE)


def _waiting(news: socket.socket) -> list[bytes]:
    news.setblocking(False)
    recorded = []
    while True:
        try:
            recorded.append(news.recv(exchange.RECEIVE_SIZE))
        except BlockingIOError:
            return recorded


def mutated(data: bytes, random: Random) -> bytes:
    """`data` with a header field or an attribute changed, lengths set right or made odd."""
    parts = _messages(data)
    if not parts or not random.randrange(5):
        return spoilt(data, random)
    place = random.randrange(len(parts))
    kind, flags, sequence, body = parts[place]
    match random.randrange(7):
        case 0:
            kind = random.choice(tuple(_BODIES))
        case 1:
            flags ^= 1 << random.randrange(16)
        case 2:
            parts.append(random.choice(parts))
        case 3:
            body = spoilt(body, random)
        case _:
            body = _other_attribute(body, _BODIES.get(kind, 0), random)
    parts[place] = kind, flags, sequence, body
    return b"".join(
        _HEADER.pack(_HEADER.size + len(body), kind, flags, sequence, 0)
        + body
        + bytes(-len(body) % 4)
        for kind, flags, sequence, body in parts
    )


def _messages(data: bytes) -> list[tuple[int, int, int, bytes]]:
    parts = []
    at = 0
    while at + _HEADER.size <= len(data):
        length, kind, flags, sequence, _ = _HEADER.unpack_from(data, at)
        length = max(length, _HEADER.size)
        parts.append((kind, flags, sequence, data[at + _HEADER.size : at + length]))
        at += (length + 3) & ~3
    return parts


def _other_attribute(body: bytes, start: int, random: Random) -> bytes:
    """With one attribute added, or changed in its kind, its length or its value."""
    places = [len(body)]
    at = start
    while at + _ATTRIBUTE.size <= len(body):
        places.append(at)
        at += max(4, (_ATTRIBUTE.unpack_from(body, at)[0] + 3) & ~3)
    at = random.choice(places)
    length, kind = _ATTRIBUTE.unpack_from(body, at) if at < len(body) else (8, 4)
    value, rest = body[at + 4 : at + length], body[at + ((length + 3) & ~3) :]
    match random.randrange(5):
        case 0:
            kind = random.choice((1, 3, 4, 5, 6, 8, 9, 18, 30, 0x8009, 0x4004, 0xFFFF))
        case 1:
            value = random.randbytes(random.choice((0, 1, 2, 4, 6, 16, 18, 100)))
        case 2:
            value = spoilt(value, random)
        case 3:
            value = random.choice((b"\0", b"\xff", b"\x7f")) * len(value)
        case _:
            rest = body[at:]
    length = random.choice((4 + len(value), 4 + len(value), 0, 3, 4, 5, 0xFFFF))
    return body[:at] + _ATTRIBUTE.pack(length, kind) + value + bytes(-len(value) % 4) + rest


TARGET = Target(
    attack=attack,
    seeds=seeds,
    mutated=mutated,
    words=(bytes((_SEQUENCE, 0, 0, 0)), *(kind.to_bytes(2, sys.byteorder) for kind in _BODIES)),
    largest=4096,
)
