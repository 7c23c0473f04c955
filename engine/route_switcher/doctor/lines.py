"""Which way packets should take: what follows from the policy and what the kernel tells."""

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address

from route_switcher.core.next_hops.choice import usable_hops
from route_switcher.core.routing.dead_ends_of_ours import dead_end
from route_switcher.core.vocabulary.lookups import (
    Lookup,
    bound_probe,
    forwarded_traffic,
    own_traffic,
)
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RuleAction
from route_switcher.core.vocabulary.routes import FIRST_METRIC, Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Address, Family, GatewayMode, Uplink
from route_switcher.core.ways.questions import Carrier, Line
from route_switcher.core.ways.situation import Situation
from route_switcher.doctor.network import Network

FAR_AND_WIDE: Mapping[Family, tuple[Address, ...]] = {
    Family.IPV4: tuple(
        IPv4Address(f"{octet}.255.254.253") for octet in (31, 63, 95, 126, 159, 191, 223)
    ),
    Family.IPV6: tuple(
        IPv6Address(f"{group}:fffe::fffd") for group in ("20ff", "28ff", "30ff", "38ff")
    ),
}
"""An address in each part of the internet, for the routes that somebody writes instead of a default
route, such as 0.0.0.0/1 and 128.0.0.0/1."""


def learned_by(network: Network, uplink: Uplink) -> tuple[LearnedHop, ...]:
    """The next hops that it may use, best first; none where the policy writes it."""
    if uplink.gateway is not GatewayMode.AUTO:
        return ()
    return usable_hops(uplink, network.links[uplink.interface], network.learned)


def next_hop(network: Network, uplink: Uplink) -> NextHop | None:
    """What an engine uses, or would use; None: there is none."""
    match uplink.gateway:
        case GatewayMode.NONE:
            return NextHop(None)
        case GatewayMode.AUTO:
            told = learned_by(network, uplink)
            used = {r.gateway for r in network.routes if r.ours and _is_of(r, uplink)}
            best = [each.hop for each in told if each.hop.gateway in used] or [t.hop for t in told]
            return best[0] if best else None
        case gateway:
            return NextHop(gateway, onlink=_onlink(network, uplink, gateway))


def _onlink(network: Network, uplink: Uplink, gateway: Address) -> bool:
    """As the policy says; otherwise an engine takes it from a default route of the same way."""
    if uplink.onlink is not None:
        return uplink.onlink
    same = (r for r in network.routes if _is_of(r, uplink) and r.gateway == gateway)
    return any(route.onlink for route in same)


def standing(network: Network, policy: Policy, uplink: Uplink) -> tuple[Route, ...]:
    """Its default routes of ours in the traffic's table, best first."""
    table = policy.placement.table
    ours = (r for r in network.routes if r.ours and r.table == table and r.destination is None)
    found = (r for r in ours if _is_of(r, uplink))
    return tuple(sorted(found, key=lambda route: route.metric))


def refuses(network: Network, policy: Policy, family: Family) -> bool:
    """Whether an engine has traffic refused, since no uplink answers."""
    return dead_end(family, policy.placement.table, FIRST_METRIC) in network.routes


def situation(network: Network, policy: Policy) -> Situation:
    """What the ways of packets are held against. The best of our routes is what carries the
    traffic; where there is none, nothing is selected."""
    lines = tuple(_lines(network, policy))
    return Situation(policy, lines, dict(_carriers(network, policy, lines)))


def questions(network: Network, policy: Policy) -> tuple[Lookup, ...]:
    """What the kernel is asked: all that an engine asks; the way to each part of the internet; the
    same of traffic while nothing is selected; the way to each gateway; and where packets go that
    carry the mark of some rule."""
    now = situation(network, policy)
    asked = dict.fromkeys(now.questions(network.forwarded))
    asked |= dict.fromkeys(
        bound_probe(line.gateway, line.uplink.interface) for line in now.lines if line.gateway
    )
    for family in policy.families:
        targets = now.targets(family)
        asked |= dict.fromkeys(map(own_traffic, FAR_AND_WIDE[family]))
        if family not in now.carriers:
            asked |= dict.fromkeys(unselected_traffic(network, family, targets))
        for rule in network.rules:
            if rule.family is family and marks(rule):
                asked |= dict.fromkeys(own_traffic(target, rule.mark) for target in targets[:1])
    return tuple(asked)


def unselected_traffic(
    network: Network, family: Family, targets: Iterable[Address]
) -> Iterator[Lookup]:
    """Which way traffic takes while no uplink is selected."""
    for target in targets:
        yield own_traffic(target)
        for each in network.forwarded:
            if each.host.version == family.value:
                yield forwarded_traffic(target, each.host, each.interface)


def marks(rule: RoutingRule) -> bool:
    """Whether it leads packets that carry a firewall mark to some table."""
    return not rule.inverted and bool(rule.mark) and rule.action is RuleAction.LOOKUP


def best_default(network: Network, family: Family, table: int) -> Route | None:
    """What the kernel takes of the default routes of one table, by its metric; None: none."""
    routes = [
        Route(
            family,
            route.hops[0].interface if route.hops else "",
            route.hops[0].gateway if route.hops else None,
            route.metric,
            route.protocol,
            route.kind,
            route.table,
            nexthop=route.nexthop,
        )
        for route in network.defaults
        if route.family is family and route.table == table and route.kind is not RouteKind.THROW
    ]
    return min(routes, key=lambda route: route.metric, default=None)


def _lines(network: Network, policy: Policy) -> Iterator[Line]:
    for uplink in policy.uplinks:
        link, hop = network.links[uplink.interface], next_hop(network, uplink)
        if hop is not None:
            mine = frozenset(a for a in link.addresses if a.version == uplink.family.value)
            usable = link.present and link.up and uplink.family in link.families
            yield Line(uplink, hop.gateway, mine, link.own_name, usable)


def _carriers(
    network: Network, policy: Policy, lines: tuple[Line, ...]
) -> Iterator[tuple[Family, Carrier]]:
    by_id: Mapping[object, Line] = {line.uplink.id: line for line in lines if line.connected}
    for family in policy.families:
        found = [
            (route, by_id[uplink.id])
            for uplink in policy.uplinks_of(family)
            if uplink.id in by_id
            for route in standing(network, policy, uplink)
        ]
        best = min(found, key=lambda each: each[0].metric, default=None)
        if best is not None:
            yield family, Carrier(best[1], best[0])


def _is_of(route: Route, uplink: Uplink) -> bool:
    return (route.family, route.interface) == (uplink.family, uplink.interface)
