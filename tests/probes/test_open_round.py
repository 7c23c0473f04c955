import errno

import pytest

from route_switcher.core.vocabulary.events import Answer
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.matching import EchoRequest, EchoRound
from route_switcher.probes.open_round import OpenRound
from route_switcher.probes.reasons import fault_of
from support.pinging import target

GOOD, FAILED, UNKNOWN = RoundOutcome.GOOD, RoundOutcome.FAILED, RoundOutcome.UNKNOWN
TIMEOUT = 1.0
SENT_AT = 10.0
DEADLINE = SENT_AT + TIMEOUT


def sent_round(script: str, needed: int, *, spacing: float = 0.0) -> EchoRound:
    """A round after its sending and the answers: a letter for each target.

    a: answers, s: is silent, l: answers late, f: no route (failed), u: queue full (unknown).
    """
    requests = tuple(
        EchoRequest(
            target(f"198.51.100.{n}"), f"198.51.100.{n}", n, b"", sent_at=SENT_AT + n * spacing
        )
        for n in range(len(script))
    )
    open_round = OpenRound(requests, needed, TIMEOUT)
    for letter, request in zip(script, requests, strict=True):
        number = {"f": errno.ENETUNREACH, "u": errno.ENOBUFS}.get(letter)
        request.fault = fault_of(OSError(number, "")) if number else None
    open_round.sent()
    for letter, request in zip(script, requests, strict=True):
        if letter in "al":
            open_round.answer(request, {"a": 0.25, "l": 1.5}[letter])
    return open_round


@pytest.mark.parametrize(
    ("script", "needed", "outcome", "decided"),
    [
        ("a", 1, GOOD, True),
        ("s", 1, FAILED, False),
        ("l", 1, FAILED, False),
        ("as", 1, GOOD, True),
        ("as", 2, FAILED, False),
        ("aa", 2, GOOD, True),
        ("aas", 2, GOOD, True),
        ("ass", 2, FAILED, False),
        # Too few could be sent: certain at once.
        ("f", 1, FAILED, True),
        ("ff", 1, FAILED, True),
        ("fa", 2, FAILED, True),
        ("ffa", 2, FAILED, True),
        # Those that could be sent are enough.
        ("fa", 1, GOOD, True),
        ("fs", 1, FAILED, False),
        # What could not be asked leaves the quorum, but makes no round good.
        ("u", 1, UNKNOWN, True),
        ("uu", 2, UNKNOWN, True),
        ("uf", 1, FAILED, True),
        ("ua", 1, GOOD, True),
        ("us", 1, FAILED, False),
        ("ua", 2, UNKNOWN, True),
        ("us", 2, FAILED, False),
        ("uas", 2, FAILED, False),
        ("uaa", 2, GOOD, True),
    ],
)
def test_outcome_by_quorum(script: str, needed: int, outcome: RoundOutcome, decided: bool) -> None:
    open_round = sent_round(script, needed)
    assert open_round.decided.is_set() is decided
    assert open_round.result(SENT_AT if decided else DEADLINE).outcome is outcome


def test_answers_stand_in_the_order_of_the_targets_with_their_reasons() -> None:
    echoes = sent_round("aslf", needed=4).result(DEADLINE)
    assert echoes.sent_at == SENT_AT
    assert echoes.answers == (
        Answer(target("198.51.100.0"), 0.25),
        Answer(target("198.51.100.1"), None, "no answer within 1 s"),
        Answer(target("198.51.100.2"), None, "answered after 1.5 s, later than 1 s"),
        Answer(target("198.51.100.3"), None, "no route"),
    )
    assert echoes.reason == (
        "1 of 4 answered, 4 needed: no answer within 1 s;"
        " answered after 1.5 s, later than 1 s; no route"
    )


def test_a_reason_that_all_targets_share_is_said_once() -> None:
    assert sent_round("sss", needed=2).result(DEADLINE).reason == "no answer within 1 s"


def test_targets_not_waited_for_say_so() -> None:
    echoes = sent_round("as", needed=1).result(SENT_AT + 0.25)
    assert echoes.answers[1].reason == "not waited for"
    assert echoes.reason == ""


def test_an_answer_that_is_exactly_in_time_counts() -> None:
    open_round = sent_round("s", needed=1)
    assert open_round.answer(open_round.requests[0], TIMEOUT)
    assert open_round.result(DEADLINE).outcome is GOOD


def test_waking_up_later_than_the_timeout_again_makes_a_failed_round_unknown() -> None:
    echoes = sent_round("s", needed=1).result(DEADLINE + 15.0)
    assert (echoes.outcome, echoes.reason) == (UNKNOWN, "this machine was delayed by 15.0 s")
    assert sent_round("s", needed=1).result(DEADLINE + TIMEOUT).outcome is FAILED


def test_a_standstill_between_two_requests_makes_a_failed_round_unknown() -> None:
    open_round = sent_round("sa", needed=2, spacing=1.5)
    assert open_round.deadline == SENT_AT + 1.5 + TIMEOUT
    echoes = open_round.result(open_round.deadline)
    assert (echoes.outcome, echoes.reason) == (UNKNOWN, "this machine was delayed by 1.5 s")


def test_a_delay_changes_no_good_round_and_no_local_fault() -> None:
    assert sent_round("a", needed=1).result(DEADLINE + 15.0).outcome is GOOD
    assert sent_round("f", needed=1).result(DEADLINE + 15.0).outcome is FAILED
