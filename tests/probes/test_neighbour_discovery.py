import struct
from ipaddress import IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.probes import neighbour_discovery as nd

OURS, THEIRS = b"\2ours\1", b"\2them\1"
GATEWAY = IPv6Address("fe80::1:2345:6789")
SOLICITED = 0x6000_0000
TARGET_MAC = bytes([2, 1]) + THEIRS


def advertised(
    options: bytes = TARGET_MAC, flags: int = SOLICITED, target: IPv6Address = GATEWAY
) -> bytes:
    return struct.pack("!BBHI", 136, 0, 0xABCD, flags) + target.packed + options


def test_a_solicitation_says_who_asks_for_whom() -> None:
    expected = bytes([135, 0, 0, 0]) + bytes(4) + GATEWAY.packed + bytes([1, 1]) + OURS
    assert nd.solicitation(OURS, GATEWAY) == expected


def test_it_goes_to_the_group_of_the_last_three_bytes() -> None:
    assert nd.solicited_node(GATEWAY) == IPv6Address("ff02::1:ff45:6789")


def test_an_advertisement_says_who_is_where() -> None:
    assert nd.advertisement(advertised()) == (GATEWAY, True, THEIRS)


def test_one_that_was_not_asked_for_says_so() -> None:
    told = nd.advertisement(advertised(flags=0x2000_0000))
    assert told is not None
    assert not told.solicited


def test_other_options_are_skipped() -> None:
    nonce = bytes([14, 2]) + bytes(14)
    assert nd.advertisement(advertised(nonce + TARGET_MAC)) == (GATEWAY, True, THEIRS)
    assert nd.advertisement(advertised(nonce)) == (GATEWAY, True, None)


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(advertised(bytes([2, 0]) + THEIRS), id="option of length 0"),
        pytest.param(advertised(bytes([2, 9]) + THEIRS), id="option cut off"),
        pytest.param(advertised(b"\2"), id="option without a length"),
        pytest.param(advertised(target=IPv6Address("ff02::1")), id="of a group"),
        pytest.param(advertised()[:23], id="cut short"),
        pytest.param(b"\x87" + advertised()[1:], id="a solicitation"),
        pytest.param(b"\x88\1" + advertised()[2:], id="another code"),
    ],
)
def test_what_is_no_well_formed_advertisement_says_nothing(message: bytes) -> None:
    assert nd.advertisement(message) is None


@given(st.binary(max_size=120))
def test_arbitrary_bytes_never_raise(message: bytes) -> None:
    nd.advertisement(message)
    nd.advertisement(advertised(message))
