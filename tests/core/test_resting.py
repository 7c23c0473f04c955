"""A simulation leaps over what changes nothing: an engine that leapt says what a fed one says.

Two worlds go through the same course of events. Whenever the engine is at rest, and all that comes
is what the latest rounds were, one of them lives through every round, and the other leaps.
"""

from dataclasses import replace
from math import inf

from hypothesis import event, given, settings
from hypothesis import strategies as st

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.conditions import (
    AnyOf,
    Beyond,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
)
from route_switcher.core.vocabulary.events import (
    Answer,
    Answers,
    Applied,
    LinkState,
    Round,
    Routes,
    Start,
)
from route_switcher.core.vocabulary.outputs import Decision, Output
from route_switcher.core.vocabulary.policy import HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.states import RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import UplinkId
from support.answering import RTT, S1, S2, T1, T2, T3, Net, policy, probe
from support.keys import v4
from support.standing import standing_route
from support.twins import LINES, NAMES, Twin, hold_backs, policies
from support.world import uplink

GOOD, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.UNKNOWN
CALM = 30.0
"""Seconds in which a world may come to rest after it was mended."""


deeds = st.sampled_from(
    (
        *("cut", "cut", "mend", "slow", "unasked", "dead", "unplug", "plug", "order", "release"),
        *("reload", "other", "heal", "heal", "heal", "leap", "leap"),
    )
)
steps = st.lists(
    st.tuples(st.sampled_from([0.0, 0.125, 1.0, 2.5, 7.0, 12.0]), deeds, st.sampled_from(NAMES)),
    min_size=4,
    max_size=16,
)


def uplinks_of(net: Net) -> set[UplinkId]:
    return {uplink.id for uplink in net.world.policy.uplinks}


def fast_forward(fed: Twin, leapt: Twin, periods: int) -> None:
    """Let one live through what the other leaps over, if they are at rest."""
    limit = fed.now + CALM
    while fed.now < limit:
        at = fed.now
        rests = fed.world.engine.at_rest(at)
        assert rests == leapt.world.engine.at_rest(at)
        seconds = periods * fed.period()
        assert fed.world.engine.rest_until == leapt.world.engine.rest_until
        if rests and fed.calm() and at + seconds < fed.world.engine.rest_until:
            event("leapt")
            told = len(fed.outputs)
            # A packet under way that is late would be missing.
            fed.run(at + seconds)
            leapt.world.fast_forward(seconds, uplinks_of(leapt))
            assert fed.outputs[told:] == []
            assert fed.now == leapt.now
            assert leapt.world.engine.at_rest(leapt.now)
            return
        for net in (fed, leapt):
            net.run(at + 0.625)


@settings(max_examples=80, deadline=None)
@given(policies, hold_backs, steps, st.integers(1, 20))
def test_an_engine_that_leapt_over_its_rest_says_what_a_fed_one_says(
    rules: Policy, hold_back: HoldBack, steps: list[tuple[float, str, str]], periods: int
) -> None:
    other = replace(rules, hold_back=hold_back)
    fed, leapt = Twin(rules), Twin(rules)
    known = {line.name for line in rules.uplinks}
    for pause, what, name in [*steps, (1.0, "heal", "a"), (9.0, "leap", "a"), *steps[:5]]:
        if name not in known:
            continue
        if what == "leap":
            fast_forward(fed, leapt, periods)
        for net in (fed, leapt):
            net.do(what, name, rules, other)
            net.run(net.now + pause)
        assert fed.outputs == leapt.outputs
        assert fed.world.engine.plans() == leapt.world.engine.plans()
        assert fed.world.engine.deadline() == leapt.world.engine.deadline()


# What a leap must not pass over, one by one.


def test_a_world_where_nothing_happens_comes_to_rest_and_stays_so() -> None:
    net = Net(policy()).run(0)
    assert not net.world.engine.at_rest(0)
    net.run(5)
    assert net.world.engine.at_rest(5)


