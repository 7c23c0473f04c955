"""The signals that a daemon answers: SIGTERM and SIGINT end it, SIGHUP reloads the policy.

They are held back (pthread_sigmask(3)) until the daemon listens, and again from when it stops: one
that comes while it starts is answered a moment later, and none ends it by its default action.
"""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextmanager
def held() -> Iterator[None]:
    """Hold them back; what is still waiting at the end is dropped."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
    try:
        yield
    finally:
        while signal.sigtimedwait(SIGNALS, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def let_in() -> Iterator[None]:
    """Let them in meanwhile: who calls this listens."""
    before = signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
