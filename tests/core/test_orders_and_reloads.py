"""An operator's order, a new policy, and a restart."""

from ipaddress import ip_address
from math import inf

from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family
from support.world import World, policy, uplink

A, B, C = (uplink(name, number) for number, name in enumerate("abc"))


def ordered(name: str) -> World:
    world = World(policy(A, B, C)).run(120.0)
    world.tell(Switch(world.now, name, inf))
    assert world.active() == name
    return world


def test_an_order_goes_on_while_its_uplink_is_in_the_policy() -> None:
    world = ordered("b")
    world.reload(policy(A, B))
    world.run(240.0)
    assert world.active() == "b"


def test_an_order_ends_with_its_uplink() -> None:
    world = ordered("c")
    world.reload(policy(A, B))
    world.run(240.0)
    assert world.active() == "a"
    world.reload(policy(A, B, C))
    world.run(480.0)
    assert world.active() == "a"


def kept(world: World, name: str, *, force: bool = False) -> Switch:
    """The order as it is given again after a restart."""
    return Switch(world.now, name, inf, force, kept_in=frozenset({Family.IPV4}))


def test_an_order_that_is_kept_over_a_restart_moves_nothing_and_holds_on() -> None:
    world = ordered("b")
    world.restart()
    world.tell(kept(world, "b"))
    (status,) = world.engine.status(world.now).families
    assert status.override == Override("b", inf)
    world.run(600.0)
    assert [d.selected for d in world.decisions()] == ["a", "b", "b"]
    world.tell(Release(world.now, "b"))
    world.run(610.0)
    assert world.active() == "a"


def test_a_kept_order_does_not_replace_one_that_was_given_since_the_restart() -> None:
    world = ordered("b")
    world.restart()
    world.switch("c", force=True)
    world.tell(kept(world, "b"))
    (status,) = world.engine.status(world.now).families
    assert status.override is not None
    assert status.override.uplink == "c"


def test_a_kept_order_for_an_uplink_that_has_failed_waits_until_it_is_healthy() -> None:
    world = ordered("b")
    world.cut("b")
    world.run(240.0)
    assert world.active() == "a"
    world.restart()
    world.tell(kept(world, "b"))
    world.run(300.0)
    assert world.active() == "a"
    world.mend("b")
    world.run(600.0)
    assert (world.active(), world.decisions()[-1].cause) == ("b", Cause.OPERATOR)


def test_a_kept_order_takes_no_traffic_to_an_uplink_of_which_nothing_is_known() -> None:
    foreign = Route(Family.IPV4, "lan0", ip_address("203.0.113.254"), 500, protocol=16)
    for force, first in ((False, "a"), (True, "b")):
        world = World(policy(A, B), found=[foreign])
        world.cut("b")
        world.tell(kept(world, "b", force=force))
        world.run(30.0)
        assert [d.selected for d in world.decisions()] == [first]


def test_a_kept_order_counts_in_the_families_that_took_it() -> None:
    both = [uplink("a", 0), uplink("b", 1), uplink("a", 0, version=6), uplink("b", 1, version=6)]
    world = World(policy(*both)).run(120.0)
    world.restart()
    world.tell(kept(world, "b"))
    world.run(400.0)
    assert (world.active(Family.IPV4), world.active(Family.IPV6)) == ("b", "a")


def test_a_kept_order_for_an_uplink_that_is_gone_is_told_and_does_nothing() -> None:
    world = World(policy(A, B)).run(10.0)
    world.tell(kept(world, "c"))
    assert world.notices()[-1] == "there is no uplink c"
