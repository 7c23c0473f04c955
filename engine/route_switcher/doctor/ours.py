"""Which routes and rules of ours should stand, and do not."""

from collections.abc import Iterator

from route_switcher.core.routing.rule_plan import main_without_defaults
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import PREFERENCE, RoutingRule
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.doctor.lines import next_hop, standing
from route_switcher.doctor.network import Network


def may_have_route(network: Network, uplink: Uplink) -> bool:
    """Whether a running engine has a route of it: it is connected, and its next hop known."""
    link = network.links[uplink.interface]
    able = link.connected and uplink.family in link.families
    return able and next_hop(network, uplink) is not None


def absent_routes(network: Network, policy: Policy) -> tuple[Uplink, ...]:
    """The uplinks without the route that a running engine keeps."""
    return tuple(
        uplink
        for uplink in policy.uplinks
        if may_have_route(network, uplink) and not standing(network, policy, uplink)
    )


def absent_rules(network: Network, policy: Policy) -> tuple[RoutingRule, ...]:
    """The rules that a running engine keeps whatever it has selected, and that are not there."""
    return tuple(rule for rule in _rules(network, policy) if rule not in network.rules)


def _rules(network: Network, policy: Policy) -> Iterator[RoutingRule]:
    if not policy.placement.own:
        return
    tables = UplinkTables.of(policy)
    for family in policy.families:
        yield main_without_defaults(family)
        for uplink in policy.uplinks_of(family):
            small = tables.small(uplink.name)
            if small is not None and standing(network, policy, uplink):
                interface = network.links[uplink.interface].own_name
                yield RoutingRule(family, PREFERENCE, small, out_interface=interface)
