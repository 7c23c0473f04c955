"""Do default routes of others stand where the kernel takes them before, or instead of, ours?"""

from collections.abc import Iterator

from route_switcher.core.routing.conflicts import conflicts
from route_switcher.core.routing.remedies import route_deletion
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.policy import MAIN_TABLE, Policy
from route_switcher.core.vocabulary.routes import Route, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.doctor.check import Check
from route_switcher.doctor.finding import Fault, Finding, Verdict, passed
from route_switcher.doctor.lines import best_default
from route_switcher.doctor.machine import Machine

_NAME = "foreign-route"
_OUR_KEY = Fault(_NAME, "our-key", Verdict.FAIL)
_OBJECT = Fault(_NAME, "nexthop-object", Verdict.FAIL)
_DEAD_END = Fault(_NAME, "dead-end", Verdict.FAIL)
_BEFORE = Fault(_NAME, "before-ours", Verdict.FAIL)
_OUR_TABLE = Fault(_NAME, "in-our-table", Verdict.WARN)
_DEAD_END_IN_MAIN = Fault(_NAME, "dead-end-in-main", Verdict.FAIL)
_DEAD_END_NEXT = Fault(_NAME, "dead-end-next", Verdict.WARN)

_DEAD_ENDS = frozenset((RouteKind.BLACKHOLE, RouteKind.UNREACHABLE, RouteKind.PROHIBIT))


def _judge(machine: Machine, policy: Policy) -> Iterator[Finding]:
    table = policy.placement.table
    for family in policy.families:
        uplinks = policy.uplinks_of(family)
        keys = {uplink.metric for uplink in uplinks}
        of_family = [r for r in machine.network.routes if r.family is family]
        in_table = [route for route in of_family if route.table == table]
        found = [_conflict(family, route, keys) for route in conflicts(uplinks, in_table)]
        if policy.placement.own:
            found += _in_small_tables(policy, family, of_family)
            found += _dead_ends(machine, policy, family)
        yield from found
        if not found:
            yield passed(_NAME, str(family), "no foreign route comes before ours")


def _conflict(family: Family, route: Route, keys: set[int]) -> Finding:
    if route.kind in _DEAD_ENDS:
        fault, text = _DEAD_END, f"'{route.with_protocol}' stops traffic or probes"
    elif route.metric in keys:
        fault = _OUR_KEY
        text = f"'{route.with_protocol}' has a metric of ours, so ours is refused"
    elif route.nexthop:
        fault = _OBJECT
        text = f"'{route.with_protocol}' (nexthop object {route.nexthop}) comes before ours"
    else:
        fault, text = _BEFORE, f"'{route.with_protocol}' comes before ours"
    if route.table == MAIN_TABLE:
        text += (
            "; the program that wrote it may write it again: then set a larger metric there, or"
            " `table: own`"
        )
    return fault.found(str(family), text, route_deletion(route))


def _in_small_tables(policy: Policy, family: Family, routes: list[Route]) -> Iterator[Finding]:
    small = UplinkTables.of(policy).all - {policy.placement.table}
    for route in routes:
        if route.table in small and not route.ours:
            text = f"'{route.with_protocol}' stands in the table of one of our uplinks"
            yield _OUR_TABLE.found(str(family), text, route_deletion(route))


def _dead_ends(machine: Machine, policy: Policy, family: Family) -> Iterator[Finding]:
    """Our rule that looks in main without its default routes does not leave these out: only those
    that have a next hop (fib_rules.c, suppress)."""
    ends = [
        route
        for route in machine.network.routes
        if route.family is family and route.table == MAIN_TABLE and route.kind in _DEAD_ENDS
    ]
    best = best_default(machine.network, family, MAIN_TABLE)
    for route in ends:
        if best is not None and best.metric < route.metric:
            text = f"'{route.with_protocol}' ends all traffic once '{best}' is gone from main"
            yield _DEAD_END_NEXT.found(str(family), text, route_deletion(route))
        else:
            text = f"'{route.with_protocol}' ends all traffic before it comes to our table"
            yield _DEAD_END_IN_MAIN.found(str(family), text, route_deletion(route))


CHECK = Check(
    _NAME,
    _judge,
    (_OUR_KEY, _OBJECT, _DEAD_END, _BEFORE, _OUR_TABLE, _DEAD_END_IN_MAIN, _DEAD_END_NEXT),
)
