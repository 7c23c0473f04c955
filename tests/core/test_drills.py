"""A drill: traffic goes to another uplink for a time, in all families or none, and comes back."""

from collections.abc import Callable
from dataclasses import replace
from math import inf
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.policy import HoldBack, Policy
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.status import Override
from route_switcher.core.vocabulary.uplinks import Family
from support.two_families import BOTH
from support.world import World, policy, uplink

A, B, C = (uplink(name, number) for number, name in enumerate("abc"))
HELD = HoldBack(min_stay=3600.0, switches_per_hour=1)


def world_of(rules: Policy | None = None) -> World:
    return World(rules or policy(A, B, C)).run(120.0)


def drill(world: World, name: str, seconds: float = 60.0) -> None:
    world.tell(Drill(world.now, name, world.now + seconds))


def moves(world: World) -> list[tuple[str, Cause]]:
    return [(d.selected, d.cause) for d in world.decisions()][1:]


def order(world: World) -> Override | None:
    return world.engine.status(world.now).families[0].override


def test_the_traffic_moves_at_once_and_returns_at_the_end() -> None:
    world = world_of()
    drill(world, "b")
    assert world.active() == "b"
    assert order(world) == Override("b", 180.0, back_to="a")
    assert any(isinstance(o, ProbeNow) and o.uplink == B.id for o in world.outputs)
    world.run(179.9)
    assert world.active() == "b"
    world.run(180.1)
    assert moves(world) == [("b", Cause.OPERATOR), ("a", Cause.OPERATOR)]
    assert order(world) is None
    assert world.notices()[-1] == "the drill of b has ended"


def test_no_limit_on_optional_switches_delays_the_return() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    drill(world, "b")
    world.run(181.0)
    assert moves(world) == [("b", Cause.OPERATOR), ("a", Cause.OPERATOR)]


def test_where_a_better_uplink_is_held_back_it_returns_to_the_one_before() -> None:
    world = World(replace(policy(A, B, C), hold_back=HELD))
    world.cut("a")
    world.run(120.0)
    world.mend("a")
    world.run(300.0)
    assert world.active() == "b", "a is healthy, and held back"
    drill(world, "c")
    world.run(361.0)
    assert moves(world)[1:] == [("c", Cause.OPERATOR), ("b", Cause.OPERATOR)]
    world.run(3900.0)
    assert world.active() == "b", "which goes on being held back"


def test_an_order_to_switch_is_still_followed_by_an_optional_return() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    world.switch("b", seconds=60.0)
    world.run(600.0)
    assert moves(world) == [("b", Cause.OPERATOR)]


def test_it_returns_at_once_when_it_is_released_and_only_by_its_own_end() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    drill(world, "b")
    world.tell(Release(world.now, "b", 181.0))
    world.tell(Release(world.now, "a", 180.0))
    assert world.active() == "b"
    world.tell(Release(world.now, "b", 180.0))
    assert world.active() == "a"


def test_an_uplink_that_does_not_hold_is_left_at_once_and_not_tried_again() -> None:
    world = world_of(policy(A, B, stable=5.0))
    drill(world, "b", 600.0)
    world.cut("b")
    world.run(130.0)
    assert moves(world) == [("b", Cause.OPERATOR), ("a", Cause.FAILOVER)]
    assert "the drill of b has ended: it did not hold" in world.notices()
    assert order(world) is None
    world.mend("b")
    world.run(800.0)
    assert world.active() == "a"


def test_where_the_other_fails_meanwhile_the_traffic_stays() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    drill(world, "b")
    world.cut("a")
    world.run(200.0)
    assert (world.active(), order(world)) == ("b", None)
    world.mend("a")
    world.run(400.0)
    # That is a return like every other: it is optional.
    assert world.active() == "b"


def test_a_single_lost_round_at_the_end_only_puts_the_return_off() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    drill(world, "b", 60.0)
    world.run(178.5)
    world.cut("a")
    world.run(180.5)
    assert world.active() == "b"
    world.mend("a")
    world.run(183.0)
    assert world.active() == "a"


