"""What the kernel lets into the raw socket, and how much of it waits there unread."""

import json
import socket
import struct
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.checks import TOKEN_SIZE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER
from route_switcher.lab.topology import Lab
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import Mark
from route_switcher.probes.interface import ADDRESS_FAMILY
from route_switcher.probes.raw_socket import open_socket
from route_switcher.probes.receive_buffer import ReceiveBuffer
from support.loopback import TARGETS, checksummed, silent_kernel, targets_on_loopback

pytestmark = pytest.mark.kernel

MARK = Mark(0x1234, b"key!")
TOKEN = MARK.key + bytes(TOKEN_SIZE - len(MARK.key))
PATIENCE = 60.0
HEAD = struct.pack("!HH", MARK.identifier, 7)
_PROTOCOL = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback(), silent_kernel():
        yield


def reply(family: Family, identifier: int = MARK.identifier, token: bytes = TOKEN) -> bytes:
    """An echo reply, with its checksum."""
    request = packets.request(family, identifier, 7, token)
    return checksummed(bytes([packets.ECHO_REPLY[family]]) + request[1:])


def changed(place: int, by: int) -> bytes:
    """An answer that carries our mark, with one byte changed."""
    message = bytearray(b"\0" * 4 + HEAD + TOKEN)
    message[place] ^= by
    return bytes(message)


def sender(family: Family) -> socket.socket:
    return socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _PROTOCOL[family])


def received(raw: socket.socket, other: socket.socket, family: Family) -> int:
    """How many packets `raw` gets before one that `other` sends now."""
    last = reply(family, token=MARK.key + b"the last one")
    other.sendto(last, (str(TARGETS[family][0]), 0))
    raw.settimeout(PATIENCE)
    count = 0
    while not raw.recv(256).endswith(last[8:]):  # over IPv6 the kernel puts the checksum in
        count += 1
    return count


def await_true(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end


@pytest.mark.parametrize("family", Family)
@pytest.mark.parametrize(
    ("packet", "comes_in"),
    [
        ({}, True),
        ({"token": MARK.key + b"another one!"}, True),
        ({"identifier": 0x1235}, False),
        ({"token": b"yek!" + TOKEN[4:]}, False),
        ({"token": TOKEN + b"\0"}, False),
        ({"token": TOKEN[:-1]}, False),
        ({"token": b""}, False),
        ({"token": TOKEN + bytes(8000)}, False),
    ],
    ids=[
        "ours",
        "another token under our key",
        "another identifier",
        "another key",
        "longer",
        "shorter",
        "no token",
        "much longer",
    ],
)
def test_only_what_carries_our_mark_comes_in(
    family: Family, packet: dict[str, object], comes_in: bool
) -> None:
    with open_socket("lo", family, MARK) as raw, sender(family) as other:
        other.sendto(reply(family, **packet), (str(TARGETS[family][0]), 0))  # type: ignore[arg-type]
        assert received(raw, other, family) == comes_in


@pytest.mark.parametrize("words", range(1, 11))
def test_ipv4_options_do_not_keep_an_answer_out(words: int) -> None:
    with open_socket("lo", Family.IPV4, MARK) as raw, sender(Family.IPV4) as other:
        other.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 4 * words)
        other.sendto(reply(Family.IPV4), (str(TARGETS[Family.IPV4][0]), 0))
        other.sendto(reply(Family.IPV4, 0x1235), (str(TARGETS[Family.IPV4][0]), 0))
        assert received(raw, other, Family.IPV4) == 1


def test_ipv6_extension_headers_do_not_keep_an_answer_out() -> None:
    padding = struct.pack("BBBB4x", 0, 0, 1, 4)
    with open_socket("lo", Family.IPV6, MARK) as raw, sender(Family.IPV6) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, padding)
        other.sendto(reply(Family.IPV6), (str(TARGETS[Family.IPV6][0]), 0))
        other.sendto(reply(Family.IPV6, 0x1235), (str(TARGETS[Family.IPV6][0]), 0))
        assert received(raw, other, Family.IPV6) == 1


