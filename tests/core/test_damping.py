"""Damping: the arithmetic of RFC 2439, and what it does to the selection."""

from dataclasses import replace
from math import inf, log2

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.health.damping import Penalty
from route_switcher.core.vocabulary.outputs import Level
from route_switcher.core.vocabulary.policy import Damping, HoldBack
from route_switcher.core.vocabulary.states import Cause, UplinkState
from support.answering import Net, policy
from support.keys import v4
from support.world import uplink

HOUR = 3600.0
TEN_MINUTES = Damping(half_life=600.0, suppress=3.0, reuse=1.0, max_hold=2400.0)


def failures(damping: Damping | None, *times: float) -> Penalty:
    penalty = Penalty(damping)
    for at in times:
        penalty.add_failure(at)
    return penalty


# The arithmetic.


def test_without_damping_nothing_is_ever_damped() -> None:
    assert failures(None, *range(100)).until == -inf


def test_the_penalty_must_be_above_the_limit() -> None:
    assert failures(TEN_MINUTES, 0, 0, 0).until == -inf
    # Four at once: 4 falls to 1 in two half-lives.
    assert failures(TEN_MINUTES, 0, 0, 0, 0).until == 1200.0


def test_the_penalty_halves_in_every_half_life() -> None:
    # 1, then 1.5, 1.75, 1.875, ... a failure in each half-life never comes to 2.
    slow = replace(TEN_MINUTES, suppress=2.0)
    assert failures(slow, *range(0, 60_000, 600)).until == -inf
    # Each half-life after the second: 1 -> 2/2 + 1 = 2, 3/2 ... two per half-life exceed 2 at once.
    penalty = failures(slow, 0, 0, 600, 600)
    # 2 -> 1, + 1 = 2, + 1 = 3.
    assert penalty.until == pytest.approx(600 + 600 * log2(3))


def test_a_failure_while_it_is_damped_holds_it_longer_though_it_is_below_the_limit() -> None:
    penalty = failures(TEN_MINUTES, 0, 0, 0, 0)
    penalty.add_failure(600.0)
    # 4 has fallen to 2, and is 3 now: not above 3, but it was damped.
    assert penalty.until == pytest.approx(600 + 600 * log2(3))


def test_once_free_it_must_rise_above_the_limit_again() -> None:
    penalty = failures(TEN_MINUTES, 0, 0, 0, 0)
    assert penalty.until == 1200.0
    penalty.add_failure(1200.0)
    assert penalty.until == 1200.0
    for _ in range(2):
        penalty.add_failure(1200.0)
    assert penalty.until == 2400.0  # 1 + 3 = 4 again


@given(
    st.lists(st.floats(0, 900, allow_nan=False), max_size=60),
    st.floats(1, 3600),
    st.integers(2, 20),
    st.floats(1.01, 8),
)
def test_it_is_never_damped_for_longer_than_the_longest_hold(
    pauses: list[float], half_life: float, suppress: int, half_lives: float
) -> None:
    damping = Damping(half_life, float(suppress), 1.0, half_life * half_lives)
    penalty = Penalty(damping)
    value = at = 0.0
    for pause in pauses:
        at += pause
        before = penalty.until
        penalty.add_failure(at)
        value = min(value * 2 ** (-pause / half_life) + 1, 2.0**half_lives)
        assert penalty.until <= at + damping.max_hold * (1 + 1e-9)
        assert penalty.until >= before
        if value > suppress * (1 + 1e-9):
            assert penalty.until == pytest.approx(at + half_life * log2(value))
    # The penalty is at the reuse limit then.
    if penalty.until > at:
        left = value * 2 ** (-(penalty.until - at) / half_life)
        assert left == pytest.approx(1.0)


def test_the_longest_hold_of_the_shortest_half_life_is_a_number() -> None:
    # The policy allows a second and four days.
    longest = Damping(half_life=1.0, suppress=2.0, reuse=1.0, max_hold=4 * 24 * HOUR)
    assert failures(longest, 0, 0, 0).until == pytest.approx(log2(3))


def test_a_reload_forgets_the_penalty_if_the_damping_changed() -> None:
    penalty = failures(TEN_MINUTES, 0, 0, 0, 0)
    penalty.restart(replace(TEN_MINUTES))
    assert penalty.until == 1200.0
    penalty.restart(replace(TEN_MINUTES, reuse=0.5))
    assert penalty.until == -inf
    penalty.add_failure(1.0)
    assert penalty.until == -inf
    penalty.restart(None)
    assert failures(None, 1, 2, 3, 4).until == -inf


# With the whole engine: each flap of `a` costs four seconds, and twenty stable ones.

DAMPED = HoldBack(damping=Damping(half_life=600.0, suppress=2.0, reuse=1.0, max_hold=2400.0))


