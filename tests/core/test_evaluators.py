"""Judges, and rules made of them, against one that looks at the whole history."""

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import inf

from hypothesis import example, given, settings
from hypothesis import strategies as st

from route_switcher.core.health.evaluators import Observations, Run, make_evaluator
from route_switcher.core.health.measurements import Measurements
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Within,
    leaves,
)
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Family
from support.histories import (
    DOWN,
    FAILED,
    GAP,
    GOOD,
    TARGET,
    UNKNOWN,
    UP,
    A,
    B,
    History,
    Told,
    fail_leaves,
    let_time_pass,
    merged,
    probes,
    recover_leaves,
    rule_health,
    trees,
)
from support.keys import v4

conditions = trees(st.one_of(fail_leaves, recover_leaves))
rtts = st.sampled_from([None, None, 0.0625, 0.0625, 0.25, 0.5])
pauses = st.sampled_from([0.0, 0.125, 0.5, 1.0, 1.0, 1.0, 2.0, 3.5])
happenings = st.lists(
    st.tuples(pauses, st.sampled_from(["a", "a", "b", "b", "link", "wait", "restart"]), rtts),
    max_size=40,
)


def facts_for(*trees: Condition) -> Observations:
    observations = Observations(UP, gap=inf, runs={"a": Run(), "b": Run()})
    for tree in trees:
        for leaf in leaves(tree):
            if isinstance(leaf, Beyond | Within):
                probe = A if leaf.probe == "a" else B
                key = leaf.probe, leaf.over
                observations.measurements[key] = Measurements(
                    probe, Family.IPV4, leaf.over, GAP, set()
                )
    return observations


def take(observations: Observations, told: Told) -> None:
    if not told.probe:
        observations.link = UP if told.carrier else DOWN
        return
    run = observations.runs[told.probe]
    if told.rtt is None:
        run.failures, run.successes = run.failures + 1, 0
    else:
        run.failures, run.successes = 0, run.successes + 1
    for (probe, _), measuring in observations.measurements.items():
        if probe == told.probe:
            measuring.add(told.at, [Answer(TARGET, told.rtt)])


@settings(max_examples=250, deadline=None)
@given(conditions, happenings)
def test_a_judge_says_what_the_whole_history_says(
    condition: Condition, happenings: list[tuple[float, str, float | None]]
) -> None:
    observations = facts_for(condition)
    judge, history = make_evaluator(condition, observations), History()
    verdicts: list[tuple[float, bool]] = [(0.0, judge.holds(0.0))]
    history.restarts.append(0.0)  # nobody asked before
    now = 0.0

    def ask(at: float) -> None:
        verdicts.append((at, judge.holds(at)))
        assert judge.deadline() > at, "a deadline that has passed would be asked for again"

    for pause, what, rtt in happenings:
        now += pause
        while judge.deadline() < now:
            ask(judge.deadline())
        if what == "restart":
            judge.restart()
            history.restarts.append(now)
        elif what != "wait":
            told = Told(now, "" if what == "link" else what, rtt, carrier=rtt is not None)
            last = [t.at for t in history.told if t.probe == told.probe]
            if last and last[-1] == now:
                continue  # two rounds of a probe, or two changes of the carrier, at one instant
            take(observations, told)
            history.told.append(told)
        ask(now)
    while judge.deadline() < inf:
        ask(judge.deadline())
    end = verdicts[-1][0] + 100
    said = [*verdicts, (end, verdicts[-1][1])]
    spans = merged(
        (begin, until) for (begin, held), (until, _) in pairwise(said) if held and begin < until
    )
    expected = [
        (max(begin, 0.0), min(until, end))
        for begin, until in history.spans(condition)
        if until > 0.0 and begin < end
    ]
    assert spans == expected


# Rules: random events at random times, whatever the conditions.


outcomes = st.sampled_from(["good", "good", "failed", "failed", "unknown", "pending", "link"])
events = st.lists(
    st.tuples(st.floats(0.0, 5.0, allow_nan=False), probes, outcomes, st.booleans()), max_size=40
)
rules = st.builds(
    Rule,
    st.just("r"),
    trees(fail_leaves),
    st.builds(Recover, st.sampled_from([0.0, 3.0]), st.one_of(st.none(), trees(recover_leaves))),
)


@settings(max_examples=150, deadline=None)
@given(rules, events)
def test_a_rule_never_asks_for_a_time_that_has_passed(
    rule: Rule, events: list[tuple[float, str, str, bool]]
) -> None:
    health = rule_health(rule)
    now = 100.0
    health.on_link(UP, now)
    for pause, probe, what, carrier in events:
        now += pause
        let_time_pass(health, now)
        rtt = 0.05 if what == "good" else None
        if what == "link":
            health.on_link(UP if carrier else DOWN, now)
        elif probe in health.rule.probes or not health.rule.probes:
            answer = Answer(TARGET, rtt, pending=what == "pending")
            outcome = {"good": GOOD, "pending": GOOD, "unknown": UNKNOWN}.get(what, FAILED)
            health.on_round(Round(now, v4("fibre"), probe, now, outcome, (answer,), "lost"))
            if what == "pending":
                told = (Answer(TARGET, 0.3 if carrier else None),)
                health.on_answers(Answers(now, v4("fibre"), probe, now, told))
        assert health.deadline() > now
    let_time_pass(health, now + 1000)
    assert health.deadline() == inf


