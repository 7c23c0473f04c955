"""A failed uplink is asked at once when something leads through it again."""

from dataclasses import replace

import pytest

from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from support.keys import v4
from support.standing import standing_route
from support.world import World, policy, uplink

A, B = uplink("a", 0), uplink("b", 1)


def rarely_asked_while_down() -> Policy:
    one = policy(A, B, carrier=False)
    return replace(one, probes=(replace(one.probes[0], down_interval=300.0),))


LOST = [
    LinkState("eth0", carrier=False),
    LinkState("eth0", up=False, carrier=False),
    LinkState("eth0", present=False, up=False, carrier=False),
]


@pytest.mark.parametrize("lost", LOST, ids=["carrier", "down", "missing"])
def test_a_link_that_is_back_is_asked_at_once_however_rare_rounds_are(lost: LinkState) -> None:
    world = World(rarely_asked_while_down()).run(10.5)
    world.set_links(lost)
    world.run(400)
    world.set_links(LinkState("eth0"))
    world.run(400.5)
    assert world.status().health(v4("a")).state is UplinkState.RECOVERING
    world.run(465)
    assert world.active() == "a"


def test_an_address_that_is_back_is_asked_at_once() -> None:
    world = World(rarely_asked_while_down()).run(10.5)
    world.set_links(LinkState("eth0", families=frozenset({Family.IPV6})))
    world.run(400)
    assert world.status().health(v4("a")).state is UplinkState.FAILED
    world.set_links(LinkState("eth0"))
    world.run(400.5)
    assert world.status().health(v4("a")).state is UplinkState.RECOVERING


def test_a_route_that_is_no_longer_refused_is_asked_at_once() -> None:
    world = World(rarely_asked_while_down()).run(10.5)
    world.refusing = lambda action: "no" if action.route.interface == "eth0" else None
    world.take_away(standing_route(A))
    world.run(400)
    assert world.status().health(v4("a")).state is UplinkState.FAILED
    world.refusing = lambda _: None
    world.link("a", carrier=False)
    world.link("a")
    world.run(400.5)
    assert world.status().health(v4("a")).state is UplinkState.RECOVERING


def test_news_that_change_nothing_ask_nobody() -> None:
    world = World(rarely_asked_while_down()).run(10.5)
    world.cut("a")
    world.run(100)
    asked = len(world.outputs)
    for _ in range(5):
        world.set_links(LinkState("eth0"))
    assert len(world.outputs) == asked
