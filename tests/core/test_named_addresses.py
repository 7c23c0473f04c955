"""Targets by name: the kernel is asked which way packets take to the addresses that they have."""

from dataclasses import replace
from ipaddress import ip_address

from core.test_known_ways import LAN, Kernel, route
from route_switcher.core.vocabulary.effects import AskWays, LeaveOut
from route_switcher.core.vocabulary.events import Answer, LinkState, Round
from route_switcher.core.vocabulary.lookups import own_traffic
from route_switcher.core.vocabulary.outputs import Notice
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.ways.questions import address_of
from support.keys import v4
from support.world import World, policy

NAME = Target.named("www.example.net")
FIRST, SECOND = "203.0.113.7", "203.0.113.8"
PRIMARY = v4("primary")


def named_world() -> World:
    rules = policy()
    probe = replace(rules.probes[0], targets=(NAME,))
    links = [LinkState(f"eth{n}") for n in (0, 1)]
    return World(replace(rules, probes=(probe,)), links=links).run(10.5)


def answered(world: World, address: str) -> None:
    """A round through the primary has asked the name at this address."""
    target = replace(NAME, address=address)
    answer = Answer(target, 0.02)
    world.tell(Round(world.now, PRIMARY, "internet", world.now, RoundOutcome.GOOD, (answer,)))


def asked(world: World) -> list[list[str]]:
    effects = (o for o in world.outputs if isinstance(o, AskWays))
    return [[target.address for target in effect.targets] for effect in effects]


def test_an_address_that_is_new_is_asked_about_once() -> None:
    world = named_world()
    assert address_of(NAME) is None
    for address in (FIRST, FIRST, SECOND, FIRST):
        answered(world, address)
    assert asked(world) == [[FIRST], [SECOND], [FIRST]]
    questions = world.engine.questions([LAN])
    destinations = {str(q.destination) for q in questions if q.out_interface == "eth0"}
    assert destinations == {FIRST}
    assert own_traffic(ip_address(FIRST)) in questions
    # Nothing was looked up through the other uplink yet.
    assert all(q.out_interface != "eth1" for q in questions)


def test_a_name_whose_address_is_led_elsewhere_is_left_out_and_comes_back() -> None:
    world = named_world()
    answered(world, FIRST)
    kernel = Kernel(world)
    wrong = route("eth0", "198.51.100.50", prefix_length=32, protocol=4, metric=0)
    kernel.otherwise = [({"out_interface": "eth0"}, wrong)]
    kernel.ask()
    (left,) = [o for o in world.outputs if isinstance(o, LeaveOut)]
    assert [target for target, _ in left.targets] == [NAME]
    told = [o.text for o in world.outputs if isinstance(o, Notice)]
    assert any(f"probes to {FIRST} would go through another gateway" in text for text in told)
    kernel.otherwise = []
    kernel.ask()
    assert [o for o in world.outputs if isinstance(o, LeaveOut)][-1].targets == ()


def test_a_new_address_of_a_name_that_is_left_out_is_asked_about_and_brings_it_back() -> None:
    world = named_world()
    answered(world, FIRST)
    kernel = Kernel(world)
    wrong = route("eth0", "198.51.100.50", prefix_length=32, protocol=4, metric=0)
    kernel.otherwise = [({"out_interface": "eth0", "destination": ip_address(FIRST)}, wrong)]
    kernel.ask()
    assert [o.targets for o in world.outputs if isinstance(o, LeaveOut)][-1] != ()
    # It was looked up all the same, and not asked.
    target = replace(NAME, address=SECOND)
    answer = Answer(target, None, "it is not asked", asked=False)
    world.tell(Round(world.now, PRIMARY, "internet", world.now, RoundOutcome.UNKNOWN, (answer,)))
    assert asked(world)[-1] == [SECOND]
    kernel.ask()
    assert [o.targets for o in world.outputs if isinstance(o, LeaveOut)][-1] == ()
    answered(world, SECOND)