def rest(twins: list[Twin], seconds: float) -> None:
    """One lives through some time; the other leaps over it, if it is at rest."""
    fed, leapt = twins
    if leapt.world.engine.at_rest(leapt.now):
        leapt.world.fast_forward(seconds, uplinks_of(leapt))
    else:
        leapt.run(leapt.now + seconds)
    fed.run(fed.now + seconds)


def test_a_run_of_successes_that_a_recovery_will_ask_for_is_counted_on() -> None:
    # It fails by its one target, and recovers by the other probe, which has more.
    recover = Recover(0.0, ConsecutiveSuccesses("b", 40))
    counting = Rule("r", ConsecutiveFailures("a", 2), recover)
    its = (probe(T1, name="a"), probe(T1, T2, name="b"))
    twins = [Twin(policy(*LINES[:2], probes=its, rules=(counting,))) for _ in range(2)]
    for net in twins:
        net.run(10.5)
    rest(twins, 90.0)
    for net in twins:
        net.dead.add(T1)
        net.run(104.5)
        net.dead.clear()
        net.run(130)
    fed, leapt = twins
    assert fed.outputs == leapt.outputs
    assert fed.state("a") is UplinkState.HEALTHY


def test_rounds_at_another_pace_in_a_window_are_no_rest() -> None:
    slow = Rule("r", Beyond(Measure.LOSS, "internet", 0.3, 20.0), Recover(5.0))
    rules = policy(probes=(probe(T1, timeout=0.5, standby=8.0),), rules=(slow,))
    twins = [Twin(rules) for _ in range(2)]
    for net in twins:
        net.run(24.5)
    rest(twins, 80.0)
    for net in twins:
        net.cut("b")
        net.run(net.now + 60)
    fed, leapt = twins
    assert fed.outputs == leapt.outputs


class Told:
    """An engine that a test tells of every round: two uplinks, three targets, quorum any."""

    def __init__(self, *rules: Rule) -> None:
        its = policy(probes=(probe(T1, T2, T3),), rules=rules or policy().rules)
        self.engine = Engine(its)
        self.outputs: list[Output] = []
        links = tuple(LinkState(u.interface) for u in its.uplinks)
        self.engine.handle(Start(0.0, links, ()))
        routes = tuple(standing_route(u) for u in its.uplinks)
        added = tuple(RouteAction(Change.ADD, route, "as planned") for route in routes)
        self.engine.handle(Applied(0.0, added))
        self.engine.handle(Routes(0.0, routes))

    def round(self, at: float, name: str, *dead: Target, outcome: RoundOutcome = GOOD) -> None:
        answers = tuple(Answer(t, None if t in dead else RTT) for t in (T1, T2, T3))
        known = answers if outcome is not UNKNOWN else ()
        self.outputs += self.engine.handle(
            Round(at, v4(name), "internet", at, outcome, known, "delayed" if not known else "")
        )

    def both(self, begin: int, end: int, *dead: Target) -> None:
        for at in range(begin, end):
            for name in "ab":
                self.round(at, name, *dead)


def test_a_target_of_which_a_person_is_still_to_be_told_is_no_rest() -> None:
    it = Told()
    it.both(1, 10)
    it.both(10, 20, T3)
    late = Answers(19.5, v4("a"), "internet", 19.0, (Answer(T3, 1.5),))
    it.engine.handle(late)  # T3 answers again, and the next round will say so
    before = len(it.outputs)
    rests = it.engine.at_rest(19.5)
    it.both(20, 21)
    assert not (rests and len(it.outputs) > before)


def test_an_uplink_of_which_nothing_is_known_now_is_no_rest() -> None:
    it = Told()
    it.both(1, 10)
    assert it.engine.at_rest(10.0)
    it.round(10.0, "a")
    it.round(10.0, "b", outcome=UNKNOWN)
    # Good rounds like the latest would put off the warning; a leap cannot know.
    assert not it.engine.at_rest(10.5)


