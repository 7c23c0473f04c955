"""By what way the traffic of a machine leaves, in one line for each family."""

from ipaddress import ip_address

from route_switcher.core.vocabulary.kernel_routes import KernelHop, KernelRoute
from route_switcher.core.vocabulary.lookups import Answer, Lookup, Refused, Unanswered, own_traffic
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.routes import Route, RouteKind, protocol_name
from route_switcher.core.vocabulary.uplinks import Family

_FAR_AWAY = {
    Family.IPV4: ip_address("198.41.0.4"),
    Family.IPV6: ip_address("2001:503:ba3e::2:30"),
}
"""a.root-servers.net (RFC 8806): on the internet for ever, and hardly anybody has a route to it
alone. Nothing is sent there."""

_NOWHERE = "the machine has no way to the internet"


def question_of(family: Family) -> Lookup:
    """What the kernel is asked: the way of a packet to somewhere on the internet."""
    return own_traffic(_FAR_AWAY[family])


def describe_way_out(family: Family, answer: Answer) -> str:
    """Which way that is, as a line for a person."""
    match answer:
        case Unanswered():
            return f"{family}: it is not known where traffic leaves now: {answer.reason}"
        case Refused():
            return f"{family}: {answer.reason}: {_NOWHERE}"
        case KernelRoute(kind=RouteKind.UNICAST):
            return f"{family}: traffic now leaves {_way(answer)}"
        case KernelRoute():
            return f"{family}: {answer.kind.value} route ({_whose(answer)}): {_NOWHERE}"


def no_default(family: Family) -> str:
    """The line where no default route of `family` is left."""
    return f"{family}: no default route: {_NOWHERE}"


def leads_out(route: Route) -> bool:
    """Whether it is a default route that leads anywhere."""
    return route.leads_on and route.destination is None


def _way(route: KernelRoute) -> str:
    hops = " and ".join(map(_hop, route.hops)) or "through a nexthop object"
    return f"{hops} ({_whose(route)})"


def _hop(hop: KernelHop) -> str:
    via = f" via {hop.gateway}" if hop.gateway is not None else ""
    return f"by {hop.interface}{via}" + (", which has no carrier" if hop.linkdown else "")


def _whose(route: KernelRoute) -> str:
    parts = [f"{protocol_name(route.protocol)} route"]
    if not route.default:
        parts.append(f"for a prefix of {route.prefix_length} bits only")
    if route.table != MAIN_TABLE:
        parts.append(f"table {route.table}")
    return ", ".join([*parts, f"metric {route.metric}"])
