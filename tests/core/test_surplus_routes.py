"""Many routes that somebody adds as ours: they are deleted bit by bit, and no move waits."""

from collections import Counter
from ipaddress import ip_address

import pytest

from route_switcher.core.routing.ownership import LONGEST_REMOVAL_PAUSE, Ownership
from route_switcher.core.vocabulary.effects import Reconcile
from route_switcher.core.vocabulary.events import Applied
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.routes import Change, Route
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
    assert ownership.see(0.0, STRANGER, {}) == [Reconcile(0.0)]
    assert ownership.on_time(took) == [Reconcile(took)]  # asked for already
    ownership.on_applied(Applied(took, (), unfinished=True), {})
    assert ownership.restore_at == pytest.approx(took + pause)
    assert ownership.on_time(took + pause / 2) == []


def test_what_was_taken_away_is_put_back_though_many_are_still_to_be_deleted() -> None:
    ownership = Ownership()
    ownership.begin(STRANGER[:1], ())
    ownership.see(0.0, STRANGER, {})
    ownership.on_applied(Applied(1.0, (), unfinished=True), {})
    assert Reconcile(1.5) in ownership.see(1.5, STRANGER[1:], {})


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
