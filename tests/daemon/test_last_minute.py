"""The figures of the last minute."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.control.document import LastMinute
from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.daemon.last_minute import LastMinutes
from support.keys import v4
from support.pinging import target
from support.world import policy, uplink

T1, T2 = target("203.0.113.1"), target("203.0.113.2")
UPLINKS = uplink("a", 0), uplink("b", 1)
RULES = policy(*UPLINKS, timeout=1.0)


def round_(at: float, outcome: RoundOutcome, *rtts: float | None, name: str = "a") -> Round:
    answers = tuple(Answer(t, rtt) for t, rtt in zip((T1, T2), rtts, strict=False))
    return Round(at, v4(name), "internet", at - 0.5, outcome, answers)


def counting() -> LastMinutes:
    minutes = LastMinutes()
    minutes.apply_policy(RULES)
    return minutes


def test_rounds_and_answers_of_one_uplink_are_counted() -> None:
    minutes = counting()
    minutes.on_round(round_(1.0, RoundOutcome.GOOD, 0.010, 0.030))
    minutes.on_round(round_(2.0, RoundOutcome.FAILED, None, None))
    minutes.on_round(round_(3.0, RoundOutcome.UNKNOWN, None, None))
    minutes.on_round(round_(3.0, RoundOutcome.GOOD, 0.5, name="b"))
    a = minutes.of(v4("a"), 4.0)
    assert (a.rounds, a.failed, a.longest) == (2, 1, 0.030)
    assert a.mean == pytest.approx(0.020)
    assert minutes.of(v4("b"), 4.0) == LastMinute(1, 0, 0.5, 0.5, 1, 1)
    assert minutes.of(v4("c"), 4.0) == LastMinute()


def test_requests_without_an_answer_are_counted_also_in_good_rounds() -> None:
    """A round with an answer from one of its targets can be good."""
    minutes = counting()
    minutes.on_round(round_(1.0, RoundOutcome.GOOD, 0.010, None))
    minutes.on_round(round_(2.0, RoundOutcome.GOOD, 0.010, 0.020))
    minutes.on_round(round_(3.0, RoundOutcome.UNKNOWN, None, None))
    a = minutes.of(v4("a"), 4.0)
    assert (a.rounds, a.failed, a.requests, a.answers) == (2, 0, 4, 3)


def test_what_a_round_did_not_wait_for_counts_when_it_is_known() -> None:
    minutes = counting()
    waiting = Answer(T2, None, pending=True)
    for at in (1.0, 2.0, 3.0):
        answers = (Answer(T1, 0.01), waiting)
        minutes.on_round(Round(at, v4("a"), "internet", at, RoundOutcome.GOOD, answers))
    minutes.on_answers(Answers(2.5, v4("a"), "internet", 1.0, (Answer(T2, None, "no answer"),)))
    minutes.on_answers(Answers(2.6, v4("a"), "internet", 2.0, (Answer(T2, 0.4),)))
    # It answered after its timeout, and was counted as lost before.
    minutes.on_answers(Answers(3.6, v4("a"), "internet", 1.0, (Answer(T2, 1.6),)))
    a = minutes.of(v4("a"), 4.0)
    assert (a.rounds, a.requests, a.answers) == (3, 5, 4)


@given(st.lists(st.floats(0, 200), max_size=60), st.floats(0, 300))
def test_what_counts_is_the_current_second_and_59_before_it(
    times: Sequence[float], later: float
) -> None:
    minutes = counting()
    for at in sorted(times):
        minutes.on_round(round_(at, RoundOutcome.GOOD, 0.01))
    now = max(times, default=0.0) + later
    expected = sum(int(at) > now - 60 for at in times)
    assert minutes.of(v4("a"), now).rounds == expected


def test_frequent_rounds_take_no_more_memory() -> None:
    minutes = counting()
    for number in range(100_000):
        minutes.on_round(round_(number / 100, RoundOutcome.GOOD, 0.01))
    assert minutes.of(v4("a"), 999.99).rounds == pytest.approx(6000, abs=100)
    assert len(minutes._seconds[v4("a")]) <= 61


def test_a_name_that_changes_hands_begins_with_nothing() -> None:
    minutes = counting()
    for name in "ab":
        minutes.on_round(round_(1.0, RoundOutcome.GOOD, 0.01, name=name))
    a, b = UPLINKS
    minutes.apply_policy(policy(replace(a, interface="eth9"), b))
    assert (minutes.of(v4("a"), 2.0).rounds, minutes.of(v4("b"), 2.0).rounds) == (0, 1)
