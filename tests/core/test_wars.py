"""Somebody takes away every second what is ours, or puts a better route there: what is told."""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.core.routing.conflicts import Conflicts
from route_switcher.core.routing.reconcile import Reconciled
from route_switcher.core.vocabulary.outputs import (
    Notice,
    Output,
    RouteLost,
    RoutingRuleLost,
)
from route_switcher.core.vocabulary.policy import Placement
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family
from support.standing import standing_route
from support.world import World, policy, uplink

PRIMARY = standing_route(uplink("primary", 0))
BETTER = Route(Family.IPV4, "eth1", ip_address("198.51.100.2"), 5, protocol=16)
TURNS = 300


def at_work(table: int | None = None) -> World:
    """A world in which the primary has been active for a while."""
    rules = policy()
    if table is not None:
        rules = replace(rules, placement=Placement(table))
    return World(rules).run(5)


def told(world: World, since: int) -> list[Output]:
    """What the log has of it above level debug."""
    outputs = world.outputs[since:]
    lost = [o for o in outputs if isinstance(o, RouteLost | RoutingRuleLost) and not o.again]
    return [*lost, *(o for o in outputs if isinstance(o, Notice))]


def war(world: World, turn: Callable[[], None], turns: int = TURNS) -> list[Output]:
    since = len(world.outputs)
    for _ in range(turns):
        turn()
        world.see_routes()
        world.run(world.now + 1)
    return told(world, since)


def test_a_route_that_is_deleted_every_second_is_put_back_and_told_now_and_then() -> None:
    world = at_work()

    def turn() -> None:
        assert PRIMARY in world.table
        world.table.take_away(PRIMARY)

    said = war(world, turn)
    assert PRIMARY in world.table
    losses = [o for o in said if isinstance(o, RouteLost)]
    notices = [o.text for o in said if isinstance(o, Notice)]
    assert len(losses) == 1
    assert len(notices) == 1 + 2, "and after a minute, and after two more"
    assert all("taken away by somebody else again and again" in text for text in notices)
    assert "2 times in 1 s" in notices[0]


def test_all_routes_and_all_rules_are_told_of_in_one_line_each() -> None:
    world = at_work(115)

    def turn() -> None:
        for route in [r for r in world.table if r.ours]:
            world.table.take_away(route)
        for rule in world.table.rules.ours:
            world.table.rules.take_away(rule)

    said = war(world, turn, turns=50)
    notices = [o.text for o in said if isinstance(o, Notice)]
    assert sorted(text.partition(" ")[0] for text in notices) == ["routes", "rules"]
    assert len({o.route for o in said if isinstance(o, RouteLost)}) == 4
    assert len(said) == 2 + 4 + len(world.table.rules.ours)


def test_when_it_is_over_a_loss_is_told_as_before() -> None:
    world = at_work()
    war(world, lambda: world.table.take_away(PRIMARY), turns=5)
    world.run(world.now + 61)
    (one,) = war(world, lambda: world.table.take_away(PRIMARY), turns=1)
    assert isinstance(one, RouteLost)
    assert not one.again


def test_a_better_route_that_comes_and_goes_is_told_as_that_and_so_is_its_end() -> None:
    world = at_work()
    since = len(world.outputs)

    def turn() -> None:
        (world.table.take_away if BETTER in world.table else world.table.put)(BETTER)

    said = [o.text for o in war(world, turn, turns=20) if isinstance(o, Notice)]
    assert [("again and again" in text, "in the way" in text) for text in said] == [
        (False, True),
        (False, False),
        (True, True),
    ]
    world.run(world.now + 61)
    (end,) = [o.text for o in told(world, since + 0) if isinstance(o, Notice)][3:]
    assert end.startswith("foreign route out of the way")


@pytest.mark.parametrize("turns", [1, 2])
def test_only_what_puts_back_is_quiet(turns: int) -> None:
    """A failover in the middle of it is told like any other."""
    world = at_work()
    war(world, lambda: world.table.take_away(PRIMARY), turns=turns)
    back = Reconciled((RouteAction(Change.ADD, PRIMARY, "is active"),), ())
    move = replace(back, done=(*back.done, RouteAction(Change.DELETE, PRIMARY, "it failed")))
    engine = world.engine
    assert engine.only_puts_back(world.now, back) == (turns > 1)
    assert not engine.only_puts_back(world.now, move)
    assert not engine.only_puts_back(world.now + 61, back)


def test_many_conflicts_are_not_compared_each_with_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands would keep everything else waiting for seconds."""
    compared = 0
    equal = Route.__eq__

    def counting(self: Route, other: object) -> bool:
        nonlocal compared
        compared += 1
        return equal(self, other)

    theirs = [Route(Family.IPV4, "eth1", BETTER.gateway, m, protocol=16) for m in range(200)]
    uplinks = [replace(each, metric=1000) for each in policy().uplinks]
    found = Conflicts()
    monkeypatch.setattr(Route, "__eq__", counting)
    assert len(found.news(1.0, uplinks, theirs, None)) == len(theirs)
    assert found.news(2.0, uplinks, theirs, None) == []
    assert len(found.news(3.0, uplinks, [], None)) == len(theirs)
    assert compared < 10 * len(theirs)
