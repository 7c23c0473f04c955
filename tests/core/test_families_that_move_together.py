"""`families_move: together`: an uplink is as good as the worst of its families."""

from dataclasses import replace
from datetime import UTC, datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.test_uplinks_of_two_families import Net
from route_switcher.control.wall_clock import WallClock
from route_switcher.control.why import why
from route_switcher.core.messages import describe
from route_switcher.core.selection.moving_together import worst_of
from route_switcher.core.selection.select import Candidate, class_of
from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Decision, Notice
from route_switcher.core.vocabulary.policy import (
    Damping,
    FailBack,
    FamiliesMove,
    HoldBack,
    Policy,
    Recover,
)
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from support.keys import v4, v6
from support.two_families import BOTH

TOGETHER = replace(BOTH, families_move=FamiliesMove.TOGETHER)
CLOCK = WallClock(0.0, datetime(2026, 11, 27, tzinfo=UTC))
SOON = replace(TOGETHER, rules=tuple(replace(r, recover=Recover(12.0)) for r in TOGETHER.rules))
"""Uplinks recover in less time than most troubles take: a history need not be long."""
HELD_BACK_SOON = [
    HoldBack(),
    HoldBack(fail_back=FailBack.MANUAL),
    HoldBack(min_stay=20.0, switches_per_hour=2),
]
LINES = [UplinkId(name, family) for name in ("wan", "lte") for family in Family]


def running(policy: Policy = TOGETHER, until: float = 100) -> Net:
    net = Net(policy)
    net.world.run(until)
    assert net.active() == ("wan", "wan")
    return net


@pytest.mark.parametrize("cut", [v4("wan"), v6("wan")])
def test_both_leave_a_line_when_one_of_them_fails_and_return_when_both_are_healthy(
    cut: UplinkId,
) -> None:
    net = running()
    net.cut(cut)
    net.world.run(110)
    assert net.active() == ("lte", "lte")
    moves = [o for o in net.outputs if isinstance(o, Decision) and o.at > 100]
    assert len({move.at for move in moves}) == 1, "at the same moment"
    for move in moves:
        assert "the active uplink failed (rule no-internet)" in describe(move, TOGETHER)
        assert f"wan ({cut.family}) is failed" in "; ".join(move.evidence)
    net.cuts.clear()
    net.world.run(150)
    assert net.active() == ("lte", "lte")
    net.world.run(200)
    assert net.active() == ("wan", "wan")


@pytest.mark.parametrize("cut", [v4("wan"), v6("wan")])
def test_both_wait_for_a_person_where_one_of_them_had_failed(cut: UplinkId) -> None:
    net = running(replace(TOGETHER, hold_back=HoldBack(fail_back=FailBack.MANUAL)))
    net.cut(cut)
    net.world.run(110)
    net.cuts.clear()
    net.world.run(1000)
    assert net.active() == ("lte", "lte")
    net.world.submit(Release(net.world.now, "lte"))
    assert net.active() == ("wan", "wan")


def test_nothing_moves_to_a_line_of_which_one_family_is_dead() -> None:
    net = running()
    net.cut(v6("lte"))
    net.world.run(110)
    net.cut(v4("wan"))
    net.world.run(130)
    assert net.active() == ("wan", "wan")
    net.cuts.remove(v6("lte"))
    net.world.run(140)
    assert net.active() == ("lte", "lte")


def test_where_each_line_is_dead_in_one_family_nothing_moves_to_and_fro() -> None:
    net = running()
    net.cut(v6("wan"))
    net.cut(v4("lte"))
    net.world.run(400)
    moves = [o for o in net.outputs if isinstance(o, Decision) and o.at > 100]
    assert moves == []


def test_an_order_is_taken_by_both_or_by_none() -> None:
    net = running()
    net.cut(v6("lte"))
    net.world.run(110)
    net.world.submit(Switch(net.world.now, "lte", inf))
    assert net.active() == ("wan", "wan")
    refused = [o.text for o in net.outputs if isinstance(o, Notice) and "refused" in o.text]
    assert len(refused) == 2
    assert all("lte (IPv6) is failed" in text for text in refused)
    assert all(selection.override is None for selection in net.world.engine._families.values())
    net.world.submit(Switch(net.world.now, "lte", inf, force=True))
    assert net.active() == ("lte", "lte")


def test_a_drill_moves_both_and_returns_both() -> None:
    net = running()
    net.world.submit(Drill(net.world.now, "lte", net.world.now + 10))
    assert net.active() == ("lte", "lte")
    net.world.run(111)
    assert net.active() == ("wan", "wan")


def test_a_damped_family_holds_the_other_back() -> None:
    damping = Damping(600.0, 1.5, 0.5, 2400.0)
    net = running(replace(TOGETHER, hold_back=HoldBack(damping=damping)))
    for _ in range(2):
        net.cut(v6("wan"))
        net.world.run(net.world.now + 10)
        net.cuts.clear()
        net.world.run(net.world.now + 70)
    assert net.active() == ("lte", "lte")
    net.world.run(net.world.now + 2500)
    assert net.active() == ("wan", "wan")


def test_why_names_the_other_family() -> None:
    net = running()
    net.cut(v6("wan"))
    net.world.run(110)
    four = next(f for f in net.world.status().families if f.family is Family.IPV4)
    (said,) = why(four, "wan", CLOCK)
    assert "its families move together, and wan (IPv6) is failed" in said.lower().replace(
        "ipv6", "IPv6"
    )


def test_a_reload_begins_and_ends_it() -> None:
    net = Net(BOTH)
    net.world.run(100)
    net.cut(v6("wan"))
    net.world.run(110)
    assert net.active() == ("wan", "lte")
    net.world.reload(TOGETHER)
    assert net.active() == ("lte", "lte")
    net.world.reload(BOTH)
    net.world.run(111)
    assert net.active() == ("wan", "lte")


@given(
    st.lists(
        st.tuples(st.integers(1, 30), st.sets(st.sampled_from(LINES))), min_size=1, max_size=6
    ),
    st.sampled_from(HELD_BACK_SOON),
)
def test_the_families_are_never_apart(
    changes: list[tuple[int, set[UplinkId]]], hold_back: HoldBack
) -> None:
    net = running(replace(SOON, hold_back=hold_back), until=5)
    for seconds, cuts in changes:
        for line in cuts - net.cuts:
            net.cut(line)
        net.cuts = set(cuts)
        for _ in range(seconds):
            net.world.run(net.world.now + 1)
            assert len(set(net.active())) == 1
    net.cuts.clear()
    for _ in range(30):
        net.world.run(net.world.now + 1)
        assert len(set(net.active())) == 1
    if hold_back == HoldBack():
        assert net.active() == ("wan", "wan")


@given(
    st.lists(
        st.builds(
            Candidate,
            st.just("a"),
            st.sampled_from(UplinkState),
            st.booleans(),
            st.booleans(),
            st.booleans(),
            st.booleans(),
        ),
        min_size=1,
        max_size=2,
    )
)
def test_no_family_is_better_than_what_is_said_of_all(candidates: list[Candidate]) -> None:
    own, *others = candidates
    joined = worst_of(own, others, current=False)
    assert all(class_of(joined) <= class_of(each) for each in candidates)
    assert joined.eligible <= own.eligible