def flapped(net: Net, name: str = "a", times: int = 3) -> Net:
    """Let an uplink fail some times, and recover after each; the last time is at `net.now`."""
    net.run(20)
    for _ in range(times):
        net.flap(name, 5, net.now + 35)
    return net


def test_an_uplink_that_flaps_is_not_returned_to_until_its_time_is_over_and_then_once() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    until = net.world.status().health(v4("a")).damped_until
    assert net.state("a") is UplinkState.HEALTHY
    assert net.active() == "b"
    assert until > net.now + 600
    before = len(net.moves())
    net.run(until - 0.001)
    assert len(net.moves()) == before
    net.run(until + 2000)
    (back,) = net.decisions()[before:]
    assert (back.selected, back.cause) == ("a", Cause.PREFERENCE)
    assert back.at == pytest.approx(until, abs=1e-5)


def test_the_penalty_counts_failures_of_the_uplink_not_of_its_rules() -> None:
    net = Net(policy(hold_back=DAMPED)).run(20)
    net.cut("a")
    net.unplug("eth0")
    net.run(40)
    assert net.world.status().health(v4("a")).failed_rules == ("no-internet", "unplugged")
    assert net.world.status().health(v4("a")).damped_until == -inf
    net = flapped(Net(policy(hold_back=DAMPED)), times=2)
    assert net.world.status().health(v4("a")).damped_until == -inf


def test_a_person_is_told_that_an_uplink_is_damped() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    (notice,) = net.notices("damped")
    assert notice.level is Level.WARNING
    assert notice.text.startswith("a failed too often lately: damped for ")
    net.run(net.now + 3000)
    assert len(net.notices("damped")) == 1


def test_a_damped_uplink_takes_over_at_once_when_the_active_one_fails() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    assert net.active() == "b"
    at = net.now
    net.cut("b")
    net.run(at + 6)
    assert net.active() == "a"
    assert net.decisions()[-1].cause is Cause.FAILOVER
    # And it is left for the steadier one as soon as that is healthy again.
    net.mend("b")
    net.run(at + 60)
    assert net.active() == "b"
    assert net.decisions()[-1].cause is Cause.STEADIER


def test_a_damped_active_uplink_is_left_for_a_steady_one() -> None:
    # b is silent while a flaps: the traffic stays on a, and moves when b is healthy.
    net = Net(policy(hold_back=DAMPED)).run(20)
    net.cut("b")
    net.run(30)
    for _ in range(3):
        net.flap("a", 5, net.now + 35)
    assert net.active() == "a"
    assert net.state("a") is UplinkState.HEALTHY
    net.mend("b")
    net.run(net.now + 30)
    (move,) = net.decisions()
    assert (move.selected, move.cause) == ("b", Cause.STEADIER)
    until = net.world.status().health(v4("a")).damped_until
    net.run(until + 100)
    assert net.moves() == [("a", "b"), ("b", "a")]


def test_a_recovering_uplink_is_worse_than_a_damped_one() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    net.flap("b", 5, net.now + 8)
    assert net.state("b") is UplinkState.RECOVERING
    assert net.active() == "a"


def test_with_all_damped_nothing_moves_until_one_is_not() -> None:
    net = flapped(flapped(Net(policy(hold_back=DAMPED)), "b"), "a")
    healths = [net.world.status().health(v4(name)) for name in "ab"]
    for health in healths:
        assert health.state is UplinkState.HEALTHY
        assert health.damped_until > net.now
    assert net.active() == "b"
    first = min(health.damped_until for health in healths)
    net.run(first - 1)
    assert net.active() == "b"
    net.run(healths[0].damped_until + 1)
    assert net.active() == "a"


def test_a_reload_keeps_the_penalty_unless_the_damping_changes() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    net.world.reload(policy(hold_back=replace(DAMPED, min_stay=1.0)))
    net.run(net.now + 100)
    assert net.active() == "b"
    net.world.reload(policy(hold_back=HoldBack()))
    net.run(net.now + 2)
    assert net.active() == "a"
    assert net.decisions()[-1].cause is Cause.PREFERENCE


def test_an_order_moves_to_a_damped_uplink() -> None:
    net = flapped(Net(policy(hold_back=DAMPED)))
    net.world.switch("a")
    assert net.active() == "a"


def test_damping_of_one_uplink_is_nothing_to_another() -> None:
    lines = tuple(uplink(n, i) for i, n in enumerate("abc"))
    net = flapped(Net(policy(*lines, hold_back=DAMPED)), "a")
    net.flap("b", 5, net.now + 4.5)
    assert net.active() == "c"
    net.run(net.now + 60)
    assert net.active() == "b"