@settings(deadline=None)
@given(
    family=st.sampled_from(Family),
    message=st.one_of(
        st.binary(min_size=20, max_size=28).map(lambda rest: b"\0" * 4 + rest),
        st.tuples(st.integers(0, 23), st.integers(1, 255)).map(lambda change: changed(*change)),
        st.just(b"\0" * 4 + HEAD + TOKEN),
    ),
    words=st.integers(0, 10),
)
def test_the_kernel_judges_as_the_filter_means(family: Family, message: bytes, words: int) -> None:
    """Against the same said in Python, for any packet that is an echo reply."""
    message = checksummed(bytes([packets.ECHO_REPLY[family], 0]) + message[2:])
    with open_socket("lo", family, MARK) as raw, sender(family) as other:
        if family is Family.IPV4 and words:
            other.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 4 * words)
        other.sendto(message, (str(TARGETS[family][0]), 0))
        ours = len(message) == 24 and message[4:6] == HEAD[:2] and message[8:12] == MARK.key
        assert received(raw, other, family) == ours


def test_the_padding_of_short_ethernet_frames_keeps_no_answer_out(lab: Lab) -> None:
    """An answer over IPv4 takes 58 bytes, a frame 60 at least: a card adds two."""
    uplink = lab.uplinks[0]
    link = json.loads(lab.run(ROUTER, "ip", "-j", "link", "show", "dev", uplink.interface))[0]
    message = reply(Family.IPV4)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(message), 0, 0, 64, socket.IPPROTO_ICMP, 0)
    head += uplink.gateway.packed + uplink.address.ip.packed
    number = int.from_bytes(head) % 0xFFFF ^ 0xFFFF
    frame = bytes.fromhex(link["address"].replace(":", "")) + b"\x02" + bytes(5) + b"\x08\x00"
    frame += head[:10] + struct.pack("!H", number) + head[12:] + message + b"\xaa\xaa"
    with lab.inside(ROUTER):
        raw = open_socket(uplink.interface, Family.IPV4, MARK)
    with raw, lab.inside(uplink.name), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((CUSTOMER_PORT, 0))
        wire.send(frame)
        raw.settimeout(PATIENCE)
        assert raw.recv(256)[20:] == message


def test_a_drawn_mark_is_another_each_time() -> None:
    assert len({Mark.drawn() for _ in range(100)}) == 100


@pytest.mark.parametrize("family", Family)
def test_thousands_of_answers_wait_unread(family: Family) -> None:
    with open_socket("lo", family, MARK) as raw, sender(family) as other:
        raw_size = raw.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        if raw_size < 8 << 20:
            pytest.skip("in a user namespace no receive buffer is larger than the system allows")
        packet = reply(family)
        for _ in range(4096):
            other.sendto(packet, (str(TARGETS[family][0]), 0))
        buffer = ReceiveBuffer(raw)
        await_true(lambda: buffer.waiting() >= 4096)
        assert not buffer.overrun()
        assert received(raw, other, family) == 4096
        assert buffer.waiting() == 0


@pytest.mark.parametrize("family", Family)
def test_a_full_buffer_is_seen_after_a_batch_and_once(family: Family) -> None:
    with open_socket("lo", family, MARK) as raw, sender(family) as other:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        buffer = ReceiveBuffer(raw)
        for _ in range(1000):
            other.sendto(reply(family), (str(TARGETS[family][0]), 0))
        raw.settimeout(PATIENCE)
        for _ in range(buffer.batch):
            raw.recv(256)
        await_true(buffer.overrun)
        assert not buffer.overrun()
        assert received(raw, other, family) > buffer.batch


def test_wrong_checksums_are_no_overrun() -> None:
    """The kernel counts them among the drops of an ICMPv6 socket, and anybody can send them."""
    target = ip_address(TARGETS[Family.IPV6][0].name).packed
    with (
        open_socket("lo", Family.IPV6, MARK) as raw,
        socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_RAW) as other,
    ):
        spoilt = reply(Family.IPV6)
        header = struct.pack("!IHBB", 6 << 28, len(spoilt), socket.IPPROTO_ICMPV6, 64)
        packet = header + target + target + spoilt[:2] + b"\x01\x02" + spoilt[4:]
        buffer = ReceiveBuffer(raw)
        for _ in range(100):
            other.sendto(packet, (str(TARGETS[Family.IPV6][0]), 0))
        with sender(Family.IPV6) as well:
            assert received(raw, well, Family.IPV6) == 0
        assert not buffer.overrun()
