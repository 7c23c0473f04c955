"""Rules that share windows judge as each would with windows of its own."""

import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    Beyond,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Within,
)
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RuleState
from support.histories import (
    DOWN,
    FAILED,
    GOOD,
    JITTER,
    LATENCY,
    LOSS,
    TARGET,
    UNKNOWN,
    UP,
    UPLINK,
    A,
    B,
    LoneRule,
    fail_leaves,
    new_windows,
    recover_leaves,
    trees,
)
from support.keys import v4

rules = st.lists(
    st.builds(
        Rule,
        st.just("r"),
        trees(fail_leaves),
        st.builds(Recover, st.sampled_from([0.0, 3.0]), st.none() | trees(recover_leaves)),
    ),
    min_size=2,
    max_size=4,
).map(lambda found: tuple(replace(r, name=f"r{number}") for number, r in enumerate(found)))
events = st.lists(
    st.tuples(
        st.sampled_from([0.0625, 0.5, 1.0, 1.0, 1.0, 2.0, 3.5]),
        st.sampled_from(["a", "a", "b", "pending", "link", "wait", "unknown"]),
        st.sampled_from([None, None, 0.0625, 0.0625, 0.25, 0.5]),
    ),
    max_size=60,
)


def rule_states(health: UplinkHealth) -> dict[str, RuleState]:
    return {rule.name: rule.state for rule in health.rules()}


def policy(*its: Rule) -> Policy:
    return Policy((UPLINK,), (A, B), its, ignore_linkdown=False)


def uplink(*its: Rule) -> UplinkHealth:
    return UplinkHealth(UPLINK, policy(*its), UP, True, {A.name: set(), B.name: set()})


def a_round(at: float, probe: str, rtt: float | None, *, pending: bool = False) -> Round:
    outcome = FAILED if rtt is None and not pending else GOOD
    answer = Answer(TARGET, None if pending else rtt, pending=pending)
    return Round(at, v4(UPLINK.name), probe, at, outcome, (answer,), "lost")


@settings(max_examples=200, deadline=None)
@given(rules, events)
def test_every_rule_judges_as_with_windows_of_its_own(
    its: tuple[Rule, ...], events: list[tuple[float, str, float | None]]
) -> None:
    together = uplink(*its)
    alone = [
        LoneRule(UPLINK, rule, (A, B), UP, new_windows(A, B), RuleState.UNKNOWN)
        for rule in policy(*its).rules_for(UPLINK.name)
    ]

    def compare() -> None:
        assert rule_states(together) == {rule.rule.name: rule.state for rule in alone}
        assert together.deadline() == min(rule.deadline() for rule in alone)

    def wait(until: float) -> None:
        while (due := together.deadline()) < until:
            together.on_time(due)
            for rule in alone:
                rule.on_time(due)
            compare()

    now = 100.0
    for pause, what, rtt in events:
        now += pause
        wait(now)
        if what == "link":
            link = UP if rtt is not None else DOWN
            together.on_link(link, now)
            for rule in alone:
                rule.on_link(link, now)
        elif what != "wait":
            probe = what if what == "b" else "a"
            told = a_round(now, probe, rtt, pending=what == "pending")
            if what == "unknown":
                told = replace(told, outcome=UNKNOWN)
            later = Answers(now, v4(UPLINK.name), probe, now, (Answer(TARGET, rtt),))
            counting = [rule for rule in alone if rule.counts(probe)]
            together.on_round(told)
            for rule in counting:
                rule.on_round(told)
            if what == "pending":
                together.on_answers(later)
                for rule in counting:
                    rule.on_answers(later)
        compare()
    wait(now + 100)


