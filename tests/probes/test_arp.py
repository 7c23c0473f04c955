import struct
from ipaddress import IPv4Address

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.probes import arp

OURS, THEIRS = b"\2ours\1", b"\2them\1"
HERE, GATEWAY = IPv4Address("198.51.100.2"), IPv4Address("198.51.100.1")


def replied() -> bytes:
    """What the gateway replies, told without the code under test."""
    head = bytes.fromhex("0001 0800 06 04 0002")
    return head + THEIRS + GATEWAY.packed + OURS + HERE.packed


def test_a_request_says_who_asks_for_whom() -> None:
    head = bytes.fromhex("0001 0800 06 04 0001")
    expected = head + OURS + HERE.packed + bytes(6) + GATEWAY.packed
    assert arp.request(OURS, HERE, GATEWAY) == expected


def test_without_an_address_a_request_asks_in_nobodys_name() -> None:
    assert arp.request(OURS, None, GATEWAY)[14:18] == bytes(4)


def test_a_reply_says_who_is_where_and_to_whom() -> None:
    padded = replied() + bytes(18)  # the shortest frame of Ethernet
    assert arp.reply(padded) == (THEIRS, GATEWAY, OURS, HERE)


def test_a_request_is_no_reply() -> None:
    assert arp.reply(arp.request(OURS, HERE, GATEWAY)) is None


@given(st.integers(0, 7), st.integers(0, 255))
def test_a_reply_of_another_kind_is_none(place: int, value: int) -> None:
    spoilt = bytearray(replied())
    if spoilt[place] != value:
        spoilt[place] = value
        assert arp.reply(bytes(spoilt)) is None


@given(st.integers(0, 27))
def test_a_reply_cut_short_is_none(kept: int) -> None:
    assert arp.reply(replied()[:kept]) is None


@given(st.binary(max_size=80))
def test_arbitrary_bytes_never_raise(frame: bytes) -> None:
    arp.reply(frame)
    arp.reply(struct.pack("!HHBBH", 1, 0x0800, 6, 4, 2) + frame)
