"""The rounds of one probe through one uplink that were sent and not told, in the order of sending.

Rounds that were asked for may overlap. All are told in the order of sending, so one that has ended
may wait for an older one. A good one ends those that were sent before it and are still open: they
are never told.
"""

from collections.abc import Iterator
from itertools import takewhile
from typing import Generic, TypeVar

from route_switcher.core.probing.round import RoundResult
from route_switcher.core.vocabulary.states import RoundOutcome

Sent = TypeVar("Sent")
"""What stands for a round; each is equal to itself only."""


class OpenRounds(Generic[Sent]):
    """Remembers them, and says which is to be told next."""

    __slots__ = ("_results",)

    def __init__(self) -> None:
        self._results: dict[Sent, RoundResult | None] = {}
        """In the order of sending; None: it is still open."""

    def __contains__(self, this: Sent) -> bool:
        return this in self._results

    def __iter__(self) -> Iterator[Sent]:
        return iter(self._results)

    def sent(self, this: Sent) -> None:
        """A round was sent."""
        self._results[this] = None

    def ended(self, this: Sent, result: RoundResult) -> int:
        """A round has come to `result`. How many older ones that ends."""
        self._results[this] = result
        if len(self._results) == 1 or result.outcome is not RoundOutcome.GOOD:
            return 0
        before = list(takewhile(lambda each: each is not this, self._results))
        overtaken = [each for each in before if self._results[each] is None]
        for each in overtaken:
            del self._results[each]
        return len(overtaken)

    def next_told(self) -> tuple[Sent, RoundResult] | None:
        """Take out the round that is to be told now; None while an older one is open."""
        for this, result in self._results.items():
            if result is None:
                return None
            del self._results[this]
            return this, result
        return None

    def clear(self) -> None:
        """Forget all of them."""
        self._results.clear()
