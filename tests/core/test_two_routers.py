"""An interface that is told of two routers: one is used, and the other when that one is dead."""

from dataclasses import replace

from route_switcher.core.vocabulary.events import NextHops
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.uplinks import GatewayMode, UplinkId
from route_switcher.virtual.internet import Fate
from support.next_hops import NOTHING, told
from support.world import World, policy, uplink

A = replace(uplink("a", 0), gateway=GatewayMode.AUTO)
B = uplink("b", 1)
ONE, TWO = "198.51.100.1", "198.51.100.2"


class Routers(World):
    """A world in which routers die, not lines."""

    dead: frozenset[str] = frozenset()

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        hop = self.status().health(uplink).next_hop
        assert hop is not None
        return None if str(hop.gateway) in self.dead else super().answer(uplink, probe, target, 0)


def routers(*others: bool) -> Routers:
    world = Routers(policy(A, *([B] if others else [])), next_hops=NOTHING)
    world.tell(NextHops(world.now, (told(0, ONE, 5), told(0, TWO, 6))))
    world.run(100)
    assert world.active() == "a"
    return world


def gateway(world: World) -> str:
    hop = world.status().health(A.id).next_hop
    assert hop is not None
    return str(hop.gateway)


def test_traffic_moves_at_once_and_then_the_other_router_is_tried() -> None:
    world = routers(True)
    world.dead = frozenset({ONE})
    world.run(104)
    at, left, taken = world.switches()[-1]
    assert (left, taken) == ("a", "b")
    assert at <= 104.2
    assert gateway(world) == TWO
    world.run(163)
    assert world.active() == "b"
    world.run(166)
    assert world.active() == "a"
    assert world.notices()[-1] == (
        "a: nothing answers by 198.51.100.1: trying 198.51.100.2 (table main, protocol dhcp)"
    )
    world.dead = frozenset()
    world.run(300)
    assert gateway(world) == TWO


def test_without_another_uplink_that_answers_it_is_tried_at_once() -> None:
    world = routers()
    world.dead = frozenset({ONE})
    world.run(105)
    assert gateway(world) == TWO
    assert "via 198.51.100.2" in str(world.best())
    assert world.switches() == []


def test_a_dead_line_is_not_changed_all_the_time_and_says_so_once() -> None:
    world = routers(True)
    world.dead = frozenset({ONE, TWO})
    world.run(1000)
    tried = [text for text in world.notices() if "trying" in text]
    assert len(tried) == 1
    changed = {str(action.route.gateway) for at, action in world.actions if at > 110}
    assert changed == {ONE, TWO}
    assert len([at for at, _ in world.actions if at > 200]) <= 2 * 800 / 60 + 2
    world.dead = frozenset({TWO})
    world.run(1200)
    assert world.active() == "a"


def test_the_one_in_use_is_kept_while_the_uplink_works() -> None:
    world = routers(True)
    done = len(world.actions)
    world.tell(NextHops(world.now, (told(0, ONE, 9), told(0, TWO, 1))))
    world.run(200)
    assert gateway(world) == ONE
    assert len(world.actions) == done


def test_the_one_in_use_goes_and_the_other_takes_over_at_once() -> None:
    world = routers(True)
    world.tell(NextHops(world.now, (told(0, TWO, 6),)))
    assert gateway(world) == TWO
    moves = len(world.switches())
    world.run(200)
    assert len(world.switches()) == moves
