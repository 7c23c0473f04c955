"""A policy of two uplinks that carry both families."""

from ipaddress import ip_address

from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.world import policy


def line(name: str, number: int, family: Family) -> Uplink:
    """The uplink of that name in one family, on interface eth<number>."""
    net = f"198.51.100.{number}" if family is Family.IPV4 else f"2001:db8:{number}::1"
    return Uplink(name, f"eth{number}", ip_address(net), 10 * number, family)


WAN = tuple(line("wan", 1, family) for family in Family)
LTE = tuple(line("lte", 2, family) for family in Family)
BOTH = policy(*WAN, *LTE, carrier=False)
