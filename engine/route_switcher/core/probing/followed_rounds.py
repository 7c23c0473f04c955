"""Which rounds are followed until it is known of every target what became of it.

A round is told as soon as it is certain: with `quorum: any` that is the first answer. Windows want
to know of the other targets in every round. Where there is no window, some rounds are enough to
find a target that has died.
"""

from math import inf

LISTEN_EVERY = 10.0
"""Seconds from one round that is followed to the next, where no window counts the answers."""


class FollowedRounds:
    """Remembers which round of one probe through one uplink was followed last."""

    __slots__ = ("_every", "_next_at")

    def __init__(self, measured: bool, targets: int) -> None:
        self._every = 0.0 if measured else LISTEN_EVERY if targets > 1 else inf
        self._next_at = -inf if self._every < inf else inf

    def follows(self, sent_at: float) -> bool:
        """Whether to follow the round that is sent at `sent_at`; to be asked once for each."""
        if sent_at < self._next_at:
            return False
        self._next_at = sent_at + self._every
        return True
