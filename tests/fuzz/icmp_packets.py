"""ICMP packets: what anybody on the internet can send to a router that probes.

An input is a list of packets as recvmsg(2) gives them, each behind two bytes: `_ASPECTS` tells
where it came from and when, then its length.
"""

import math
import socket
import struct
from random import Random
from time import time_ns
from typing import Any

import trio

from fuzz.target import Target, spoilt
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from route_switcher.probes.answer_filter import Mark
from route_switcher.probes.counters import Counters
from route_switcher.probes.icmp import IcmpProber
from route_switcher.probes.matching import EchoRequest
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.raw_socket import open_socket
from route_switcher.probes.stamps import CONTROL_SPACE, SO_TIMESTAMPNS_NEW
from support.loopback import TARGETS, checksummed, targets_on_loopback

_MARK = Mark(0x1234, b"toke")
_SEQUENCES = (0x0007, 0x0008)
_TOKENS = (b"token of the 1st", b"token of the 2nd")
_TIMEOUT = 1.0
_LONG_AGO = 1000.0

_WRONG_SOURCE = 0x01
_SECOND_TARGET = 0x02
_STAMPS = 0x0C
"""Which of four ancillary data comes along; see `_ancillary`."""


def attack(data: bytes) -> None:
    """Let lines of both families take the packets, and compare with what they should make of it."""
    for family in Family:
        _take(family, _received(family, data))


def _received(family: Family, data: bytes) -> list[tuple[bytes, list[Any], int, Any]]:
    received = []
    at = 0
    while at + 2 <= len(data):
        aspects, length = data[at], data[at + 1]
        packet = data[at + 2 : at + 2 + length]
        target = str(TARGETS[family][bool(aspects & _SECOND_TARGET)])
        source = str(TARGETS[family][2]) if aspects & _WRONG_SOURCE else target
        received.append((packet, _ancillary(aspects, packet), 0, (source, 0)))
        at += 2 + length
    return received


def _ancillary(aspects: int, packet: bytes) -> list[tuple[int, int, bytes]]:
    now = struct.pack("=qq", *divmod(time_ns(), 1_000_000_000))
    stamp = (None, now, packet[:16], packet[-16:].ljust(16, b"\xff"))[(aspects & _STAMPS) >> 2]
    return [] if stamp is None else [(socket.SOL_SOCKET, SO_TIMESTAMPNS_NEW, stamp)]


def _take(family: Family, received: list[tuple[bytes, list[Any], int, Any]]) -> None:
    prober = IcmpProber("lo", family)
    prober._mark = _MARK
    now = trio.current_time()
    # The first is answered in time, the second too late.
    requests = tuple(
        EchoRequest(target, str(target), sequence, token, sent_at=sent_at)
        for target, sequence, token, sent_at in zip(
            TARGETS[family], _SEQUENCES, _TOKENS, (now, now - _LONG_AGO), strict=False
        )
    )
    asked = OpenRound(requests, 1, _TIMEOUT)
    for request in requests:
        prober._matching.expect(request, asked)
    prober._take(received)

    genuine = [
        [p for p, _, _, source in received if source[0] == r.address and _answers(family, r, p)]
        for r in requests
    ]
    assert [request.settled for request in requests] == [bool(each) for each in genuine]
    counters = prober.counters
    assert counters.repeated == sum(max(0, len(each) - 1) for each in genuine)
    in_time = sum(request.rtt is not None for request in requests)
    assert counters.late == sum(request.late is not None for request in requests)
    assert len(received) == in_time + _taken_and_counted(counters)
    for request in requests:
        for took in (request.rtt, request.late):
            assert took is None or (math.isfinite(took) and took >= 0)
    asked.result(trio.current_time())


def _answers(family: Family, request: EchoRequest, packet: bytes) -> bool:
    """Whether `packet` is the answer, told without the code under test."""
    if family is Family.IPV4:
        size = (packet[:1] or b"\0")[0] & 0x0F
        if packet[:1] != bytes([0x40 | size]) or size < 5:
            return False
        packet = packet[4 * size :]
        if len(packet) < 4 or checksummed(packet) != packet:
            return False
    head = struct.pack("!HH", _MARK.identifier, request.sequence)
    return (
        packet[:2] == bytes([packets.ECHO_REPLY[family], 0]) and packet[4:] == head + request.token
    )


def _taken_and_counted(counters: Counters) -> int:
    return (
        counters.malformed
        + counters.foreign
        + counters.unasked
        + counters.wrong_source
        + counters.wrong_token
        + counters.repeated
        + counters.late
    )


def seeds() -> list[bytes]:
    """Replies that the kernel gave over the loopback interface, to both requests."""
    with targets_on_loopback():
        recorded = [
            (place, _recorded(family, place)) for family in Family for place in range(len(_TOKENS))
        ]
    inputs = [_input(place * _SECOND_TARGET | 0x04, packet) for place, packet in recorded]
    return [*inputs, b"".join(inputs), inputs[0] + inputs[0]]


def _recorded(family: Family, place: int) -> bytes:
    with open_socket("lo", family, _MARK) as raw:
        raw.settimeout(10)
        request = packets.request(family, _MARK.identifier, _SEQUENCES[place], _TOKENS[place])
        raw.sendto(request, (str(TARGETS[family][place]), 0))
        packet: bytes = raw.recvmsg(256, CONTROL_SPACE)[0]
        return packet


def _input(aspects: int, packet: bytes) -> bytes:
    return bytes([aspects, len(packet)]) + packet


def mutated(data: bytes, random: Random) -> bytes:
    """`data` with one of its packets spoilt, said to be from elsewhere, repeated, or dressed."""
    records = []
    at = 0
    while at + 2 <= len(data):
        records.append((data[at], data[at + 2 : at + 2 + data[at + 1]]))
        at += 2 + data[at + 1]
    if not records:
        return spoilt(data, random)
    place = random.randrange(len(records))
    aspects, packet = records[place]
    match random.randrange(7):
        case 0:
            aspects ^= 1 << random.randrange(4)
        case 1:
            records.append(records[place])
        case 2 if packet:
            # IPv4 options, as the header's length says.
            words = random.randrange(11)
            packet = bytes([0x45 + words]) + packet[1:20] + bytes(4 * words) + packet[20:]
        case 3 if len(packet) > 20:
            # Spoilt in a way that a checksum does not show.
            packet = packet[:20] + checksummed(spoilt(packet[20:], random).ljust(8, b"\0"))
        case _:
            packet = spoilt(packet, random)
    records[place] = (aspects, packet[:255])
    return b"".join(_input(*record) for record in records)


TARGET = Target(
    attack=attack,
    seeds=seeds,
    mutated=mutated,
    words=(*(struct.pack("!HH", _MARK.identifier, sequence) for sequence in _SEQUENCES), *_TOKENS),
    largest=600,
)
