"""Reconcile on the model of the kernel: every prefix of what it does leaves a default route.

`tests/kernel` holds the model against the real kernel.
"""

from collections.abc import Generator, Iterable
from ipaddress import ip_address

import trio
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.routing.diff import additions, deletions
from route_switcher.core.routing.plan import Plan, Standing, make_plan
from route_switcher.core.routing.reconcile import Reconciled, Reply, Request, reconcile
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy_rules import RoutingRule, RoutingRuleAction
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.daemon.carry_out import carry_out
from support.model_kernel import ModelKernel
from support.standing import standing, standing_route


class Watched:
    """A table that keeps what the kernel had after every single action."""

    def __init__(self, kernel: ModelKernel) -> None:
        self.kernel = kernel
        self.moments: list[tuple[Route, ...]] = []

    async def default_routes(self, *, ours_only: bool = False) -> tuple[Route, ...]:
        return await self.kernel.default_routes(ours_only=ours_only)

    async def apply(self, action: RouteAction) -> str | None:
        refused = await self.kernel.apply(action)
        self.moments.append(await self.kernel.default_routes())
        return refused

    async def our_rules(self) -> tuple[RoutingRule, ...]:
        return await self.kernel.our_rules()

    async def apply_rule(self, action: RoutingRuleAction) -> str | None:
        return await self.kernel.apply_rule(action)


def uplinks(family: Family, count: int) -> list[Uplink]:
    net = "198.51.100.{}" if family is Family.IPV4 else "2001:db8::{}"
    return [
        Uplink(f"uplink{n}", f"eth{n}", ip_address(net.format(n)), 10 * n, family)
        for n in range(1, count + 1)
    ]


def run(kernel: ModelKernel, plans: Iterable[Plan]) -> tuple[Watched, Reconciled]:
    table = Watched(kernel)
    told: list[Reconciled] = []

    def steps() -> Generator[Request | Reconciled, Reply, None]:
        yield (yield from reconcile(plans))

    async def tell(result: Reconciled) -> None:
        told.append(result)

    trio.run(carry_out, steps(), table, tell)
    return table, told[0]


def routes(kernel: ModelKernel) -> set[Route]:
    return set(trio.run(kernel.default_routes))


def plan(lines: list[Uplink], active: Uplink | None, failed: Iterable[Uplink] = ()) -> Plan:
    failed = tuple(failed)
    standings = [
        standing(u, UplinkState.FAILED if u in failed else UplinkState.HEALTHY, True) for u in lines
    ]
    return make_plan(lines[0].family, standings, standing(active) if active else None, frozenset())


families = st.sampled_from(list(Family))
states = st.sampled_from(list(UplinkState))


@st.composite
def situations(draw: st.DrawFn) -> tuple[Family, list[Standing], Uplink | None, list[Route]]:
    """Uplinks in any health, one of them active or none, and any table."""
    family = draw(families)
    lines = uplinks(family, draw(st.integers(1, 4)))
    standings = [standing(u, draw(states), draw(st.booleans())) for u in lines]
    active = draw(st.sampled_from([*lines, None]))
    ours = [standing_route(u, d) for u in lines for d in (0, 1, 2)]
    other = ip_address("198.51.100.99" if family is Family.IPV4 else "2001:db8::99")
    old_gateway = [Route(family, u.interface, other, u.metric) for u in lines]
    foreign = [Route(family, "lan0", other, metric, protocol=16) for metric in (100, 1010, 1020)]
    found = draw(
        st.lists(st.sampled_from(ours + old_gateway + foreign), unique_by=lambda r: r.metric)
    )
    return family, standings, active, found


@settings(max_examples=500, deadline=None)
@given(situations())
def test_no_prefix_of_the_actions_leaves_the_kernel_without_the_default_it_had(
    situation: tuple[Family, list[Standing], Uplink | None, list[Route]],
) -> None:
    family, standings, active, found = situation
    wanted = make_plan(family, standings, standing(active) if active else None, frozenset())
    links = [LinkState(s.uplink.interface) for s in standings]
    kernel = ModelKernel([*links, LinkState("lan0")], found)
    table, result = run(kernel, [wanted])
    assert all(table.moments) or not found
    foreign = {r for r in found if not r.ours}
    assert {r for r in routes(kernel) if not r.ours} == foreign
    for moment in table.moments:
        assert foreign <= set(moment)
    # What was not refused is as planned: nothing of ours is left that the plan does not want.
    ours = {r for r in routes(kernel) if r.ours}
    refused = {action.route for action, _ in result.refused}
    possible = {w.route for w in wanted.routes if w.possible} - refused
    assert possible <= ours
    if wanted.active in ours:
        instead = {w.route.interface: w.route for w in wanted.routes}
        for left in ours - {w.route for w in wanted.routes}:
            # The uplink has no other route, and this one is in nobody's way.
            assert instead[left.interface] not in ours
            assert left.metric > wanted.active.metric
    # And again: nothing more to do.
    assert run(kernel, [wanted])[1].done == ()


