"""Next hops that the routes of others tell of."""

from ipaddress import ip_address

from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.virtual.next_hops import Line

DHCP = 16


def told(
    number: int,
    router: str | None,
    metric: int = 0,
    preference: RouterPreference = RouterPreference.MEDIUM,
    source: str | None = None,
    family: Family = Family.IPV4,
) -> LearnedHop:
    """A default route of a DHCP client by eth<number> in the main table."""
    hop = NextHop(
        None if router is None else ip_address(router),
        None if source is None else ip_address(source),
    )
    return LearnedHop(family, f"eth{number}", hop, MAIN_TABLE, metric, DHCP, preference)


NOTHING: dict[Line, NextHop | None] = {(f"eth{n}", f): None for n in range(3) for f in Family}
"""Nobody tells of any next hop."""
