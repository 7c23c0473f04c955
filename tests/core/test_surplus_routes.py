"""Many routes that somebody adds as ours: they are deleted bit by bit, and no move waits."""

from collections import Counter
from dataclasses import replace
from ipaddress import ip_address, ip_network

import pytest

from route_switcher.core.engine import Engine
from route_switcher.core.routing.ownership import (
    LONGEST_REMOVAL_PAUSE,
    REMOVAL_PAUSE,
    RESTORATIONS,
    Ownership,
)
from route_switcher.core.routing.plan import Plan
from route_switcher.core.vocabulary.effects import Reconcile
from route_switcher.core.vocabulary.events import Applied, Refused, Routes, Tick
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import Placement, Policy
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction, RouteKind
from route_switcher.core.vocabulary.uplinks import Family
from support.standing import standing_route
from support.world import World, policy

MANY = 400


def surplus(interface: str, gateway: str, first: int = 3000) -> list[Route]:
    """Routes with our protocol number, at metrics where none of ours stands."""
    hop = ip_address(gateway)
    return [Route(Family.IPV4, interface, hop, first + number) for number in range(MANY)]


STRANGER = surplus("lan0", "198.51.100.99")
OF_AN_UPLINK = surplus("eth1", "198.51.100.99")


def no_plans() -> tuple[Plan, ...]:
    return ()


def deletions(world: World) -> Counter[float]:
    return Counter(at for at, action in world.actions if action.change is Change.DELETE)


def decisions(world: World) -> list[Decision]:
    return [output for output in world.outputs if isinstance(output, Decision)]


@pytest.mark.parametrize("extra", [STRANGER, OF_AN_UPLINK], ids=["stranger", "uplink"])
@pytest.mark.parametrize("at_start", [True, False])
def test_they_are_deleted_bit_by_bit_and_all_of_them(extra: list[Route], at_start: bool) -> None:
    world = World(policy(), found=extra if at_start else ())
    world.run(5)
    if not at_start:
        world.table.put(*extra)
        world.see_routes()
    world.run(60)
    assert {route for route in world.table.routes if route.ours} == {
        standing_route(uplink) for uplink in world.policy.uplinks
    }
    assert sum(deletions(world).values()) >= MANY
    assert max(deletions(world).values()) < MANY / 2  # one event may lead to several reconciles


@pytest.mark.parametrize(("took", "pause"), [(0.0, 0.1), (1.0, 3.0), (60.0, LONGEST_REMOVAL_PAUSE)])
def test_where_it_takes_long_all_else_has_its_turn_before_more_are_deleted(
    took: float, pause: float
) -> None:
    ownership = Ownership()
    assert ownership.see(0.0, STRANGER, {}, no_plans) == [Reconcile(0.0)]
    assert ownership.on_time(took) == [Reconcile(took)]  # asked for already
    ownership.on_applied(Applied(took, (), unfinished=True), {})
    assert ownership.restore_at == pytest.approx(took + pause)
    assert ownership.on_time(took + pause / 2) == []


def test_what_was_taken_away_is_put_back_though_many_are_still_to_be_deleted() -> None:
    ownership = Ownership()
    ownership.begin(STRANGER[:1], ())
    ownership.see(0.0, STRANGER, {}, no_plans)
    ownership.on_applied(Applied(1.0, (), unfinished=True), {})
    assert Reconcile(1.5) in ownership.see(1.5, STRANGER[1:], {}, no_plans)


@pytest.mark.parametrize("extra", [STRANGER, OF_AN_UPLINK], ids=["stranger", "uplink"])
def test_a_failover_does_not_wait_for_them(extra: list[Route]) -> None:
    alone, beside = World(policy()), World(policy())
    for world in (alone, beside):
        world.run(5)
        world.cut("primary")
    alone.run(10)
    while beside.now < 10:
        beside.table.put(*extra)
        beside.see_routes()
        beside.run(beside.now + 0.5)
    assert decisions(beside) == decisions(alone)
    (_, moved) = decisions(beside)
    deleted = [a.route for t, a in beside.actions if t == moved.at and a.change is Change.DELETE]
    assert deleted[0] == standing_route(beside.policy.uplinks[0])


