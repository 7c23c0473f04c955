"""What holds voluntary moves back, until when, and what it never holds."""

from dataclasses import replace
from math import inf

import pytest

from route_switcher.core.notices import Notices
from route_switcher.core.selection.switch_limiter import SwitchLimiter
from route_switcher.core.vocabulary.outputs import Level
from route_switcher.core.vocabulary.policy import HoldBack, Policy
from route_switcher.core.vocabulary.states import Cause, UplinkState
from support.answering import Net, policy
from support.world import uplink

STAY = HoldBack(min_stay=120.0)
BUDGET = HoldBack(switches_per_hour=2)
HOUR = 3600.0
NEAR = pytest.approx


# The arithmetic.


def held(it: SwitchLimiter) -> tuple[float, str]:
    """Until when, and by what."""
    told = Notices()
    (notice,) = it.tell(0.0, "a", told)
    assert it.tell(0.0, "a", told) == []
    return it.until, notice.text[notice.text.index("(") + 1 : -1]


def test_nothing_holds_before_the_first_move() -> None:
    assert SwitchLimiter(replace(STAY, switches_per_hour=1)).until == -inf


def test_the_minimum_stay_counts_from_the_latest_move() -> None:
    it = SwitchLimiter(STAY)
    it.on_move(10.0, first=True)
    assert held(it) == (130.0, "min_stay 120 s")
    it.on_move(200.0, first=False)
    assert it.until == 320.0


def test_the_budget_is_over_an_hour_and_does_not_count_the_first_selection() -> None:
    it = SwitchLimiter(BUDGET)
    it.on_move(0.0, first=True)
    it.on_move(100.0, first=False)
    assert it.until == 100.0
    it.on_move(200.0, first=False)
    assert held(it) == (100.0 + HOUR, "2 switches in an hour already")
    it.on_move(300.0, first=False)
    assert it.until == 200.0 + HOUR


def test_the_later_of_the_two_holds() -> None:
    it = SwitchLimiter(HoldBack(min_stay=7200.0, switches_per_hour=1))
    it.on_move(0.0, first=False)
    assert held(it) == (7200.0, "min_stay 7200 s")
    it.apply_policy(HoldBack(min_stay=60.0, switches_per_hour=1))
    assert held(it) == (3600.0, "1 switch in an hour already")


def test_two_uplinks_that_could_take_over_in_turn_are_told_of_once_each() -> None:
    it = SwitchLimiter(STAY)
    it.on_move(0.0, first=False)
    before = {name: Notices() for name in "ab"}
    told = [it.tell(float(at), name, before[name]) for at in range(50) for name in "ab"]
    assert sum(map(len, told)) == 2


def test_a_changed_budget_goes_on_counting() -> None:
    it = SwitchLimiter(BUDGET)
    it.on_move(10.0, first=False)
    it.on_move(20.0, first=False)
    it.apply_policy(HoldBack(switches_per_hour=1))
    assert it.until == 20.0 + HOUR
    it.apply_policy(HoldBack())
    assert it.until == 20.0


# With the whole engine.


def failed_over(hold_back: HoldBack, rules: Policy | None = None) -> Net:
    """`a` was cut at 200 and mended at 210, when b had taken over."""
    net = Net(rules or policy(hold_back=hold_back)).run(200)
    net.flap("a", 10, net.now + 10)
    assert net.moves() == [("a", "b")]
    return net


def test_the_return_waits_for_the_minimum_stay_and_comes_at_that_moment_once() -> None:
    net = failed_over(STAY)
    (move,) = net.decisions()
    end = move.at + 120.0
    net.run(end - 0.01)
    assert net.state("a") is UplinkState.HEALTHY
    assert net.active() == "b"
    net.run(1000)
    assert net.moves() == [("a", "b"), ("b", "a")]
    assert net.decisions()[-1].at == NEAR(end, abs=1e-5)
    assert net.decisions()[-1].cause is Cause.PREFERENCE


def test_a_person_is_told_once_what_is_held_back() -> None:
    net = failed_over(STAY).run(1000)
    (notice,) = net.notices("delayed for")
    assert notice.level is Level.INFO
    assert notice.text.startswith("switch to a delayed for ")
    assert notice.text.endswith(" s (min_stay 120 s)")


@pytest.mark.parametrize("how", ["cut", "unplug"])
def test_a_failed_uplink_is_left_at_once_though_it_was_taken_a_moment_ago(how: str) -> None:
    lines = tuple(uplink(n, i) for i, n in enumerate("abc"))
    rules = policy(*lines, hold_back=replace(STAY, switches_per_hour=1))
    net = failed_over(STAY, rules)
    if how == "cut":
        net.cut("b")
    else:
        net.unplug("eth1")
    net.run(net.now + 6)
    assert net.moves() == [("a", "b"), ("b", "c")]
    assert net.decisions()[-1].cause is Cause.FAILOVER


