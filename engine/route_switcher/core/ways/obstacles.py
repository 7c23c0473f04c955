"""What stands between packets and the way that is meant, and the command that removes it."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from ipaddress import ip_network

from route_switcher.core.routing.remedies import (
    main_rule_addition,
    rule_deletion,
    sorted_hops,
    specific_route_deletion,
)
from route_switcher.core.vocabulary.kernel_routes import KernelRoute, RouteScope
from route_switcher.core.vocabulary.lookups import IP_PROTOCOLS, Lookup, Refused
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import Network, RoutingRule, RuleAction
from route_switcher.core.vocabulary.routes import RouteKind, hop_words, protocol_name, table_name
from route_switcher.core.vocabulary.ways import DeadEnd, Findings
from route_switcher.core.ways.comparison import Wrong

_DEAD_ENDS = frozenset((RuleAction.BLACKHOLE, RuleAction.UNREACHABLE, RuleAction.PROHIBIT))
_LOCAL_TABLE = 255


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What leads packets elsewhere, in words, and a command that removes it, or what else helps."""

    words: str
    remedy: str
    some_sources: bool = False
    """It is a rule that only packets from some sources meet: somebody's intention."""

    def __str__(self) -> str:
        return f"{self.words}. To remove it: {self.remedy}" if self.remedy else self.words


def obstacle(lookup: Lookup, wrong: Wrong, findings: Findings, planned_table: int) -> Obstacle:
    """What stands between the packets of `lookup` and the routes of `planned_table`."""
    rules = [rule for rule in findings.rules if rule.family is lookup.family]
    named = by_own_names(lookup, findings)
    if isinstance(wrong.answer, Refused):
        return _refusal(named, wrong.answer, rules, findings.dead_ends, planned_table)
    return _route(named, wrong.answer, rules, planned_table)


def _route(
    lookup: Lookup, route: KernelRoute, rules: Sequence[RoutingRule], planned_table: int
) -> Obstacle:
    destination = ip_network((lookup.destination, route.prefix_length), strict=False)
    if route.table == _LOCAL_TABLE or route.kind is RouteKind.LOCAL:
        return Obstacle(f"{lookup.destination} is an address of this machine", "")
    words = describe_route(route, destination)
    if route.table not in (planned_table, MAIN_TABLE) or (
        route.table != planned_table and route.default
    ):
        jump = _jump(lookup, rules, planned_table)
        if jump is not None:
            text = f"the rule '{jump}' passes over those that lead to ours, so packets meet {words}"
            return Obstacle(text, rule_deletion(jump), _for_some_sources(jump))
        # One of ours is put back if it goes: then the route is what somebody can remove.
        others = (r for r in _met(lookup, rules) if not r.ours)
        leading = [r for r in others if r.table == route.table]
        # One with parts that are not known may not match after all.
        rule = min(leading, key=lambda r: r.unknown, default=None)
        if rule is not None:
            text = f"the rule '{rule}' comes first, and leads to {words}"
            return Obstacle(text, rule_deletion(rule), _for_some_sources(rule))
    return Obstacle(f"the route {words} comes first", specific_route_deletion(route, destination))


def _refusal(
    lookup: Lookup,
    refused: Refused,
    rules: list[RoutingRule],
    dead_ends: Iterable[DeadEnd],
    planned_table: int,
) -> Obstacle:
    own = [each for each in dead_ends if lookup.destination in each.destination]
    for rule in _met(lookup, rules):
        if rule.action in _DEAD_ENDS:
            text = f"the rule '{rule}' lets nothing through"
            return Obstacle(text, rule_deletion(rule), _for_some_sources(rule))
        met = [
            each for each in own if rule.action is RuleAction.LOOKUP and each.table == rule.table
        ]
        if met:
            end = max(met, key=lambda each: (each.destination.prefixlen, -each.metric))
            route = _as_route(end)
            words = describe_route(route, end.destination)
            remedy = specific_route_deletion(route, end.destination)
            return Obstacle(f"the route {words} lets nothing through", remedy)
    if rules and not any(r.action is RuleAction.LOOKUP and r.table == MAIN_TABLE for r in rules):
        text = "no rule leads to the main table"
        return Obstacle(text, main_rule_addition(lookup.family))
    jump = _jump(lookup, rules, planned_table)
    if jump is not None:
        text = f"the rule '{jump}' passes over those that lead to ours"
        return Obstacle(text, rule_deletion(jump), _for_some_sources(jump))
    return Obstacle(refused.reason, "")


