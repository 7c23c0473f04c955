"""`fail_back: manual`: traffic that left a failed uplink returns when a person says so."""

from datetime import UTC, datetime
from math import inf

import pytest

from route_switcher.control.wall_clock import WallClock
from route_switcher.control.why import why
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Level
from route_switcher.core.vocabulary.policy import FailBack, HoldBack
from route_switcher.core.vocabulary.states import Cause, UplinkState
from support.answering import Net, policy
from support.world import uplink

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
MANUAL = HoldBack(fail_back=FailBack.MANUAL)


def failed_over(hold_back: HoldBack = MANUAL, names: str = "ab") -> Net:
    """`a` was cut at 20 and mended at 40; it is healthy again at 80, and b carries the traffic."""
    lines = tuple(uplink(name, index) for index, name in enumerate(names))
    net = Net(policy(*lines, hold_back=hold_back)).run(20)
    net.cut("a")
    net.run(40)
    net.mend("a")
    net.run(80)
    assert net.moves() == [("a", "b")]
    assert net.state("a") is UplinkState.HEALTHY
    return net


def release(net: Net) -> None:
    net.world.submit(Release(net.now, net.active() or ""))


def switch(net: Net, name: str, seconds: float = inf) -> None:
    net.world.submit(Switch(net.now, name, net.now + seconds, False))


def test_the_traffic_stays_and_that_is_told_once() -> None:
    net = failed_over().run(5000)
    assert net.moves() == [("a", "b")]
    (notice,) = net.notices("switch to a waits")
    assert notice.level is Level.INFO
    assert "route-switcher release" in notice.text


def test_a_release_lets_it_return_at_once() -> None:
    net = failed_over()
    release(net)
    assert net.moves() == [("a", "b"), ("b", "a")]
    assert net.decisions()[-1].cause is Cause.PREFERENCE


def test_so_does_an_order_to_the_preferred_uplink() -> None:
    net = failed_over()
    switch(net, "a")
    assert net.active() == "a"
    release(net)
    net.run(1000)
    assert net.moves() == [("a", "b"), ("b", "a")]


def test_the_end_of_an_order_is_a_word_of_the_operator_too() -> None:
    net = failed_over()
    switch(net, "b", 30)
    net.run(100)
    assert net.active() == "b"
    net.run(120)
    assert net.moves() == [("a", "b"), ("b", "a")]


def test_when_the_standby_fails_traffic_returns_by_itself() -> None:
    net = failed_over()
    net.cut("b")
    net.run(100)
    assert net.moves() == [("a", "b"), ("b", "a")]
    assert net.decisions()[-1].cause is Cause.FAILOVER


def test_a_release_while_the_preferred_uplink_is_failed_lets_nothing_return_later() -> None:
    net = failed_over()
    net.cut("a")
    net.run(100)
    release(net)
    net.mend("a")
    net.run(1000)
    assert net.moves() == [("a", "b")]


def test_a_release_is_for_one_return() -> None:
    net = failed_over()
    release(net)
    net.cut("a")
    net.run(100)
    net.mend("a")
    net.run(1000)
    assert net.moves() == [("a", "b"), ("b", "a"), ("a", "b")]


def test_a_release_waits_for_the_minimum_stay() -> None:
    net = failed_over(HoldBack(min_stay=200.0, fail_back=FailBack.MANUAL))
    release(net)
    assert net.active() == "b"
    net.run(400)
    assert net.moves() == [("a", "b"), ("b", "a")]


def test_a_restart_moves_nothing_also_much_later() -> None:
    net = failed_over()
    net.world.restart()
    net.run(1000)
    assert net.active() == "b"
    release(net)
    assert net.active() == "a"


def test_an_uplink_that_never_failed_is_taken_by_itself() -> None:
    net = Net(policy(uplink("b", 1), uplink("c", 2), hold_back=MANUAL)).run(20)
    net.world.reload(policy(*(uplink(n, i) for i, n in enumerate("abc")), hold_back=MANUAL))
    net.run(60)
    assert net.moves() == [("b", "a")]


def test_another_policy_lets_it_return() -> None:
    net = failed_over()
    net.world.reload(policy())
    net.run(net.now + 1)
    assert net.active() == "a"


@pytest.mark.parametrize("at", [50, 80])
def test_why_says_what_it_waits_for(at: int) -> None:
    net = failed_over() if at == 80 else Net(policy(hold_back=MANUAL)).run(20)
    if at == 50:
        net.cut("a")
        net.run(40)
        net.mend("a")
        net.run(at)
    (family,) = net.world.engine.status(net.now).families
    active, other = why(family, None, WallClock(net.now, NOW))
    if at == 80:
        assert "a could take over: an operator has to say so" in active
    else:
        assert "or by `route-switcher release` (`fail_back` is manual)" in active
        assert "healthy again" not in active
    assert " ".join([active, other]).count("route-switcher release") == 2
    assert other.count("route-switcher release") == 1
    assert "if b fails." in other
