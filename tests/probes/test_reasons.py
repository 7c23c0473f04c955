import errno
import os

import pytest

from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.reasons import fault_of


@pytest.mark.parametrize(
    ("number", "outcome", "words"),
    [
        (errno.ENODEV, RoundOutcome.FAILED, "interface missing"),
        (errno.ENETDOWN, RoundOutcome.FAILED, "link down"),
        (errno.ENETUNREACH, RoundOutcome.FAILED, "no route"),
        (errno.EHOSTUNREACH, RoundOutcome.FAILED, "gateway or target unreachable"),
        (errno.EADDRNOTAVAIL, RoundOutcome.FAILED, "no address"),
        (errno.EPERM, RoundOutcome.UNKNOWN, "not permitted"),
        (errno.EACCES, RoundOutcome.UNKNOWN, "not permitted"),
        (errno.ENOBUFS, RoundOutcome.UNKNOWN, "queue full"),
        (errno.EAGAIN, RoundOutcome.UNKNOWN, "queue full"),
    ],
)
def test_known_errors_have_an_outcome_and_words(
    number: int, outcome: RoundOutcome, words: str
) -> None:
    fault = fault_of(OSError(number, os.strerror(number)))
    assert fault.outcome is outcome
    assert fault.words.startswith(words)


def test_other_errors_are_unknown_in_the_words_of_the_system() -> None:
    fault = fault_of(OSError(errno.EMFILE, "Too many open files"))
    assert fault == RequestFault(RoundOutcome.UNKNOWN, "too many open files")


@pytest.mark.parametrize("error", [OSError(errno.EBADF, "Bad file"), OSError("no number")])
def test_mistakes_of_our_own_are_raised(error: OSError) -> None:
    with pytest.raises(OSError, match=r"Bad file|no number") as raised:
        fault_of(error)
    assert raised.value is error