@settings(max_examples=200, deadline=None)
@given(families, st.integers(2, 4), st.data())
def test_the_best_route_goes_from_the_old_uplink_to_the_new_without_a_detour(
    family: Family, count: int, data: st.DataObject
) -> None:
    lines = uplinks(family, count)
    old, new = data.draw(st.sampled_from(lines)), data.draw(st.sampled_from(lines))
    kernel = ModelKernel([LinkState(u.interface) for u in lines])
    run(kernel, [plan(lines, old, data.draw(st.sets(st.sampled_from(lines))))])
    table, _ = run(kernel, [plan(lines, new, data.draw(st.sets(st.sampled_from(lines))))])
    best = [min(m, key=lambda r: r.metric).interface for m in table.moments]
    assert set(best) <= {old.interface, new.interface}
    assert best == sorted(best, key=lambda i: i == new.interface)


def test_a_switch_with_a_healthy_standby_is_one_message() -> None:
    lines = uplinks(Family.IPV4, 2)
    kernel = ModelKernel([LinkState(u.interface) for u in lines])
    run(kernel, [plan(lines, lines[0])])
    _, result = run(kernel, [plan(lines, lines[1], [lines[0]])])
    assert [(a.change, a.route.metric) for a in result.done] == [
        (Change.ADD, 1010),
        (Change.DELETE, 10),
    ]


def test_nothing_is_deleted_where_the_active_route_was_refused() -> None:
    lines = uplinks(Family.IPV4, 2)
    kernel = ModelKernel([LinkState(u.interface) for u in lines])
    run(kernel, [plan(lines, lines[0], [lines[1]])])
    before = routes(kernel)
    holder = Route(Family.IPV4, "lan0", ip_address("198.51.100.99"), 20, protocol=16)
    kernel.foreign_add(holder)
    _, result = run(kernel, [plan(lines, lines[1], [lines[0]])])
    assert [action.route.metric for action, _ in result.refused] == [20]
    assert before <= routes(kernel)


def test_nothing_is_deleted_while_the_active_uplink_cannot_hold_its_route() -> None:
    first, second = uplinks(Family.IPV4, 2)
    standings = [
        standing(first, UplinkState.FAILED, True),
        standing(second, UplinkState.HEALTHY, routable=False),
    ]
    wanted = make_plan(Family.IPV4, standings, standing(second), frozenset())
    seen = [standing_route(first)]
    added = additions(wanted, seen)
    assert [(a.change, a.route) for a in added] == [(Change.ADD, standing_route(first, 1))]
    assert deletions(wanted, seen) == ()


def test_before_the_first_selection_nothing_is_deleted() -> None:
    lines = uplinks(Family.IPV4, 2)
    stale = Route(Family.IPV4, "eth9", ip_address("198.51.100.99"), 7)
    assert [a.change for a in additions(plan(lines, None), [stale])] == [Change.ADD, Change.ADD]
    assert deletions(plan(lines, None), [stale]) == ()


def test_a_stale_route_goes_once_an_uplink_is_active() -> None:
    lines = uplinks(Family.IPV4, 2)
    stale = Route(Family.IPV4, "eth9", ip_address("198.51.100.99"), 7)
    seen = [stale, standing_route(lines[0]), standing_route(lines[1])]
    (last,) = deletions(plan(lines, lines[0]), seen)
    assert (last.change, last.route) == (Change.DELETE, stale)
    assert last.reason == "no uplink of the policy goes by it now"


def test_of_our_two_routes_with_one_metric_the_right_one_is_deleted() -> None:
    lines = uplinks(Family.IPV4, 1)
    old = Route(Family.IPV4, "eth1", ip_address("198.51.100.99"), 10)
    kernel = ModelKernel([LinkState("eth1")], [old])
    _, result = run(kernel, [plan(lines, lines[0])])
    assert [a.change for a in result.done] == [Change.APPEND, Change.DELETE]
    assert routes(kernel) == {standing_route(lines[0])}
