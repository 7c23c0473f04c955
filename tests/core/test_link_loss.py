"""A link without a carrier, down or missing carries nothing: it is left at once."""

from dataclasses import replace
from ipaddress import ip_address
from math import inf

from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import Cause, UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from support import answering
from support.answering import T2, Net, probe
from support.keys import v4
from support.world import World, policy, uplink


def test_carrier_loss_moves_at_once_and_asks_the_one_that_it_moves_to() -> None:
    world = World(policy(interval=5, carrier=False)).run(31.5)
    world.link("primary", carrier=False)
    assert world.switches() == [(31.5, "primary", "secondary")]
    assert ProbeNow(31.5, v4("secondary")) in world.outputs


def test_carrier_loss_is_left_for_a_standby_that_turns_out_dead_and_for_the_next_one_then() -> None:
    three = policy(uplink("primary", 0), uplink("secondary", 1), uplink("tertiary", 2))
    world = World(three).run(10.5)
    world.cut("secondary")
    world.link("primary", carrier=False)
    world.run(20)
    moves = [s[1:] for s in world.switches()]
    assert moves == [("primary", "secondary"), ("secondary", "tertiary")]


def test_carrier_loss_is_left_though_nothing_is_known_of_the_standby() -> None:
    world = World(policy())
    world.silence("secondary")
    world.run(100)
    assert world.status().health(v4("secondary")).state is UplinkState.UNKNOWN
    world.link("primary", carrier=False)
    assert world.switches() == [(100, "primary", "secondary")]
    # Ignorance is no reason to leave again.
    world.run(200)
    assert world.active() == "secondary"


def test_carrier_loss_moves_nothing_while_all_others_are_dead() -> None:
    world = World(policy()).run(10.5)
    world.cut("secondary")
    world.run(20)
    world.link("primary", carrier=False)
    world.run(30)
    assert world.switches() == []
    world.mend("secondary")
    world.run(32)
    ((_, *move),) = world.switches()
    assert move == ["primary", "secondary"]
    assert world.decisions()[-1].cause is Cause.FIRST_ANSWER


def test_an_answer_from_before_the_loss_of_a_link_says_nothing_when_the_link_is_back() -> None:
    world = World(policy()).run(10.5)
    world.tell(Switch(world.now, "secondary", until=inf, force=True))
    world.cut("secondary")
    world.run(12.9)
    world.link("primary", carrier=False)
    world.cut("primary")
    world.run(13.4)
    world.link("primary")
    world.tell(Release(world.now, "secondary"))
    world.run(40)
    assert world.active() == "secondary"
    assert [s[1:] for s in world.switches()] == [("primary", "secondary")]


def test_a_restart_on_a_lost_link_moves_at_once_and_calls_it_a_failover() -> None:
    world = World(policy()).run(20)
    links = [LinkState("eth0", carrier=False)]
    again = World(policy(), found=tuple(world.table), links=links)
    assert again.switches() == [(0.0, "primary", "secondary")]
    assert again.decisions()[-1].cause is Cause.FAILOVER


def test_a_lost_link_of_the_default_route_that_was_found_is_not_waited_for() -> None:
    found = Route(Family.IPV4, "eth0", ip_address("198.51.100.1"), 5, protocol=16)
    slow = policy(interval=60)
    world = World(slow, found=(found,), phase=lambda number: 0.9).run(1)
    assert world.active() is None
    world.link("primary", carrier=False)
    assert world.active() == "secondary"


def test_a_carrier_rule_has_its_for_waited_for() -> None:
    patient = Rule("pulled", CarrierDown(for_seconds=2.0), Recover(10.0))
    one = policy(carrier=False)
    world = World(replace(one, rules=(*one.rules, patient))).run(10.5)
    world.link("primary", carrier=False)
    world.run(12.4)
    assert world.switches() == []
    world.run(12.5)
    assert world.switches() == [(12.5, "primary", "secondary")]


def test_an_ignored_carrier_moves_nothing_but_an_interface_that_is_down_does() -> None:
    ignoring = replace(uplink("primary", 0), ignore_carrier=True)
    world = World(policy(ignoring, uplink("secondary", 1))).run(10.5)
    world.link("primary", carrier=False)
    assert world.switches() == []
    world.link("primary")
    world.run(12)
    world.link("primary", up=False, carrier=False)
    assert world.switches() == [(12, "primary", "secondary")]


def test_a_lost_link_recovers_after_the_longest_stable_time_of_the_rules_that_judge_it() -> None:
    one = policy(stable=20, carrier=False)
    longer = replace(one.rules[0], name="longer", recover=Recover(30.0), uplinks=("primary",))
    other = replace(one.rules[0], name="other", recover=Recover(300.0), uplinks=("secondary",))
    world = World(replace(one, rules=(*one.rules, longer, other))).run(10.5)
    world.link("primary", carrier=False)
    world.run(12.5)
    world.link("primary")
    world.run(60)
    ((back, *_),) = [s for s in world.switches() if s[2] == "primary"]
    assert 42 < back < 45


def test_carrier_loss_is_left_at_once_for_a_failed_uplink_that_answers() -> None:
    office = probe(T2, name="office")
    its = Rule("office", ConsecutiveFailures("office", 1), Recover(5.0))
    net = Net(answering.policy(probes=(probe(), office), rules=(*answering.policy().rules, its)))
    net.fates = lambda name, target: None if (name, target) == ("b", T2) else answering.RTT
    net.run(30.5)
    assert net.state("b") is UplinkState.FAILED
    net.unplug("eth0")
    assert net.moves() == [("a", "b")]
    assert net.decisions()[-1].at == 30.5
