"""How fast the rounds through each uplink go: slowly only where nothing depends on them now."""

from dataclasses import replace
from ipaddress import ip_address
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.conditions import Beyond, ConsecutiveFailures, Measure
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import Speed, UplinkState
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from support.answering import NO_INTERNET, UNPLUGGED, Net, policy, probe
from support.world import uplink

NORMAL, STANDBY, DOWN = Speed.NORMAL, Speed.STANDBY, Speed.DOWN
SLOW = probe(timeout=0.25, fast=0.25, down=10.0, standby=30.0)
A, B, C = (uplink(n, i) for i, n in enumerate("abc"))


def rules(
    *uplinks: Uplink, judged_by: tuple[Rule, ...] | None = None, hold_back: HoldBack | None = None
) -> Policy:
    its = (NO_INTERNET, UNPLUGGED) if judged_by is None else judged_by
    return policy(*(uplinks or (A, B)), probes=(SLOW,), rules=its, hold_back=hold_back)


def test_a_healthy_uplink_behind_a_healthy_active_one_stands_by() -> None:
    net = Net(rules()).run(10)
    assert net.speeds("a") == []
    ((_, speed),) = net.speeds("b")
    assert speed is STANDBY


def test_the_speeds_of_a_failover_and_of_the_return() -> None:
    net = Net(rules()).run(100)
    net.cut("a")
    net.run(102)
    # At once: a is failed and asked rarely; b, active now, as often as it was.
    assert (net.speed("a"), net.speed("b")) == (DOWN, NORMAL)
    assert net.active() == "b"
    net.run(120)
    net.mend("a")
    net.run(131)
    assert net.state("a") is UplinkState.RECOVERING
    assert net.speed("a") is NORMAL
    net.run(160)
    assert net.active() == "a"
    assert (net.speed("a"), net.speed("b")) == (NORMAL, STANDBY)
    assert [speed for _, speed in net.speeds("a")] == [DOWN, NORMAL]
    assert [speed for _, speed in net.speeds("b")] == [STANDBY, NORMAL, STANDBY]


def test_no_change_is_told_twice() -> None:
    net = Net(rules()).run(100)
    for _ in range(5):
        net.flap("a", 10, net.now + 60)
    for name in "ab":
        told = [NORMAL, *(speed for _, speed in net.speeds(name))]
        assert all(x is not y for x, y in pairwise(told))


def test_the_one_that_is_active_for_want_of_a_better_one_keeps_the_others_at_normal_speed() -> None:
    net = Net(rules(A, B, C)).run(100)
    net.cut("a", "b", "c")
    net.run(200)
    assert [net.speed(n) for n in "abc"] == [DOWN, DOWN, DOWN]
    net.mend("c")
    net.run(215)
    assert net.active() == "c"
    assert net.state("c") is UplinkState.RECOVERING
    net.mend("b")
    net.run(227)
    assert [net.speed(n) for n in "abc"] == [DOWN, NORMAL, NORMAL]


def test_when_the_active_one_fails_all_that_could_follow_go_at_normal_speed() -> None:
    # b's latest answer is of before the cut: both are asked at once, and only c answers.
    net = Net(rules(A, B, C)).run(100)
    assert [net.speed(n) for n in "abc"] == [NORMAL, STANDBY, STANDBY]
    net.cut("a", "b")
    net.run(100.8)
    assert net.state("a") is UplinkState.FAILED
    net.run(102)
    assert net.active() == "c"
    net.run(110)
    assert [net.speed(n) for n in "abc"] == [DOWN, DOWN, NORMAL]


def test_one_that_is_preferred_to_the_active_one_does_not_stand_by() -> None:
    damped = HoldBack(damping=Damping(600.0, 2.0, 1.0, 2400.0))
    net = Net(rules(hold_back=damped)).run(100)
    for _ in range(3):
        net.flap("a", 12, net.now + 40)
    net.run(net.now + 20)
    assert (net.active(), net.state("a")) == ("b", UplinkState.HEALTHY)
    assert net.speed("a") is NORMAL


def test_a_dead_standby_uplink_is_found_at_the_standby_speed_whatever_has_to_hold() -> None:
    lasting = Rule("lasting", ConsecutiveFailures("internet", 3, for_seconds=10.0), Recover(20.0))
    net = Net(rules(judged_by=(lasting,))).run(100)
    net.cut("b")
    net.run(300)
    assert net.state("b") is UplinkState.FAILED


