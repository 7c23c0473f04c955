import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.probes import packets
from support.loopback import checksummed

FAMILIES = st.sampled_from(Family)
NUMBERS = st.integers(0, 0xFFFF)
TOKENS = st.binary(max_size=64)
ECHO_REQUEST = {Family.IPV4: 8, Family.IPV6: 128}


def ipv4_header(options: bytes = b"") -> bytes:
    length = 20 + len(options)
    return bytes([0x40 | length // 4]) + bytes(19) + options


def answered(family: Family, request: bytes, header: bytes | None = None) -> bytes:
    """What a raw socket receives when a target echoes `request`."""
    reply = bytes([packets.ECHO_REPLY[family]]) + request[1:]
    if family is Family.IPV6:
        return reply
    return (ipv4_header() if header is None else header) + checksummed(reply)


@given(FAMILIES, NUMBERS, NUMBERS, TOKENS)
def test_what_a_request_carries_comes_back_in_its_reply(
    family: Family, identifier: int, sequence: int, token: bytes
) -> None:
    request = packets.request(family, identifier, sequence, token)
    assert packets.reply(family, answered(family, request)) == (identifier, sequence, token)


@given(NUMBERS, NUMBERS, TOKENS, st.integers(0, 10))
def test_ipv4_options_are_skipped(
    identifier: int, sequence: int, token: bytes, option_words: int
) -> None:
    request = packets.request(Family.IPV4, identifier, sequence, token)
    header = ipv4_header(b"\x01" * 4 * option_words)
    reply = packets.reply(Family.IPV4, answered(Family.IPV4, request, header))
    assert reply == (identifier, sequence, token)


@given(FAMILIES, st.binary(max_size=128))
def test_arbitrary_bytes_never_raise(family: Family, packet: bytes) -> None:
    packets.reply(family, packet)


@given(FAMILIES, st.binary(max_size=64), st.data())
def test_a_reply_cut_short_is_no_reply(family: Family, token: bytes, data: st.DataObject) -> None:
    whole = answered(family, packets.request(family, 1, 2, token))
    kept = data.draw(st.integers(0, len(whole) - len(token) - 1))
    assert packets.reply(family, whole[:kept]) is None


@pytest.mark.parametrize("family", Family)
def test_other_types_and_codes_are_no_reply(family: Family) -> None:
    request = packets.request(family, 1, 2, b"token")
    header = ipv4_header() if family is Family.IPV4 else b""
    reply = packets.ECHO_REPLY[family]
    for kind, code, counts in (
        (reply, 0, True),
        (ECHO_REQUEST[family], 0, False),
        (reply, 1, False),
    ):
        packet = header + checksummed(bytes([kind, code]) + request[2:])
        assert (packets.reply(family, packet) is not None) == counts


@given(TOKENS, st.data())
def test_an_ipv4_reply_with_a_flipped_bit_is_no_reply(token: bytes, data: st.DataObject) -> None:
    packet = answered(Family.IPV4, packets.request(Family.IPV4, 1, 2, token))
    bit = data.draw(st.integers(20 * 8, len(packet) * 8 - 1))
    spoilt = bytearray(packet)
    spoilt[bit // 8] ^= 1 << bit % 8
    assert packets.reply(Family.IPV4, bytes(spoilt)) is None


@pytest.mark.parametrize("first", [0x00, 0x44, 0x65, 0xF5])
def test_a_header_that_is_not_ipv4_is_no_reply(first: int) -> None:
    packet = answered(Family.IPV4, packets.request(Family.IPV4, 1, 2, b"token"))
    assert packets.reply(Family.IPV4, bytes([first]) + packet[1:]) is None


@given(NUMBERS, NUMBERS, TOKENS)
def test_the_checksum_of_an_ipv4_request_is_right(
    identifier: int, sequence: int, token: bytes
) -> None:
    packet = packets.request(Family.IPV4, identifier, sequence, token)
    padded = packet + b"\0" * (len(packet) % 2)
    total = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    assert packet[0] == ECHO_REQUEST[Family.IPV4]
    assert total == 0xFFFF
