"""Which tests of faults may run at the same time, where several processes run them."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def a_turn(*, alone: bool) -> Iterator[None]:
    """Begin when no other test goes on that must be alone, or, if this one must, no other at all.

    All networks of a machine share its processors, the queues of what comes in, and one lock for
    every change. So what uses these up would change the figures of a test beside it (flock(2)).
    """
    with open(__file__) as shared:
        fcntl.flock(shared, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        try:
            yield
        finally:
            fcntl.flock(shared, fcntl.LOCK_UN)  # a process that was forked has the file open too