def _met(lookup: Lookup, rules: Iterable[RoutingRule]) -> Iterator[RoutingRule]:
    """The rules that packets of `lookup` come to, in order: `goto` passes over some."""
    beyond = 0
    for rule in rules:
        if rule.preference >= beyond and matches(rule, lookup):
            yield rule
            if rule.target is not None and not rule.further:
                beyond = rule.target


def _jump(lookup: Lookup, rules: Sequence[RoutingRule], planned_table: int) -> RoutingRule | None:
    """The `goto` by which packets of `lookup` miss what leads to the planned table."""
    missed = [
        rule.preference for rule in rules if matches(rule, lookup) and rule.table == planned_table
    ]
    jumps = (rule for rule in _met(lookup, rules) if rule.target is not None)
    return next(
        (
            jump
            for jump in jumps
            if any(jump.preference < each < (jump.target or 0) for each in missed)
        ),
        None,
    )


def describe_route(route: KernelRoute, destination: Network) -> str:
    """A route in the words of `ip route`, with its table and who wrote it."""
    words = [route.kind.value] * (route.kind is not RouteKind.UNICAST)
    words.append("default" if route.default else str(destination))
    for hop in sorted_hops(route):
        words += ["nexthop"] * (len(route.hops) > 1)
        words += hop_words(route.family, hop.interface, hop.gateway)
    table = table_name(route.table)
    return " ".join([*words, "table", table, "proto", protocol_name(route.protocol)])


def by_own_names(lookup: Lookup, findings: Findings) -> Lookup:
    """The same question with the kernel's own names of interfaces."""
    names = findings.own_names
    out, into = lookup.out_interface, lookup.in_interface
    return replace(
        lookup,
        out_interface=None if out is None else names.get(out, out),
        in_interface=None if into is None else names.get(into, into),
    )


def matches(rule: RoutingRule, lookup: Lookup) -> bool:
    """Whether packets of `lookup` meet the `rule`, as far as the rule is known. It is asked for
    packets of user 0, as the kernel was."""
    return all(_agreements(rule, lookup)) is not rule.inverted


def _agreements(rule: RoutingRule, lookup: Lookup) -> Iterator[bool]:
    if rule.source is not None:
        yield lookup.source is not None and lookup.source in rule.source
    if rule.destination is not None:
        yield lookup.destination in rule.destination
    if rule.in_interface is not None:
        yield rule.in_interface == (lookup.in_interface or "lo")
    if rule.out_interface is not None:
        yield rule.out_interface == lookup.out_interface
    if rule.mark is not None:
        yield (lookup.mark or 0) & rule.mask == rule.mark
    if rule.uids is not None:
        yield rule.uids[0] == 0
    if rule.ip_protocol is not None:
        payload = lookup.payload
        yield payload is not None and IP_PROTOCOLS[lookup.family, payload] == rule.ip_protocol


def _for_some_sources(rule: RoutingRule) -> bool:
    return rule.source is not None and rule.source.prefixlen > 0 and not rule.inverted


def _as_route(end: DeadEnd) -> KernelRoute:
    return KernelRoute(
        end.family,
        end.table,
        end.protocol,
        end.kind,
        RouteScope.UNIVERSE,
        end.metric,
        (),
        end.destination.prefixlen,
    )