class Slow:
    """An engine that was told of many routes as ours at second 5, while all is well. It took until
    second 7 to delete some of them, so that it pauses until second 12."""

    def __init__(self, rules: Policy | None = None) -> None:
        self.world = World(policy() if rules is None else rules).run(5)
        self.engine: Engine = self.world.engine
        assert Reconcile(5.0) in self.see(5.0)
        self.finish(7.0)
        assert self.engine._ownership.restore_at == 7.0 + LONGEST_REMOVAL_PAUSE
        assert self.see(7.0, left=STRANGER[1:]) == ()

    def see(
        self, at: float, *others: Route, left: list[Route] = STRANGER[1:]
    ) -> tuple[Output, ...]:
        """Tell it what there is."""
        left = STRANGER if at == 5.0 else left
        return self.engine.handle(Routes(at, (*self.world.table.routes, *left, *others)))

    def finish(self, at: float) -> None:
        self.engine.handle(Applied(at, (), unfinished=True))


OWN_TABLE = replace(policy(), placement=Placement(115))
AT_A_BETTER_METRIC = replace(STRANGER[0], metric=3)
DEAD_END = Route(Family.IPV4, "", None, 3, kind=RouteKind.UNREACHABLE)
BY_THE_ACTIVE_WAY = replace(standing_route(policy().uplinks[0]), metric=3)


@pytest.mark.parametrize(
    ("rules", "route"),
    [
        (None, AT_A_BETTER_METRIC),
        (None, replace(STRANGER[0], metric=10)),
        (None, replace(OF_AN_UPLINK[0], metric=3)),
        (None, DEAD_END),
        (None, replace(STRANGER[0], destination=ip_network("128.0.0.0/1"))),
        (OWN_TABLE, replace(AT_A_BETTER_METRIC, table=115)),
        (OWN_TABLE, replace(AT_A_BETTER_METRIC, table=116)),
    ],
    ids=["better", "the same", "uplink", "dead end", "longer", "own table", "small table"],
)
def test_a_route_that_leads_traffic_astray_does_not_wait_for_the_end_of_the_pause(
    rules: Policy | None, route: Route
) -> None:
    slow = Slow(rules)
    assert Reconcile(8.0) in slow.see(8.0, route)


@pytest.mark.parametrize(
    ("rules", "route"),
    [
        (None, replace(STRANGER[0], metric=11)),
        (None, BY_THE_ACTIVE_WAY),
        (None, replace(AT_A_BETTER_METRIC, table=77)),
        (OWN_TABLE, AT_A_BETTER_METRIC),
    ],
    ids=["worse", "the active way", "a table where nothing leads", "behind the own table"],
)
def test_one_that_leads_no_traffic_astray_waits(rules: Policy | None, route: Route) -> None:
    slow = Slow(rules)
    assert slow.see(8.0, route) == ()
    assert slow.engine._ownership.restore_at == 7.0 + LONGEST_REMOVAL_PAUSE


def test_one_that_the_kernel_does_not_delete_hurries_nothing() -> None:
    slow = Slow()
    action = RouteAction(Change.DELETE, AT_A_BETTER_METRIC, "nobody asked for it")
    slow.see(8.0, AT_A_BETTER_METRIC)
    slow.finish(10.0)
    assert slow.see(10.0, AT_A_BETTER_METRIC) == ()
    slow.engine.handle(Refused(10.0, action, "refused"))
    assert slow.see(11.0, AT_A_BETTER_METRIC, left=STRANGER[2:]) == ()


def test_also_then_others_have_their_turn_first() -> None:
    slow = Slow()
    slow.see(8.0, AT_A_BETTER_METRIC)
    slow.finish(10.0)
    assert slow.see(10.0, AT_A_BETTER_METRIC, left=STRANGER[2:]) == ()
    assert slow.engine.deadline() <= slow.engine._ownership.restore_at == 10.0 + REMOVAL_PAUSE
    assert Reconcile(10.125) in slow.engine.handle(Tick(10.125))


def test_who_adds_such_routes_without_end_does_not_keep_the_engine_busy() -> None:
    slow = Slow()
    asked = 0
    for number in range(100):
        at = 8.0 + number / 256
        route = replace(AT_A_BETTER_METRIC, gateway=ip_address(f"198.51.100.{number}"))
        if Reconcile(at) in slow.see(at, route):
            asked += 1
            slow.finish(at)
    assert asked <= RESTORATIONS
