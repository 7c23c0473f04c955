"""Targets that fail through every uplink are left out: their outage is theirs."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from route_switcher.core.engine import Engine
from route_switcher.core.health.suspect_targets import WORTH_TELLING, SuspectTargets
from route_switcher.core.vocabulary.conditions import Beyond, Measure
from route_switcher.core.vocabulary.effects import ProbeNow
from route_switcher.core.vocabulary.events import (
    Answer,
    Answers,
    LinkState,
    Refused,
    Round,
    Routes,
    Start,
)
from route_switcher.core.vocabulary.outputs import Level, Notice
from route_switcher.core.vocabulary.policy import Recover, Rule
from route_switcher.core.vocabulary.probes import Probe, Quorum, Target
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.states import RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import Family
from support.answering import RTT, S1, S2, T1, T2, T3, Net, policy, probe
from support.keys import v4, v6
from support.standing import standing_route
from support.world import uplink

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
V4 = Family.IPV4
PROBE = probe(T1, T2, T3, quorum="all")
GAP = 3.0


class Witness:
    """The suspects of one probe, told of rounds through any uplinks."""

    def __init__(self, the_probe: Probe = PROBE) -> None:
        self.suspects = SuspectTargets()
        uplinks = (uplink("a", 0), uplink("b", 1), uplink("c", 2))
        self.suspects.apply_policy(policy(*uplinks, probes=(the_probe,)))
        self.notices: list[Notice] = []
        self.asked: list[str] = []
        """Through which uplinks rounds were asked for."""

    def tell(self, at: float, name: str, answers: Mapping[Target, object]) -> Round:
        """None: no answer; a number: a round-trip time; a word: pending, or not asked."""
        known = tuple(
            Answer(
                target,
                rtt if isinstance(rtt, float) else None,
                "no answer",
                pending=rtt == "pending",
                asked=rtt != "not asked",
            )
            for target, rtt in answers.items()
        )
        outcome = GOOD if all(isinstance(r, float) for r in answers.values()) else FAILED
        event = Round(at, v4(name), "internet", at, outcome, known, "no answer")
        judged, outputs = self.suspects.on_round(event, V4)
        self.notices += [o for o in outputs if isinstance(o, Notice)]
        self.asked += [o.uplink.name for o in outputs if isinstance(o, ProbeNow)]
        return judged

    @property
    def found(self) -> set[Target]:
        return set(self.suspects.of(V4)["internet"])


WITHOUT_T3 = {T1: RTT, T2: RTT, T3: None}


def test_two_uplinks_must_witness() -> None:
    it = Witness()
    assert it.tell(0, "a", WITHOUT_T3).outcome is FAILED
    assert not it.found
    assert it.tell(0.1, "b", WITHOUT_T3).outcome is GOOD
    assert it.found == {T3}
    assert it.tell(1, "a", WITHOUT_T3).outcome is GOOD


def test_an_uplink_through_which_nothing_answers_is_no_witness() -> None:
    it = Witness()
    it.tell(0, "a", WITHOUT_T3)
    it.tell(0.1, "b", {T1: None, T2: None, T3: None})
    assert not it.found


def test_a_target_that_answers_anywhere_is_not_suspect() -> None:
    it = Witness()
    it.tell(0, "a", WITHOUT_T3)
    it.tell(0.1, "b", {T1: RTT, T2: RTT, T3: RTT})
    it.tell(0.2, "c", WITHOUT_T3)
    assert not it.found


def test_a_target_that_alone_answers_through_one_uplink_is_not_suspect() -> None:
    it = Witness()
    it.tell(0, "c", {T1: None, T2: None, T3: RTT})
    it.tell(0.1, "a", WITHOUT_T3)
    it.tell(0.2, "b", WITHOUT_T3)
    assert not it.found


def test_it_returns_with_one_answer() -> None:
    it = Witness()
    for name in "abc":
        it.tell(0, name, WITHOUT_T3)
    assert it.found == {T3}
    it.tell(1, "b", {T1: RTT, T2: RTT, T3: RTT})
    assert not it.found
    assert it.tell(1.1, "a", WITHOUT_T3).outcome is FAILED


def test_it_returns_with_an_answer_that_was_told_later() -> None:
    it = Witness()
    it.tell(0, "a", WITHOUT_T3)
    it.tell(0, "b", WITHOUT_T3)
    assert it.found
    it.suspects.on_answers(Answers(0.8, v4("b"), "internet", 0, (Answer(T3, 0.8),)), V4)
    assert not it.found


def test_an_answer_after_the_timeout_is_none() -> None:
    it = Witness()
    for at in range(5):
        for name in "ab":
            judged = it.tell(at, name, WITHOUT_T3)
            late = Answers(at + 1.5, v4(name), "internet", at, (Answer(T3, 1.5),))
            it.suspects.on_answers(late, V4)
        assert (judged.outcome, it.found) == (GOOD, {T3})


def test_an_uplink_that_left_the_policy_witnesses_nothing() -> None:
    it = Witness()
    it.tell(0, "c", {T1: RTT, T2: RTT, T3: RTT})
    it.suspects.apply_policy(policy(uplink("a", 0), uplink("b", 1), probes=(PROBE,)))
    it.tell(1, "a", WITHOUT_T3)
    it.tell(1, "b", WITHOUT_T3)
    assert it.found == {T3}


def test_a_witness_of_long_ago_is_asked_when_some_answers_are_lacking() -> None:
    it = Witness(replace(PROBE, standby_interval=30.0))
    it.tell(0, "b", {T1: RTT, T2: RTT, T3: RTT})
    it.tell(0, "c", {T1: None, T2: None, T3: None})
    it.tell(10, "a", {T1: RTT, T2: RTT, T3: RTT})
    it.tell(11, "a", {T1: None, T2: None, T3: None})
    assert it.asked == []
    it.tell(12, "a", WITHOUT_T3)
    assert it.asked == ["b"]
    it.tell(12.5, "b", WITHOUT_T3)
    it.tell(13, "a", WITHOUT_T3)
    assert (it.asked, it.found) == (["b"], {T3})


def test_the_last_target_never_leaves() -> None:
    it = Witness(probe(T1, T2, quorum="all"))
    # Each fails where the other answers, but never on all.
    it.tell(0, "a", {T1: None, T2: RTT})
    it.tell(0, "b", {T1: None, T2: RTT})
    assert it.found == {T1}
    assert it.tell(1, "a", {T1: None, T2: None}).outcome is FAILED
    assert it.tell(1, "b", {T1: None, T2: None}).outcome is FAILED
    assert len(it.found) < 2


@pytest.mark.parametrize(
    ("quorum", "answers", "outcome"),
    [
        ("all", {T1: RTT, T2: RTT, T3: None}, GOOD),
        ("all", {T1: RTT, T2: None, T3: None}, FAILED),
        (3, {T1: RTT, T2: RTT, T3: None}, GOOD),
        (2, {T1: RTT, T2: None, T3: None}, FAILED),
        ("any", {T1: None, T2: None, T3: None}, FAILED),
    ],
)
def test_what_is_left_is_judged_by_the_quorum_and_a_count_shrinks(
    quorum: Quorum, answers: Mapping[Target, float | None], outcome: RoundOutcome
) -> None:
    it = Witness(probe(T1, T2, T3, quorum=quorum))
    for name in "bc":
        it.tell(0, name, WITHOUT_T3)
    assert it.tell(0.5, "a", answers).outcome is outcome


def test_a_pending_answer_is_no_failure_and_no_answer() -> None:
    it = Witness()
    it.tell(0, "a", {T1: RTT, T2: RTT, T3: "pending"})
    it.tell(0, "b", {T1: RTT, T2: RTT, T3: "pending"})
    assert not it.found
    it.suspects.on_answers(Answers(1, v4("a"), "internet", 0, (Answer(T3, None),)), V4)
    assert not it.found
    it.suspects.on_answers(Answers(1, v4("b"), "internet", 0, (Answer(T3, None),)), V4)
    assert it.found == {T3}


def test_a_target_that_was_not_asked_has_not_failed() -> None:
    it = Witness()
    it.tell(0, "a", {T1: RTT, T2: RTT, T3: "not asked"})
    it.tell(0, "b", WITHOUT_T3)
    assert not it.found


def test_what_was_seen_long_ago_witnesses_nothing() -> None:
    it = Witness()
    it.tell(0, "a", WITHOUT_T3)
    it.tell(GAP + 0.1, "b", WITHOUT_T3)
    assert not it.found
    it.tell(GAP + 0.2, "a", WITHOUT_T3)
    assert it.found == {T3}


def test_a_person_is_told_once_and_only_after_a_while() -> None:
    it = Witness()
    all_answer = {T1: RTT, T2: RTT, T3: RTT}
    for at in range(100):
        for name in "ab":
            it.tell(at, name, WITHOUT_T3)
        if at <= WORTH_TELLING:
            assert it.notices == []
    (notice,) = it.notices
    assert (notice.at, notice.level) == (WORTH_TELLING + 1, Level.WARNING)
    assert str(T3) in notice.text
    for at in range(100, 200):
        it.tell(at, "b", WITHOUT_T3)
        it.tell(at, "a", all_answer)
        if at <= 100 + WORTH_TELLING:
            assert len(it.notices) == 1
    assert [n.level for n in it.notices] == [Level.WARNING, Level.INFO]


def test_a_target_that_answers_now_and_then_is_no_news_each_time() -> None:
    it = Witness()
    for at in range(10 * int(WORTH_TELLING)):
        for name in "ab":
            it.tell(at, name, {T1: RTT, T2: RTT, T3: None if at % 10 else RTT})
    assert it.notices == []


def test_what_was_suspect_for_a_moment_only_is_not_worth_a_word() -> None:
    it = Witness()
    for at in range(0, 20, 2):
        it.tell(at, "a", WITHOUT_T3)
        it.tell(at, "b", WITHOUT_T3)
        it.tell(at + 1, "a", {T1: RTT, T2: RTT, T3: RTT})
    assert it.notices == []


def test_the_families_are_apart() -> None:
    both = probe(T1, T2, S1, S2, quorum="all")
    suspects = SuspectTargets()
    lines = (*(uplink(n, i) for i, n in enumerate("ab")), uplink("six", 2, version=6))
    suspects.apply_policy(policy(*lines, probes=(both,)))
    for name in "ab":
        answers = (Answer(T1, RTT), Answer(T2, None))
        suspects.on_round(Round(0, v4(name), "internet", 0, FAILED, answers), V4)
    assert set(suspects.of(V4)["internet"]) == {T2}
    answers = (Answer(S1, RTT), Answer(S2, None))
    event = Round(0, v6("six"), "internet", 0, FAILED, answers)
    assert suspects.on_round(event, Family.IPV6)[0].outcome is FAILED
    assert not suspects.of(Family.IPV6)["internet"]


def test_uplinks_that_ask_other_targets_are_no_witnesses_of_the_rest() -> None:
    """Through c the probe asks other targets, as an uplink may override them."""
    suspects = SuspectTargets()
    ours = replace(probe(T1, T2, quorum="all"), uplinks=("a", "b"))
    other = replace(probe(T2, T3, quorum="all"), uplinks=("c",))
    suspects.apply_policy(
        policy(*(uplink(n, i) for i, n in enumerate("abc")), probes=(ours, other))
    )
    for name, answers in (
        ("c", (Answer(T2, RTT), Answer(T3, RTT))),
        ("a", (Answer(T1, None), Answer(T2, RTT))),
        ("b", (Answer(T1, None), Answer(T2, RTT))),
    ):
        suspects.on_round(Round(0, v4(name), "internet", 0, FAILED, answers), V4)
    assert set(suspects.of(V4)["internet"]) == {T1}


def test_a_reload_forgets_the_suspects_of_a_changed_probe_only() -> None:
    it = Witness()
    it.tell(0, "a", WITHOUT_T3)
    it.tell(0, "b", WITHOUT_T3)
    same = policy(uplink("a", 0), uplink("b", 1), uplink("c", 2), probes=(PROBE,))
    it.suspects.apply_policy(same)
    assert it.found == {T3}
    it.suspects.apply_policy(replace(same, probes=(replace(PROBE, quorum="any"),)))
    assert not it.found


# With the whole engine.


@pytest.mark.parametrize("quorum", ["all", 3])
def test_a_target_that_is_dead_everywhere_fails_nobody(quorum: Quorum) -> None:
    net = Net(policy(probes=(probe(T1, T2, T3, quorum=quorum),))).run(10)
    net.dead.add(T3)
    net.run(100)
    assert net.failed() == set()
    assert net.moves() == []
    assert len(net.notices("left out")) == 1
    net.dead.clear()
    net.run(200)
    assert net.failed() == set()
    assert len(net.notices("answers internet again")) == 1


def test_what_is_told_of_several_targets_stands_in_their_order() -> None:
    net = Net(policy(probes=(probe(T3, T1, T2),))).run(10)
    net.dead |= {T1, T3}
    net.run(200)
    net.dead.clear()
    net.run(400)
    said = [notice.text.split()[0] for notice in net.notices("internet")]
    assert said == [str(target) for target in (T3, T1, T3, T1)]


def test_with_one_uplink_it_cannot_be_told_from_a_failure() -> None:
    net = Net(policy(uplink("a", 0), probes=(probe(T1, T2, T3, quorum="all"),))).run(10)
    net.dead.add(T3)
    net.run(30)
    assert net.failed() == {"a"}


def test_an_uplink_that_fails_meanwhile_is_left() -> None:
    net = Net(policy(probes=(probe(T1, T2, T3, quorum="all"),))).run(10)
    net.dead.add(T3)
    net.run(50)
    net.cut("a")
    net.run(60)
    assert net.active() == "b"
    assert net.state("b") is UplinkState.HEALTHY


@pytest.mark.parametrize("quorum", ["all", 3])
def test_a_dead_target_that_answers_again_fails_nobody_by_what_it_lost(quorum: Quorum) -> None:
    brown_out = Rule("brown-out", Beyond(Measure.LOSS, "internet", 0.2, 30.0), Recover(20.0))
    net = Net(policy(probes=(probe(T1, T2, T3, quorum=quorum),), rules=(brown_out,))).run(50)
    net.dead.add(T3)
    net.run(300)
    assert net.failed() == set()
    net.dead.clear()
    net.run(400)
    assert net.failed() == set()
    assert net.moves() == []


def test_a_target_that_only_one_provider_reaches_does_not_fail_that_provider() -> None:
    # Through c nothing but T3 answers, which a and b do not reach: quorum any, so c is well.
    brown_out = Rule("brown-out", Beyond(Measure.LOSS, "internet", 0.2, 30.0), Recover(20.0))
    lines = tuple(uplink(n, i) for i, n in enumerate("abc"))
    net = Net(policy(*lines, probes=(probe(T1, T2, T3),), rules=(brown_out,)))
    net.fates = lambda name, target: RTT if (target == T3) == (name == "c") else None
    net.run(120)
    assert net.failed() == set()


def test_an_uplink_whose_route_was_refused_fails_though_a_target_is_suspect() -> None:
    rules = policy(probes=(probe(T1, T2, T3, quorum="all"),))
    engine = Engine(rules)
    links = tuple(LinkState(u.interface) for u in rules.uplinks)
    a, b = rules.uplinks
    engine.handle(Start(0.0, links, ()))
    engine.handle(Routes(0.0, (standing_route(a), standing_route(b))))
    for name in "ab":
        answers = tuple(Answer(t, rtt) for t, rtt in WITHOUT_T3.items())
        engine.handle(Round(1.1, v4(name), "internet", 1.0, FAILED, answers, "no answer"))
    # a's route goes, and cannot be had again.
    engine.handle(Routes(2.0, (standing_route(b),)))
    for n in range(3):
        action = RouteAction(Change.ADD, standing_route(a, n), "test")
        engine.handle(Refused(2.0, action, "no"))
    for at in (3.0, 4.0, 5.0):
        answers = tuple(Answer(t, rtt) for t, rtt in WITHOUT_T3.items())
        engine.handle(Round(at + 0.1, v4("a"), "internet", at, FAILED, answers, "no answer"))
        engine.handle(Round(at + 0.1, v4("b"), "internet", at, FAILED, answers, "no answer"))
    assert engine.status(5.1).health(v4("a")).state is UplinkState.FAILED


@pytest.mark.parametrize("interval", [1.0, 4.0])
def test_a_target_that_dies_while_the_others_are_asked_rarely_fails_nobody(interval: float) -> None:
    its = probe(T1, T2, quorum="all", timeout=0.25, fast=0.25, interval=interval, standby=60.0)
    for at in range(100, 160, 7):
        net = Net(policy(probes=(its,))).run(at)
        net.dead.add(T2)
        net.run(at + 200)
        assert (net.moves(), net.failed()) == ([], set())
