"""Which of the next hops that others tell of an uplink may use, and which of them comes first."""

from collections.abc import Iterable

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.kernel_routes import RouterPreference
from route_switcher.core.vocabulary.next_hops import LEASE_TABLE, LearnedHop
from route_switcher.core.vocabulary.uplinks import Uplink

_PREFERRED_FIRST = (RouterPreference.HIGH, RouterPreference.MEDIUM, RouterPreference.LOW)


def usable_hops(
    uplink: Uplink, link: LinkState, told: Iterable[LearnedHop]
) -> tuple[LearnedHop, ...]:
    """Those of `told` that an uplink may use, best first: by the preference that routers ask for,
    then by metric.

    A route without a gateway leads to the internet only where the link has but one other end. And
    where the hook of a DHCP client says what the lease says, the client's own route does not count.
    """
    usable = [
        hop
        for hop in told
        if (hop.interface, hop.family) == (uplink.interface, uplink.family)
        and hop.leads_to_the_internet
        and (hop.hop.gateway is not None or link.point_to_point)
    ]
    if any(hop.table == LEASE_TABLE for hop in usable):
        usable = [hop for hop in usable if not hop.may_be_outdated]
    return tuple(sorted(usable, key=_place))


def _place(hop: LearnedHop) -> tuple[object, ...]:
    # The last parts only make the order the same every time.
    return _PREFERRED_FIRST.index(hop.preference), hop.metric, hop.table, str(hop.hop.gateway)
