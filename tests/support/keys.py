"""The keys of uplinks, in short."""

from route_switcher.core.vocabulary.uplinks import Family, UplinkId


def v4(name: str) -> UplinkId:
    """The uplink of that name in IPv4."""
    return UplinkId(name, Family.IPV4)


def v6(name: str) -> UplinkId:
    """The uplink of that name in IPv6."""
    return UplinkId(name, Family.IPV6)
