"""An operator's order, and a new policy."""

from math import inf

from route_switcher.core.vocabulary.events import Switch
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