@dataclass
class RuleReference:
    """The life of a rule, told by the whole history at every step; no round is ever missing."""

    rule: Rule
    history: History = field(default_factory=History)
    state: RuleState = RuleState.OK
    covered_from: float | None = None

    def holds(self, condition: Condition, at: float) -> bool:
        return any(begin <= at < end for begin, end in self.history.spans(condition))

    def may_still_fail(self, told: Told | None) -> bool:
        """Whether a failed round is one that the rule might come to fail by."""
        assert told is not None
        named = {
            leaf.probe
            for leaf in leaves(self.rule.fail)
            if isinstance(leaf, ConsecutiveFailures | Beyond)
        }
        latest = {t.probe: t for t in self.history.told if t.probe}
        links = [t.carrier for t in self.history.told if not t.probe]

        def might_hold(condition: Condition) -> bool:
            match condition:
                case AnyOf():
                    return any(map(might_hold, condition.conditions))
                case AllOf():
                    return all(map(might_hold, condition.conditions))
                case CarrierDown() | CarrierUp():
                    return bool(links) and not links[-1]
                case _:
                    return condition.probe in latest and latest[condition.probe].rtt is None

        return told.probe not in named or might_hold(self.rule.fail)

    def step(self, at: float, told: Told | None) -> None:
        """Something happened, or time passed."""
        if told is not None:
            self.history.told.append(told)
        fails = self.holds(self.rule.fail, at)
        good = told is not None and bool(told.probe) and told.rtt is not None
        carrier = any(isinstance(leaf, CarrierDown) for leaf in leaves(self.rule.fail))
        lost = told is not None and not told.probe and not told.carrier and carrier
        failed = told is not None and bool(told.probe) and told.rtt is None
        if (failed and self.may_still_fail(told)) or lost or (good and fails):
            self.covered_from = None
        elif good and self.covered_from is None:
            self.covered_from = at
        if fails:
            self.state = RuleState.FAILED
        elif good and self.state is RuleState.FAILED:
            self.state = RuleState.RECOVERING
        if good and not fails and self.state is RuleState.RECOVERING:
            recover = self.rule.recover
            covered = self.covered_from is not None and at - self.covered_from >= recover.stable
            if covered and (recover.condition is None or self.holds(recover.condition, at)):
                self.state = RuleState.OK


steady_events = st.lists(
    st.tuples(
        st.sampled_from([0.125, 0.5, 1.0, 1.0, 1.0, 2.0, 2.5]),
        st.sampled_from(["a", "a", "a", "b", "b", "b", "link", "unknown"]),
        st.sampled_from([None, None, 0.0625, 0.0625, 0.0625, 0.5]),
    ),
    max_size=60,
)


odd_helds = st.sampled_from([0.375, 0.75, 1.375, 2.25])


