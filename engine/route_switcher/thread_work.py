"""What work needs that a thread of trio does: `kernel`, `probes` and `daemon` share this."""

import signal
from collections.abc import Callable
from typing import Protocol, TypeVar

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_ALL = signal.valid_signals()


class Outcome(Protocol[T_co]):
    """As trio delivers it (outcome.Outcome)."""

    def unwrap(self) -> T_co:
        """What was returned. Raises what was raised."""


def without_signals(work: Callable[[], T]) -> T:
    """Do `work` in a thread that takes no signal meanwhile.

    A thread whose work hangs may outlive the handlers of the daemon. If it took a signal then, the
    process would be killed.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _ALL)
    try:
        return work()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
