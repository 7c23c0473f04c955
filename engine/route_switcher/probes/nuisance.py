"""Packets that carry our mark and answer nothing: how many are put up with, and when it is told."""

import math
from collections.abc import Callable

import trio

TOLERATED = 1000
"""Packets a second beyond one for each request: a network that is slow, or answers twice, sends no
more than that."""
MOST_OWED = 16384
"""How many such packets the requests of the past excuse at most."""
_SECOND = 1.0
_TELL_EVERY = 60.0


class Nuisance:
    """Counts such packets for one prober. Who sends them has seen a request of ours, so a new mark
    keeps him out until he has seen another."""

    def __init__(self, tell: Callable[[str], None], answers: str = "echo replies") -> None:
        """`answers`: what the answers of the prober are, in the plural."""
        self.excessive = False
        """Whether there were more than are tolerated since `kept_out`."""
        self._tell = tell
        self._answers = answers
        self._told_at = -math.inf
        self._since = -math.inf
        self._count = 0
        self._total = 0
        self._owed = 0

    def asked(self, count: int) -> None:
        """Note that so many requests were sent: as many packets may be their late answers."""
        self._owed = min(self._owed + count, MOST_OWED)

    def note(self, count: int) -> None:
        """Note that `count` such packets were read now."""
        now = trio.current_time()
        if now - self._since > _SECOND:
            self._since, self._count = now, 0
        excused = min(count, self._owed)
        self._owed -= excused
        self._count += count - excused
        self._total += count
        self.excessive = self.excessive or self._count > TOLERATED

    def overrun(self) -> None:
        """Note that the receive buffer was full."""
        self._warn(f"the receive buffer was full, so {self._answers} were lost")

    def kept_out(self) -> None:
        """Note that from now on requests carry another mark."""
        if self.excessive:
            self._warn(
                f"{self._total} forged or repeated {self._answers} dropped:"
                " probes go on under another identifier"
            )
        self.excessive = False
        self._count = 0

    def _warn(self, what: str) -> None:
        now = trio.current_time()
        if now - self._told_at >= _TELL_EVERY:
            self._told_at = now
            self._total = 0
            self._tell(what)
