"""A new name for the same interface and family moves nothing."""

from dataclasses import replace
from math import inf

import pytest

from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.orders import Switch
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy
from route_switcher.core.vocabulary.routes import Change
from route_switcher.core.vocabulary.states import RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.keys import v4
from support.world import World, policy, uplink

ONE, TWO, THREE = (uplink(name, number) for number, name in enumerate("abc"))


def called(line: Uplink, name: str) -> Uplink:
    return replace(line, name=name)


@pytest.mark.parametrize(
    "renamed",
    [
        (called(ONE, "x"), TWO, THREE),
        (ONE, called(TWO, "x"), THREE),
        (called(ONE, "b"), called(TWO, "a"), THREE),
        (called(ONE, "b"), called(TWO, "c"), called(THREE, "a")),
        (called(ONE, "x"), called(TWO, "a"), THREE),
    ],
)
@pytest.mark.parametrize("active", [0, 1])
def test_new_names_move_nothing(renamed: tuple[Uplink, ...], active: int) -> None:
    world = World(policy(ONE, TWO, THREE)).run(10)
    if active == 1:
        world.cut("a")
        world.run(20)
    table, actions, decisions = list(world.table), len(world.actions), len(world.decisions())
    world.reload(policy(*renamed))
    assert world.active() == renamed[active].name
    world.run(world.now + 50)
    assert len(world.decisions()) == decisions
    assert list(world.table) == table
    assert len(world.actions) == actions
    if active == 1:
        world.mend(renamed[0].name)
        world.run(world.now + 100)
        assert world.active() == renamed[0].name


def test_state_stays_with_the_line() -> None:
    world = World(policy(ONE, TWO)).run(10)
    world.cut("b")
    world.run(20)
    world.reload(policy(called(ONE, "b"), called(TWO, "a")))
    assert world.status().health(v4("a")).state is UplinkState.FAILED
    assert world.status().health(v4("b")).state is UplinkState.HEALTHY
    assert "a is called b now" in world.notices()
    world.run(30)
    told = [c for c in world.outputs if getattr(c, "uplink", None) == v4("a")]
    world.mend("a", "b")
    world.run(100)
    assert world.status().health(v4("a")).state is UplinkState.HEALTHY
    assert len([c for c in world.outputs if getattr(c, "uplink", None) == v4("a")]) > len(told)


def test_a_round_that_was_sent_under_an_old_name_is_nobodys() -> None:
    world = World(policy(ONE, TWO, failures=1)).run(10)
    world.reload(policy(called(ONE, "b"), called(TWO, "a"), failures=1))
    failed = Round(world.now, v4("a"), "internet", world.now - 0.5, RoundOutcome.FAILED)
    world.tell(failed)
    assert world.status().health(v4("a")).state is UplinkState.HEALTHY


def test_an_order_follows_its_uplink() -> None:
    world = World(policy(ONE, TWO)).run(10)
    world.tell(Switch(world.now, "b", until=inf))
    world.reload(policy(ONE, called(TWO, "x")))
    world.run(20)
    assert world.active() == "x"


@pytest.mark.parametrize("change", ["gateway", "metric", "rule", "removed", "order"])
def test_a_new_name_beside_another_change(change: str) -> None:
    world = World(policy(ONE, TWO)).run(10)
    one, two = called(ONE, "x"), TWO
    new: Policy
    match change:
        case "gateway":
            new = policy(replace(one, gateway=uplink("", 70).gateway), two)
        case "metric":
            new = policy(replace(one, metric=5), two)
        case "rule":
            new = policy(one, two, failures=5)
        case "removed":
            new = policy(one)
        case _:
            new = policy(replace(two, metric=10), replace(one, metric=20))
    world.reload(new)
    world.run(30)
    moved = [d for d in world.outputs if isinstance(d, Decision) and d.previous]
    assert [d.selected for d in moved] == (["b"] if change == "order" else [])
    assert world.active() == ("b" if change == "order" else "x")
    if change == "order":
        assert moved[0].cause.name == "RELOAD"
        assert moved[0].previous == "x"