def nested(leaf: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
    """A `for` around parts that each have a `for` of their own, and perhaps another around that."""

    def around(parts: st.SearchStrategy[Condition]) -> st.SearchStrategy[Condition]:
        some = st.lists(parts, min_size=1, max_size=2).map(tuple)
        return st.builds(AnyOf, some, odd_helds) | st.builds(AllOf, some, odd_helds)

    held = st.builds(lambda part, seconds: replace(part, for_seconds=seconds), leaf, odd_helds)
    return around(held) | around(around(held))


quick_rounds = st.lists(
    st.tuples(
        st.sampled_from([0.125, 0.5, 1.0, 1.0, 2.0, 2.5]),
        st.sampled_from(["a", "wait", "wait", "wait", "b", "unknown"]),
        st.just(0.0625),
    ),
    min_size=6,
    max_size=30,
)
one_failure = ConsecutiveFailures("a", 1)


@settings(max_examples=200, deadline=None)
@given(
    trees(fail_leaves),
    st.builds(Recover, st.sampled_from([0.0, 2.0, 4.0]), st.none() | trees(recover_leaves)),
    steady_events,
)
def test_a_rule_fails_and_recovers_exactly_when_the_whole_history_says(
    fail: Condition, recover: Recover, events: list[tuple[float, str, float | None]]
) -> None:
    check_a_life(fail, recover, events)


@settings(max_examples=200, deadline=None)
@example(
    one_failure,
    AllOf((ConsecutiveSuccesses("a", 2, for_seconds=2.25),), for_seconds=0.375),
    [(1.0, "a", None), *[(1.0, "wait", None)] * 6],
)
@example(
    AnyOf(
        (
            one_failure,
            AllOf((AllOf((CarrierDown(for_seconds=2.25),), for_seconds=0.75),), for_seconds=0.375),
        )
    ),
    None,
    [(1.0, "a", None), (1.0, "link", None), *[(1.0, "wait", None)] * 6, (0.5, "link", 0.0625)],
)
@given(
    st.just(one_failure) | nested(fail_leaves),
    st.none() | nested(recover_leaves),
    quick_rounds.map(lambda rounds: [(1.0, "a", None), *rounds]),
)
def test_a_for_around_another_is_counted_from_when_the_inner_one_is_over(
    fail: Condition, recover: Condition | None, events: list[tuple[float, str, float | None]]
) -> None:
    check_a_life(fail, Recover(0.0, recover), events)


def check_a_life(
    fail: Condition, recover: Recover, events: list[tuple[float, str, float | None]]
) -> None:
    rule = Rule("r", fail, recover)
    health, reference = rule_health(rule), RuleReference(rule)
    reference.history.restarts.append(0.0)
    now, carrier = 0.0, True

    def wait(until: float) -> None:
        while health.deadline() < until:
            at = health.deadline()
            health.on_time(at)
            reference.step(at, None)
            assert health.state is reference.state

    def ask(at: float, probe: str, rtt: float | None) -> None:
        wait(at)
        outcome = FAILED if rtt is None else GOOD
        answers = (Answer(TARGET, rtt),)
        health.on_round(Round(at, v4("fibre"), probe, at, outcome, answers, "lost"))
        reference.step(at, Told(at, probe, rtt))

    health.on_link(UP, 0.0)
    for probe in sorted(rule.probes):
        ask(0.0, probe, 0.05)
    last = dict.fromkeys("ab", 0.0)
    for pause, what, rtt in events:
        now += pause
        for probe, before in (("a", 1 / 16), ("b", 1 / 32)):
            if probe in rule.probes and now - last[probe] > GAP - 2.5:
                # Its rounds go on, so that there is no gap; no two things at one instant.
                last[probe] = now - before
                ask(now - before, probe, 0.05 if carrier and what != probe else None)
        wait(now)
        if what == "link":
            carrier = rtt is not None
            health.on_link(UP if carrier else DOWN, now)
            reference.step(now, Told(now, carrier=carrier))
        elif what == "unknown":
            health.on_round(Round(now, v4("fibre"), "a", now, UNKNOWN))
        elif what in rule.probes and last[what] < now:
            last[what] = now
            ask(now, what, rtt if carrier else None)
        assert health.state is reference.state


def test_a_round_that_is_told_late_does_not_turn_time_back() -> None:
    fails = AnyOf((ConsecutiveFailures("a", 9), ConsecutiveFailures("b", 1)), for_seconds=2.0)
    health = rule_health(Rule("r", fails, Recover(5.0)))
    health.on_round(Round(1.0, v4("fibre"), "b", 0.5, FAILED, (), "no answer"))
    assert [c.after for c in health.on_time(3.0)] == [RuleState.FAILED]
    # It waited while the failover was carried out.
    assert health.on_round(Round(2.999, v4("fibre"), "a", 2.99, GOOD)) == []


def test_a_for_around_another_is_counted_on_while_the_rule_is_failed() -> None:
    inner = AnyOf((ConsecutiveFailures("b", 1, for_seconds=1.5),), for_seconds=0.75)
    health = rule_health(Rule("r", AnyOf((ConsecutiveFailures("a", 1), inner)), Recover(0.0)))
    health.on_round(Round(0.0, v4("fibre"), "a", 0.0, FAILED, (), "lost"))
    health.on_round(Round(1.0, v4("fibre"), "b", 1.0, FAILED, (), "lost"))
    health.on_round(Round(2.0, v4("fibre"), "a", 2.0, GOOD))
    assert health.state is not RuleState.FAILED
    health = rule_health(Rule("r", AnyOf((ConsecutiveFailures("a", 1), inner)), Recover(0.0)))
    health.on_round(Round(0.0, v4("fibre"), "a", 0.0, FAILED, (), "lost"))
    health.on_round(Round(0.5, v4("fibre"), "b", 0.5, FAILED, (), "lost"))
    # 0.5 s + 1.5 s + 0.75 s have gone by: it holds, though no event came in between.
    health.on_round(Round(2.875, v4("fibre"), "a", 2.875, GOOD))
    assert health.state is RuleState.FAILED


def test_a_late_look_at_the_time_does_not_put_off_the_outer_for() -> None:
    inner = AnyOf((CarrierDown(for_seconds=1.0),), for_seconds=1.0)
    health = rule_health(Rule("r", inner, Recover(0.0)))
    health.on_link(DOWN, 10.0)
    assert [c.after for c in health.on_time(12.5)] == [RuleState.FAILED]
