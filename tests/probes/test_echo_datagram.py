import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.uplinks import Address, Family
from route_switcher.probes import echo_datagram

OWN: dict[Family, Address] = {
    Family.IPV4: ip_address("198.51.100.2"),
    Family.IPV6: ip_address("2001:db8::2"),
}
PORT, TOKEN = 40001, b"sixteen  bytes !"
FAMILIES = pytest.mark.parametrize("family", Family, ids=str)
TTL_PLACE = {Family.IPV4: 8, Family.IPV6: 7}


def summed(data: bytes) -> int:
    """The checksum, as RFC 1071 writes it down."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return int(total)


def forwarded(family: Family, packet: bytes) -> bytes:
    """What a router makes of it: one hop less, and the checksum that belongs to that."""
    place = TTL_PLACE[family]
    packet = packet[:place] + bytes([packet[place] - 1]) + packet[place + 1 :]
    if family is Family.IPV4:
        bare = packet[:10] + bytes(2) + packet[12:20]
        packet = bare[:10] + struct.pack("!H", 0xFFFF ^ summed(bare)) + packet[12:]
    return packet


@FAMILIES
def test_what_was_sent_is_known_when_it_comes_back(family: Family) -> None:
    back = forwarded(family, echo_datagram.datagram(OWN[family], PORT, TOKEN))
    own = OWN[family]
    assert echo_datagram.received(back + bytes(6)) == (own, own, 254, PORT, PORT, TOKEN)


@given(st.sampled_from(Family), st.integers(1, 65535), st.binary(min_size=2, max_size=64))
def test_its_checksums_are_right(family: Family, port: int, token: bytes) -> None:
    token = token[: len(token) // 2 * 2]
    own = OWN[family]
    packet = echo_datagram.datagram(own, port, token)
    header = echo_datagram.IP_HEADER[family]
    if family is Family.IPV4:
        assert summed(packet[:header]) == 0xFFFF
    pseudo = own.packed * 2 + struct.pack("!HH", 17, 8 + len(token))
    assert summed(pseudo + packet[header:]) == 0xFFFF
    assert packet[header + 6 : header + 8] != bytes(2)


@FAMILIES
@pytest.mark.parametrize("spoilt", ["protocol", "length", "UDP length", "cut", "version"])
def test_what_is_no_whole_packet_of_udp_is_nothing(family: Family, spoilt: str) -> None:
    packet = bytearray(echo_datagram.datagram(OWN[family], PORT, TOKEN))
    header = echo_datagram.IP_HEADER[family]
    match spoilt:
        case "protocol":
            packet[9 if family is Family.IPV4 else 6] = 1
        case "length":
            packet[3 if family is Family.IPV4 else 5] += 1
        case "UDP length":
            packet[header + 5] -= 1
        case "cut":
            packet = packet[:-1]
        case _:
            packet[0] = 0x55
    whole = bytes(packet)
    if family is Family.IPV4 and len(packet) >= header:
        bare = whole[:10] + bytes(2) + whole[12:20]
        whole = bare[:10] + struct.pack("!H", 0xFFFF ^ summed(bare)) + whole[20 - 8 :]
    assert echo_datagram.received(whole) is None


def test_a_wrong_header_checksum_and_a_fragment_are_nothing() -> None:
    packet = echo_datagram.datagram(OWN[Family.IPV4], PORT, TOKEN)
    assert echo_datagram.received(packet) is not None
    assert echo_datagram.received(packet[:10] + b"\0\0" + packet[12:]) is None
    fragment = packet[:6] + b"\x20\0" + bytes(2) + packet[8:10] + bytes(2) + packet[12:]
    right = struct.pack("!H", 0xFFFF ^ summed(fragment[:10] + bytes(2) + fragment[12:20]))
    assert echo_datagram.received(fragment[:10] + right + fragment[12:]) is None


@given(st.sampled_from(Family), st.binary(max_size=100))
def test_arbitrary_bytes_never_raise(family: Family, packet: bytes) -> None:
    echo_datagram.received(packet)
    echo_datagram.received(echo_datagram.datagram(OWN[family], PORT, packet)[: len(packet) + 20])