Act: TypeAlias = Callable[[World], object]


@pytest.mark.parametrize(
    ("before", "name", "why"),
    [
        (lambda w: w.cut("b"), "b", "no answer"),
        (lambda w: w.switch("c"), "b", "an order for c stands already"),
        (lambda w: None, "a", "it is active already; the other way is `route-switcher drill b`"),
        (lambda w: None, "x", "there is no such uplink"),
    ],
)
def test_what_is_against_it_is_said_and_nothing_moves(before: Act, name: str, why: str) -> None:
    world = world_of()
    before(world)
    world.run(150.0)
    active, stands = world.active(), order(world)
    drill(world, name)
    assert world.notices()[-1].startswith(f"drill of {name} refused: ")
    assert why in world.notices()[-1]
    assert (world.active(), order(world)) == (active, stands)


def test_a_second_drill_is_refused_while_one_goes_on() -> None:
    world = world_of()
    drill(world, "b")
    drill(world, "c")
    assert "an order for b stands already" in world.notices()[-1]
    assert world.active() == "b"


def test_another_order_takes_its_place() -> None:
    world = world_of()
    drill(world, "b")
    world.switch("c")
    world.run(300.0)
    assert world.active() == "c"


def test_a_kept_drill_goes_on_and_one_that_ended_meanwhile_returns_without_delay() -> None:
    for until in (400.0, 119.0):
        world = world_of(replace(policy(A, B, stable=20.0), hold_back=HELD))
        drill(world, "b", 300.0)
        world.restart()
        kept = Switch(world.now, "b", until, kept_in=frozenset({Family.IPV4}), back_to="a")
        world.tell(kept)
        world.run(160.0)
        assert world.active() == ("b" if until > 160.0 else "a")
        world.run(402.0)
        assert world.active() == "a"


def test_a_reload_that_renames_the_other_uplink_does_not_keep_the_traffic_from_it() -> None:
    world = world_of(replace(policy(A, B), hold_back=HELD))
    drill(world, "b")
    world.reload(replace(policy(replace(A, name="new"), B), hold_back=HELD))
    world.run(181.0)
    assert world.active() == "new"


def test_in_two_families_both_move_or_neither_does() -> None:
    world = World(BOTH).run(120.0)
    world.tell(Switch(world.now, "wan", inf))
    drill(world, "lte")
    assert {world.active(family) for family in Family} == {"wan"}
    world.tell(Release(world.now, "wan"))
    drill(world, "lte")
    assert {world.active(family) for family in Family} == {"lte"}
    world.run(181.0)
    assert {world.active(family) for family in Family} == {"wan"}


def test_where_one_family_has_an_order_the_other_does_not_move_either() -> None:
    world = World(BOTH).run(120.0)
    world.tell(Switch(world.now, "wan", inf, kept_in=frozenset({Family.IPV6})))
    drill(world, "lte")
    assert {world.active(family) for family in Family} == {"wan"}
    assert "IPv6: an order for wan stands already" in world.notices()[-1]


ACTS = ("drill a", "drill b", "drill c", "cut a", "cut b", "mend a", "mend b")


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ACTS),
            st.floats(0.5, 45.0),
        ),
        max_size=12,
    )
)
def test_whatever_happens_no_drill_stands_after_its_end(acts: list[tuple[str, float]]) -> None:
    world = World(policy(A, B, C, stable=5.0)).run(5.0)
    for what, seconds in acts:
        verb, name = what.split()
        if verb == "drill":
            drill(world, name, 15.0)
        else:
            getattr(world, verb)(name)
        world.run(world.now + seconds)
        stands = order(world)
        assert stands is None or stands.until <= world.now + 15.0
    for name in "ab":
        world.mend(name)
    world.run(world.now + 40.0)
    assert (world.active(), order(world)) == ("a", None)
