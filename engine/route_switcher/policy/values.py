"""Values as people write them: shares, names of hosts, and addresses that can be sent to."""

import re
from fractions import Fraction
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from route_switcher.core.vocabulary.uplinks import Address

_PERCENTAGE = re.compile(r"((?:0|[1-9][0-9]{0,2})(?:\.[0-9])?)%\Z", re.ASCII)


def parse_share(text: str) -> float:
    """The share, 0.2 for 20%. Raises `ValueError` if `text` is not a number and '%'."""
    match = _PERCENTAGE.match(text)
    if match is None:
        raise ValueError(f"not a percentage: {text!r}")
    return float(Fraction(match[1]) / 100)


def format_share(share: float) -> str:
    """The percentage, to a tenth: 0.2 → 20%, 0.005 → 0.5%."""
    tenths = round(share * 1000)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}%"


_NAME = re.compile(
    r"(?=.{3,253}\Z)(?:(?!-)[0-9a-z_-]{1,63}(?<!-)\.)+(?=[0-9-]*[a-z_])(?!-)[0-9a-z_-]{1,63}(?<!-)\Z"
)
"""A name in lower case with its domain (RFC 1123, section 2.1). Its last part is no number, or it
may be an address."""


def is_name(text: str) -> bool:
    """Whether `text` can be the name of a host, in lower case, with its domain."""
    return _NAME.match(text) is not None


def looks_like_host(word: str) -> bool:
    """Whether it is a name of a host, and no number with a unit: a top-level domain begins with a
    letter (RFC 3696, section 2)."""
    name = word.lower().removesuffix(".")
    return is_name(name) and name.rpartition(".")[2][:1].isalpha()


_THIS_NETWORK = ip_network("0.0.0.0/8")
_BROADCAST = IPv4Address("255.255.255.255")


class UnusableAddress(ValueError):  # noqa: N818 - reads better where it is raised
    """Not an address, or not one that can be asked; says why in words."""


def parse_address(text: str) -> Address:
    """The address that `text` writes. Raises `UnusableAddress`.

    Refused are addresses that are no single host elsewhere: unspecified (and the rest of
    0.0.0.0/8, RFC 1122 section 3.2.1.3), loopback, multicast, the limited broadcast, and IPv4
    addresses dressed as IPv6 (RFC 4291 section 2.5.5.2), which never appear on a wire.
    """
    try:
        address = ip_address(text)
    except ValueError:
        raise UnusableAddress(f"{text!r} is not an IP address") from None
    kind = _unusable_kind(address)
    if kind:
        raise UnusableAddress(f"{text!r} is {kind}")
    return address


def is_usable_address(text: str) -> bool:
    """Whether `parse_address` takes it."""
    try:
        parse_address(text)
    except UnusableAddress:
        return False
    return True


def _unusable_kind(address: Address) -> str | None:
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return "an IPv4 address in IPv6 form"
    if address.is_unspecified or address in _THIS_NETWORK:
        return "the unspecified address, not a host"
    if address.is_loopback:
        return "a loopback address, this machine itself"
    if address.is_multicast:
        return "a multicast address, not one host"
    if address == _BROADCAST:
        return "the broadcast address, not one host"
    return None