def test_what_begins_to_fail_or_recovers_or_is_not_at_its_best_is_no_rest() -> None:
    net = Net(policy()).run(30)
    engine = net.world.engine
    assert engine.at_rest(net.now)
    net.cut("b")
    net.run(32)
    assert not engine.at_rest(net.now)
    net.run(40)
    assert net.state("b") is UplinkState.FAILED
    assert engine.at_rest(net.now)
    net.mend("b")
    net.run(50)
    assert net.state("b") is UplinkState.RECOVERING
    assert not engine.at_rest(net.now)
    net.run(80)
    assert engine.at_rest(net.now)
    net.world.switch("a")
    assert not engine.at_rest(net.now)
    net.world.release("a")
    assert engine.at_rest(net.now)


def test_an_uplink_that_stays_failed_rests_once_nothing_counts_any_more() -> None:
    lossy = Rule("r", Beyond(Measure.LOSS, "internet", 0.3, 60.0), Recover(5.0))
    twins = [Twin(policy(rules=(*policy().rules, lossy))) for _ in range(2)]
    for net in twins:
        net.run(80)
        net.cut("a")
        net.run(110)
        assert net.state("a") is UplinkState.FAILED
        # The window of its loss still has answers.
        assert not net.world.engine.at_rest(net.now)
        net.run(170)
        assert net.world.engine.at_rest(net.now)
    rest(twins, 1000.0)
    fed, leapt = twins
    assert fed.outputs == leapt.outputs
    assert fed.world.status() == leapt.world.status()
    for net in twins:
        net.mend("a")
        net.run(1300)
    assert fed.outputs == leapt.outputs
    assert fed.state("a") is UplinkState.HEALTHY
    assert fed.world.engine.deadline() == leapt.world.engine.deadline()


def test_while_no_uplink_answers_it_rests_a_minute_later_and_asks_each_second() -> None:
    net = Net(policy()).run(30)
    for name in "abc":
        net.cut(name)
    net.run(60)
    assert not net.world.engine.at_rest(net.now)
    net.run(300)
    assert net.world.engine.at_rest(net.now)
    assert net.world.engine.asks


def test_a_leap_puts_off_the_warning_of_silence_and_spends_no_time_of_it() -> None:
    net = Net(policy()).run(30)
    before = net.world.engine.deadline()
    net.world.fast_forward(1000, uplinks_of(net))
    assert net.world.engine.deadline() == before + 1000
    assert before < inf
    assert not [o for o in net.outputs if isinstance(o, Decision) and o.previous is not None]


def test_a_condition_that_waits_is_no_rest() -> None:
    lasting = Rule(
        "r",
        AnyOf((Beyond(Measure.LATENCY, "internet", 0.1, 5.0, for_seconds=60.0), _NEVER)),
        Recover(0.0),
    )
    net = Net(policy(probes=(probe(),), rules=(lasting,))).run(30)
    assert net.world.engine.at_rest(net.now)
    net.fates = lambda name, target: 0.3 if name == "b" else RTT
    net.run(45)
    assert net.state("b") is UplinkState.HEALTHY
    assert not net.world.engine.at_rest(net.now)


_NEVER = ConsecutiveFailures("internet", 99)


def test_the_other_family_has_to_rest_too() -> None:
    six = (uplink("six", 2, version=6), uplink("seven", 3, version=6))
    its: tuple[Probe, ...] = (probe(T1, S1, S2),)
    net = Net(policy(*LINES[:2], *six, probes=its)).run(30)
    assert net.world.engine.at_rest(net.now)
    net.cut("seven")
    net.run(32)
    assert not net.world.engine.at_rest(net.now)
    net.run(40)
    assert net.world.engine.at_rest(net.now)
    net.mend("seven")
    net.run(45)
    assert not net.world.engine.at_rest(net.now)


def test_an_order_in_one_family_is_no_rest() -> None:
    v4 = uplink("a", 0), uplink("b", 1)
    v6 = uplink("a6", 0, version=6), uplink("b6", 1, version=6)
    net = Net(policy(*v4, *v6, probes=(probe(T1, S1),))).run(30)
    engine = net.world.engine
    assert engine.at_rest(net.now)
    for name in ("a", "a6"):
        net.world.switch(name)
        assert not engine.at_rest(net.now)
        net.world.release(name)
        assert engine.at_rest(net.now)