def test_what_held_before_a_round_is_judged_without_it() -> None:
    """The inner `for` is over at 105.75 s, when the window still had a loss in it."""
    clean = Within(LOSS, "a", 0.0, 5.0)
    proven = AllOf((clean, ConsecutiveSuccesses("b", 1, for_seconds=0.5)), for_seconds=0.125)
    fails = ConsecutiveFailures("b", 1)
    health = uplink(*(Rule(f"r{n}", fails, Recover(0.0, proven)) for n in range(2)))
    rounds: list[tuple[float, str, float | None]] = [
        (100.0, "a", None),
        (101.0, "a", None),
        *((at, "a", 0.05) for at in range(102, 106)),
    ]
    rounds += [(104.5, "b", None), (105.25, "b", 0.05)]
    for at, probe, rtt in sorted(rounds):
        health.on_round(a_round(at, probe, rtt))
    health.on_round(a_round(106.0, "a", 0.05))
    assert rule_states(health)["r0"] is RuleState.RECOVERING
    assert rule_states(health)["r1"] is RuleState.RECOVERING
    health.on_round(a_round(107.0, "a", 0.05))
    assert rule_states(health)["r0"] is RuleState.OK


def lossy(name: str, over: float = 60.0) -> Rule:
    return Rule(name, Beyond(LOSS, "a", 0.2, over), Recover(0.0, Within(LOSS, "a", 0.1, over)))


OVER, PERIOD = 30.0, 0.01


def memory_of(*its: Rule, before: tuple[Rule, ...] = ()) -> int:
    """Bytes that full windows take; with rules `before` that were there until a reload."""
    tracemalloc.start()
    try:
        health = uplink(*(before or its))
        if before:
            reload(health, 99.0, before, *its)
        for n in range(int(1.5 * OVER / PERIOD)):
            health.on_round(a_round(100 + n * PERIOD, "a", 0.02))
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("before", [(), (lossy("old", OVER),)], ids=["start", "reload"])
def test_five_windows_of_one_probe_and_length_are_kept_once(before: tuple[Rule, ...]) -> None:
    one, *others = (
        Rule(f"r{n}", Beyond(each, "a", 0.9, OVER), Recover(0.0, Within(LATENCY, "a", 1, OVER)))
        for n, each in enumerate((LOSS, LATENCY, JITTER, LATENCY, LOSS))
    )
    of_one = memory_of(one, before=before)
    assert of_one > OVER / PERIOD * 34, "the window is full"
    assert memory_of(one, *others, before=before) < 1.2 * of_one


def reload(health: UplinkHealth, at: float, before: tuple[Rule, ...], *after: Rule) -> None:
    suspects: dict[str, set[Target]] = {A.name: set(), B.name: set()}
    health.apply_policy(UPLINK, policy(*before), policy(*after), suspects, at)


def test_what_was_lost_before_a_rule_came_does_not_fail_it() -> None:
    """The unchanged rule keeps its window, and fails as soon as it is above its limit."""
    unchanged, changed = lossy("unchanged"), lossy("changed")
    health = uplink(unchanged, changed)
    for at in range(100, 200):
        health.on_round(a_round(at, "a", None if 180 <= at < 192 else 0.05))
    assert set(rule_states(health).values()) == {RuleState.OK}
    stricter = replace(changed, fail=Beyond(LOSS, "a", 0.1, 60.0))
    reload(health, 199.5, (unchanged, changed), unchanged, stricter, lossy("new"))
    # Six seconds of sixty: the first round of a window only begins its time.
    for at in range(200, 207):
        health.on_round(a_round(at, "a", None))
        assert health.failed_rules() == ("unchanged",)
    health.on_round(a_round(207, "a", None))
    assert health.failed_rules() == ("unchanged", "changed")


def test_a_shared_window_leaps_once() -> None:
    one, five = uplink(lossy("r0")), uplink(*(lossy(f"r{n}") for n in range(5)))
    for health in (one, five):
        for at in range(100, 200):
            health.on_round(a_round(at, "a", 0.05))
            health.on_round(a_round(at, "b", 0.05))
        assert health.at_rest
        health.fast_forward(1000.0)
        for at in range(1200, 1212):
            health.on_round(a_round(at, "a", None))
        assert health.failed_rules() == ()
        health.on_round(a_round(1212, "a", None))
        assert "r0" in health.failed_rules()
    assert len(five.failed_rules()) == 5