def test_the_name_of_a_removed_uplink_may_be_taken() -> None:
    """The active a leaves the policy, and b, which stays, is called a."""
    world = World(policy(ONE, TWO))
    world.silence("b")
    world.run(10)
    world.reload(policy(called(TWO, "a")))
    assert world.active() is None
    assert "a left the policy; it is active until another can be" in world.notices()
    deleted = [a.route for _, a in world.actions if a.change is Change.DELETE]
    assert all(route.interface != "eth0" for route in deleted)
    world.silence("a", silent=False)
    world.run(100)
    assert world.active() == "a"
    assert world.metrics() == {"eth1": 20}


def test_rules_and_probes_that_name_their_uplinks_go_on() -> None:
    def named(one: Uplink) -> Policy:
        rules = policy(one, TWO)
        restricted = tuple(replace(r, uplinks=(one.name, TWO.name)) for r in rules.rules)
        probes = tuple(replace(p, uplinks=(one.name, TWO.name)) for p in rules.probes)
        return replace(rules, rules=restricted, probes=probes)

    world = World(named(ONE)).run(10)
    world.cut("a")
    world.run(12.5)
    world.reload(named(called(ONE, "x")))
    world.run(14.5)
    assert world.active() == "b"


def test_both_families_of_an_interface_are_told_apart() -> None:
    six = uplink("six", 0, version=6)
    world = World(policy(ONE, TWO, six)).run(10)
    world.reload(policy(called(ONE, "six"), TWO, called(six, "a")))
    world.run(20)
    assert world.active() == "six"
    assert world.active(Family.IPV6) == "a"
    assert world.switches() == []


def test_what_was_told_of_a_line_is_not_told_once_more_under_its_new_name() -> None:
    """Each of these was said of `a` (or `b`), and nothing has changed but the name."""
    damped = Damping(half_life=600.0, suppress=1.5, reuse=0.75, max_hold=1800.0)
    held = replace(policy(ONE, TWO), hold_back=HoldBack(min_stay=3600.0, damping=damped))
    world = World(held).run(10)
    for _ in range(2):
        world.cut("a")
        world.run(world.now + 20)
        world.mend("a")
        world.run(world.now + 100)
    world.run(1400)
    assert sum("delayed for" in text for text in world.notices()) == 1
    assert sum("damped" in text for text in world.notices()) == 1
    world.reload(replace(held, uplinks=(called(ONE, "b"), called(TWO, "a"))))
    world.run(1500)
    assert sum("delayed for" in text for text in world.notices()) == 1
    assert sum("damped" in text for text in world.notices()) == 1


def test_a_failed_line_that_is_back_is_asked_at_once_though_its_name_is_new() -> None:
    rules = policy(ONE, TWO, carrier=False)
    rare = replace(rules, probes=(replace(rules.probes[0], down_interval=300.0),))
    world = World(rare).run(10.5)
    world.link("a", carrier=False)
    world.run(400)
    world.reload(replace(rare, uplinks=(called(ONE, "x"), TWO)))
    world.run(world.now + 20)
    world.link("x")
    world.run(world.now + 0.5)
    assert world.status().health(v4("x")).state is UplinkState.RECOVERING


def test_two_lines_that_change_names_keep_what_was_told_of_their_stable_time() -> None:
    def setback(name: str) -> None:
        world.cut(name)
        world.run(world.now + 2)
        world.mend(name)
        world.run(world.now + 8)

    world = World(policy(ONE, TWO, THREE)).run(10)
    world.cut("b", "c")
    world.run(20)
    world.mend("b", "c")
    world.run(50.5)
    setback("b")
    world.reload(policy(ONE, called(TWO, "c"), called(THREE, "b")))
    setback("b")
    again = [text.split(":")[0] for text in world.notices() if "stable time begins" in text]
    assert again == ["b", "b"]
