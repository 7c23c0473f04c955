"""What the kernel lets into the raw socket, and how much of it waits there unread."""

import socket
import struct
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from probes.loopback import TARGETS, checksummed, silent_kernel, targets_on_loopback
from route_switcher.core.model import Family
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import TOKEN_SIZE, Mark
from route_switcher.probes.raw_socket import ADDRESS_FAMILY, open_socket
from route_switcher.probes.receive_buffer import ReceiveBuffer

pytestmark = pytest.mark.kernel

MARK = Mark(0x1234, b"key!")
TOKEN = MARK.key + bytes(TOKEN_SIZE - len(MARK.key))
_SOL_RAW = {Family.IPV4: socket.IPPROTO_ICMP, Family.IPV6: socket.IPPROTO_ICMPV6}


@pytest.fixture(autouse=True)
def addresses() -> Iterator[None]:
    with targets_on_loopback(), silent_kernel():
        yield


def reply(family: Family, identifier: int = MARK.identifier, token: bytes = TOKEN) -> bytes:
    """An echo reply, with its checksum."""
    request = packets.request(family, identifier, 7, token)
    return checksummed(bytes([packets.ECHO_REPLY[family]]) + request[1:])


def sender(family: Family) -> socket.socket:
    return socket.socket(ADDRESS_FAMILY[family], socket.SOCK_RAW, _SOL_RAW[family])


def received(sock: socket.socket) -> int:
    count = 0
    while True:
        try:
            sock.recv(256)
        except BlockingIOError:
            return count
        count += 1


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
        assert received(raw) == comes_in


@pytest.mark.parametrize("words", range(1, 11))
def test_ipv4_options_do_not_keep_an_answer_out(words: int) -> None:
    with open_socket("lo", Family.IPV4, MARK) as raw, sender(Family.IPV4) as other:
        other.setsockopt(socket.IPPROTO_IP, socket.IP_OPTIONS, b"\x01" * 4 * words)
        other.sendto(reply(Family.IPV4), (str(TARGETS[Family.IPV4][0]), 0))
        other.sendto(reply(Family.IPV4, 0x1235), (str(TARGETS[Family.IPV4][0]), 0))
        assert received(raw) == 1


def test_ipv6_extension_headers_do_not_keep_an_answer_out() -> None:
    padding = struct.pack("BBBB4x", 0, 0, 1, 4)
    with open_socket("lo", Family.IPV6, MARK) as raw, sender(Family.IPV6) as other:
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_DSTOPTS, padding)
        other.sendto(reply(Family.IPV6), (str(TARGETS[Family.IPV6][0]), 0))
        other.sendto(reply(Family.IPV6, 0x1235), (str(TARGETS[Family.IPV6][0]), 0))
        assert received(raw) == 1


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
        assert not buffer.overrun()
        assert buffer.waiting() >= 4096
        assert received(raw) == 4096
        assert buffer.waiting() == 0


@pytest.mark.parametrize("family", Family)
def test_a_full_buffer_is_seen_after_a_batch_and_once(family: Family) -> None:
    with open_socket("lo", family, MARK) as raw, sender(family) as other:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        buffer = ReceiveBuffer(raw)
        for _ in range(1000):
            other.sendto(reply(family), (str(TARGETS[family][0]), 0))
        for _ in range(buffer.batch):
            raw.recv(256)
        assert buffer.overrun()
        assert not buffer.overrun()
        assert received(raw) > buffer.batch


def test_wrong_checksums_are_no_overrun() -> None:
    """The kernel counts them among the drops of an ICMPv6 socket, and anybody can send them."""
    target = ip_address(TARGETS[Family.IPV6][0]).packed
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
        assert received(raw) == 0
        assert not buffer.overrun()