def test_the_first_that_answers_is_used_at_once_whatever_holds() -> None:
    net = Net(policy(hold_back=HoldBack(min_stay=HOUR, switches_per_hour=1))).run(20)
    net.cut("a", "b")
    net.run(40)
    net.mend("b")
    net.run(43)
    assert net.moves() == [("a", "b")]
    assert net.decisions()[-1].cause is Cause.FIRST_ANSWER


def test_a_better_uplink_waits_too_for_the_current_one_carries_the_traffic() -> None:
    net = Net(policy(hold_back=STAY)).run(200)
    net.cut("a", "b")
    net.run(220)
    net.mend("a")
    net.run(225)
    net.mend("b")
    net.run(230)
    net.cut("a")
    net.run(240)
    assert net.moves() == [("a", "b")]
    net.mend("a")
    # b flaps so that a is healthy first: a move to it could as well be left.
    for _ in range(3):
        net.flap("b", 1.5, net.now + 15)
    assert (net.state("a"), net.state("b")) == (UplinkState.HEALTHY, UplinkState.RECOVERING)
    assert net.active() == "b"
    while net.now < net.decisions()[0].at + 130:
        net.flap("b", 1.5, net.now + 15)
    assert net.moves() == [("a", "b"), ("b", "a")]
    assert net.decisions()[-1].cause is Cause.BETTER
    assert net.decisions()[-1].at == NEAR(net.decisions()[0].at + 120, abs=1e-5)


def test_the_budget_holds_the_voluntary_move_and_counts_the_forced_one() -> None:
    net = Net(policy(hold_back=BUDGET)).run(20)
    net.flap("a", 10, 100)
    assert net.moves() == [("a", "b"), ("b", "a")]
    net.flap("a", 10, 200)
    assert net.moves()[2:] == [("a", "b")]
    # Three switches: the first two of them an hour ago free one each.
    net.run(1.5 * HOUR)
    assert net.moves()[3:] == [("b", "a")]
    second = net.decisions()[1].at
    assert net.decisions()[3].at == NEAR(second + HOUR, abs=1e-5)


def test_a_held_move_that_is_not_wanted_any_more_does_not_happen() -> None:
    net = failed_over(STAY)
    net.run(280)
    net.cut("a")
    net.run(1000)
    assert net.moves() == [("a", "b")]


def test_a_reload_that_changes_nothing_of_it_lets_nothing_slip_through() -> None:
    rules = policy(hold_back=STAY)
    net = failed_over(STAY).run(260)
    net.world.reload(replace(rules, ignore_linkdown=True))
    net.world.reload(rules)
    net.run(300)
    assert net.moves() == [("a", "b")]


def test_a_reload_that_swaps_two_others_lets_nothing_slip_through() -> None:
    a, b, c, d = (uplink(n, i) for i, n in enumerate("abcd"))
    swapped = (replace(d, metric=30), replace(c, metric=40))
    net = failed_over(STAY, policy(a, b, c, d, hold_back=STAY)).run(260)
    net.world.reload(policy(a, b, *swapped, hold_back=STAY))
    net.run(300)
    assert net.moves() == [("a", "b")]


def test_a_reload_that_changes_the_order_moves_at_once() -> None:
    a, b = uplink("a", 0), uplink("b", 1)
    net = Net(policy(a, b, hold_back=replace(STAY, switches_per_hour=1))).run(20)
    swapped = policy(replace(b, metric=10), replace(a, metric=20), hold_back=STAY)
    net.world.reload(swapped)
    assert net.moves() == [("a", "b")]
    assert net.decisions()[0].cause is Cause.RELOAD


def test_a_reload_with_a_shorter_stay_moves_when_that_is_over() -> None:
    net = failed_over(STAY).run(260)
    net.world.reload(policy(hold_back=HoldBack(min_stay=90.0)))
    net.run(400)
    assert net.moves() == [("a", "b"), ("b", "a")]
    assert net.decisions()[1].at == NEAR(net.decisions()[0].at + 90, abs=1e-5)


def test_an_order_is_never_held() -> None:
    net = failed_over(HoldBack(min_stay=HOUR, switches_per_hour=1)).run(260)
    assert net.active() == "b"
    net.world.switch("a")
    assert net.active() == "a"
    net.world.switch("b")
    assert net.active() == "b"


def test_an_uplink_that_left_the_policy_is_left_at_once() -> None:
    lines = tuple(uplink(n, i) for i, n in enumerate("abc"))
    net = failed_over(STAY, policy(*lines, hold_back=STAY))
    net.world.reload(policy(lines[0], lines[2], hold_back=STAY))
    net.run(net.now + 2)
    assert net.decisions()[-1].cause is Cause.REMOVED
    assert net.active() == "c"