def test_a_brown_out_of_a_standby_uplink_is_found() -> None:
    slow = Rule(
        "slow", Beyond(Measure.LATENCY, "internet", 0.1, 30.0, for_seconds=60.0), Recover(20.0)
    )
    net = Net(rules(judged_by=(slow,))).run(100)
    net.fates = lambda name, target: 0.2 if name == "b" else 0.02
    net.run(400)
    assert net.state("b") is UplinkState.FAILED


def test_the_families_have_speeds_of_their_own() -> None:
    six = uplink("six", 2, version=6)
    both = probe(*SLOW.targets, *probe().targets, timeout=0.25, fast=0.25, standby=30.0)
    targets = (*SLOW.targets, Target.at(ip_address("2001:db8:3::1")))
    net = Net(policy(A, B, six, probes=(replace(both, targets=targets),))).run(50)
    assert [net.speed(n) for n in ("a", "b", "six")] == [NORMAL, STANDBY, NORMAL]
    net.cut("six")
    net.run(60)
    assert [net.speed(n) for n in ("a", "b", "six")] == [NORMAL, STANDBY, DOWN]
    assert net.active(Family.IPV6) == "six"


# A reload changes states without a word; the speeds must follow.


def test_an_uplink_that_a_reload_frees_from_its_failed_rule_is_not_asked_rarely_any_more() -> None:
    strict = Rule("strict", ConsecutiveFailures("internet", 1), Recover(20.0))
    net = Net(rules(judged_by=(NO_INTERNET, UNPLUGGED, strict))).run(100)
    net.cut("b")
    while net.speed("b") is not DOWN:
        net.run(net.now + 0.125)
    # The strict rule goes, and the other has not counted enough.
    net.world.reload(rules())
    assert net.state("b") is UplinkState.HEALTHY
    assert net.speed("b") is STANDBY


def test_an_uplink_that_a_reload_puts_on_another_line_recovers_at_normal_speed() -> None:
    net = Net(rules()).run(100)
    net.cut("b")
    net.run(140)
    assert net.speed("b") is DOWN
    net.world.reload(rules(A, replace(B, interface="eth7")))
    net.mend("b")
    assert net.state("b") is UplinkState.RECOVERING
    assert net.speed("b") is NORMAL
    net.run(200)
    assert net.state("b") is UplinkState.HEALTHY


def test_an_uplink_that_a_reload_prefers_to_the_active_one_does_not_stand_by() -> None:
    net = Net(rules()).run(100)
    net.fates = lambda name, target: "not now" if name == "b" else 0.02
    net.run(200)  # nothing is known of b for long: it cannot be moved to at once
    swapped = (replace(B, metric=10), replace(A, metric=20))
    net.world.reload(rules(*swapped))
    assert net.active() == "a"
    assert net.speed("b") is NORMAL


def test_speeds_do_not_outlive_their_uplink() -> None:
    net = Net(rules()).run(100)
    net.cut("b")
    net.run(140)
    net.world.reload(rules(A))
    net.world.reload(rules())
    net.mend("b")
    net.run(200)
    assert net.state("b") is UplinkState.HEALTHY
    assert net.speed("b") is STANDBY


steps = st.lists(
    st.tuples(
        st.floats(0.1, 40, allow_nan=False),
        st.sampled_from(["cut", "mend", "unplug", "plug", "order", "release", "reload", "swap"]),
        st.sampled_from("abc"),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(steps)
def test_the_speeds_are_always_what_health_and_the_selection_say(
    steps: list[tuple[float, str, str]],
) -> None:
    straight = rules(A, B, C)
    swapped = rules(replace(C, metric=10), replace(B, metric=20), replace(A, metric=30))
    now = straight
    net = Net(now)
    for pause, what, name in steps:
        net.run(net.now + pause)
        match what:
            case "cut":
                net.cut(name)
            case "mend":
                net.mend(name)
            case "unplug":
                net.unplug({"a": "eth0", "b": "eth1", "c": "eth2"}[name])
            case "plug":
                link = net.world.link_of({"a": "eth0", "b": "eth1", "c": "eth2"}[name])
                net.world.set_links(replace(link, carrier=True))
            case "order":
                net.world.switch(name, seconds=60)
            case "release":
                net.world.release(name)
            case "reload":
                net.world.reload(now)
            case "swap":
                now = swapped if now is straight else straight
                net.world.reload(now)
        active = net.active()
        order = [u.name for u in now.uplinks]
        settled = active is not None and net.state(active) is UplinkState.HEALTHY
        for each in order:
            state = net.state(each)
            if state is UplinkState.FAILED:
                expected = DOWN
            elif (
                active is not None
                and settled
                and state is UplinkState.HEALTHY
                and order.index(each) > order.index(active)
            ):
                expected = STANDBY
            else:
                expected = NORMAL
            assert net.speed(each) is expected
