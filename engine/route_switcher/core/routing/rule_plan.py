"""The rules that lead packets to tables of our own, and when each of them may stand.

First main without its default routes, so that the neighbours and all that a person routes stay
where they are. Then, for packets that know which uplink they leave by, the small table of that
uplink: the probes, which are bound to its interface, and by choice the answers to whoever asked one
of its addresses. Last the table of the traffic, once there has been a selection.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from ipaddress import ip_network

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.plan import Plan
from route_switcher.core.routing.rule_list import (
    UNUSED_MARK,
    lacks_main,
    leads_all,
    rule_changes,
)
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.policy_rules import (
    PREFERENCE,
    Network,
    RoutingRule,
    RoutingRuleAction,
)
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family


def main_without_defaults(family: Family) -> RoutingRule:
    """The first of our rules. `wg-quick down` deletes every rule that reads "from all lookup main
    suppress_prefixlength 0"; with a mark that no packet has, this one reads otherwise."""
    return RoutingRule(
        family,
        PREFERENCE,
        MAIN_TABLE,
        mark=UNUSED_MARK,
        inverted=True,
        suppress_prefixlength=0,
    )


def desired_rules(
    family: Family, healths: Sequence[UplinkHealth], tables: UplinkTables, *, selected: bool
) -> tuple[RoutingRule, ...]:
    """The rules of `family` in the order that the kernel must have them in; none where the routes
    stand in main. `selected`: a first selection has been made."""
    if not tables.placement.own:
        return ()
    rules = [main_without_defaults(family)]
    small = [(health, tables.small(health.uplink.name)) for health in healths]
    for health, table in small:
        if table is not None:
            interface = health.link.own_name
            rules.append(RoutingRule(family, PREFERENCE, table, out_interface=interface))
    if tables.placement.source_rules:
        several = _of_several(healths)
        for health, table in small:
            sources = (s for s in _sources(family, health) if s not in several)
            if table is not None:
                rules += (RoutingRule(family, PREFERENCE, table, source=s) for s in sources)
    if selected:
        rules.append(RoutingRule(family, PREFERENCE, tables.placement.table))
    return tuple(dict.fromkeys(rules))


def _of_several(healths: Iterable[UplinkHealth]) -> frozenset[Network]:
    """Addresses that several uplinks have, as two modems of one kind may: they tell no way."""
    counted: Counter[Network] = Counter()
    for interface in {h.uplink.interface: h for h in healths}.values():
        counted.update(_sources(interface.uplink.family, interface))
    return frozenset(network for network, count in counted.items() if count > 1)


def _sources(family: Family, health: UplinkHealth) -> Iterator[Network]:
    for address in sorted(health.link.addresses, key=lambda a: (a.version, int(a))):
        if address.version == family.value and not address.is_link_local:
            yield ip_network(address)


def rule_actions(
    plan: Plan, routes: Iterable[Route], rules: Iterable[RoutingRule]
) -> tuple[RoutingRuleAction, ...]:
    """What to do about the rules of `plan`, where `routes` and `rules` were just read.

    A rule is added only after the routes that it leads to were seen. Nothing is done while the
    route of the active uplink should be there, and was not seen; but where the rule about main is
    missing, that comes first: the neighbours are lost, and IPv6 routes are refused.
    """
    routes = tuple(routes)
    seen = [rule for rule in rules if rule.family is plan.family and rule.ours]
    if plan.awaits_active and plan.active not in routes and not lacks_main(seen):
        return ()
    wanted = [r for r in plan.rules if r in seen or _leads_somewhere(r, plan, routes)]
    if plan.active is None and not plan.selected:
        # What an engine before this one has led to its table stays there until the selection.
        led = [RoutingRule(r.family, PREFERENCE, r.table) for r in seen if leads_all(r)]
        if led and not plan.own:
            return ()
        wanted += led[:1]
    actions = rule_changes(wanted, seen)
    if any(action.rule in plan.undeletable for action in actions):
        return ()
    return actions


def _leads_somewhere(rule: RoutingRule, plan: Plan, routes: Sequence[Route]) -> bool:
    """Whether all that the kernel can hold is there in the table of `rule`."""
    if rule.table == MAIN_TABLE:
        return True
    wanted = [w for w in plan.routes if w.route.table == rule.table and w.possible]
    if leads_all(rule):
        carrying = (plan.active, *plan.beside)
        wanted = [w for w in wanted if w.route in carrying or not w.route.leads_on]
    return all(w.route in routes for w in wanted)
