"""What a person can get wrong about prefixes that move with the default route."""

import pytest

from route_switcher.policy.load import load_text
from support.told import check

BEHIND = "write a prefix that is behind the gateways"


def also(written: str, gateway: str = "192.0.2.1") -> str:
    """A policy whose second line holds the list, its first item from column 17."""
    return (
        f"version: 1\nroutes: {{also: [{written}]}}\n"
        f"uplinks: {{a: {{interface: eth0, gateway: {gateway}}}}}\n"
    )


ALSO = {
    "a word": (
        also("office"),
        ["2:17-23 bad-prefix: 'office' is not a prefix", "write for example 198.18.0.0/15"],
    ),
    "host bits": (
        also("198.18.1.0/15"),
        ["2:17-30 bad-prefix: '198.18.1.0/15' has bits behind the prefix", "write 198.18.0.0/15"],
    ),
    "the default route": (
        also("0.0.0.0/0"),
        ["2:17-26 bad-prefix: 0.0.0.0/0 is the default route, which moves anyway", "remove it"],
    ),
    "twice": (
        also("198.18.0.0/15, 198.18.0.0/15"),
        ["2:32-45 bad-prefix: 198.18.0.0/15 is here twice", "remove it"],
    ),
    "the gateway": (
        also("192.0.2.0/24"),
        [
            "2:17-29 bad-prefix: 192.0.2.0/24 covers 192.0.2.1, the gateway of the uplink 'a'",
            BEHIND,
        ],
    ),
    "a family that no uplink has": (
        also("'2001:db8:100::/48'"),
        [
            "2:17-36 bad-prefix: 2001:db8:100::/48 is IPv6, and no uplink has IPv6",
            "remove it, or add IPv6 to an uplink",
        ],
    ),
    "link-local addresses": (
        also("169.254.1.0/24"),
        [
            "2:17-31 bad-prefix: 169.254.1.0/24 is link-local: it never leaves the wire",
            BEHIND,
        ],
    ),
    "multicast": (
        also("'ff05::/16'", "'2001:db8::1'"),
        ["2:17-28 bad-prefix: ff05::/16 is multicast", BEHIND],
    ),
    "loopback": (
        also("127.0.0.0/8"),
        ["2:17-28 bad-prefix: 127.0.0.0/8 is this machine itself", BEHIND],
    ),
}


@pytest.mark.parametrize("case", ALSO.values(), ids=ALSO)
def test_what_is_no_such_prefix(case: tuple[str, list[str]]) -> None:
    check(*case)


def test_the_two_halves_of_the_internet_may_cover_a_gateway() -> None:
    placement = load_text(also("0.0.0.0/1, 128.0.0.0/1"), "it").placement
    assert list(map(str, placement.also)) == ["0.0.0.0/1", "128.0.0.0/1"]


def test_one_address_is_a_prefix() -> None:
    assert list(map(str, load_text(also("198.18.0.1"), "it").placement.also)) == ["198.18.0.1/32"]
