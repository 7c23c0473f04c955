"""When the policy had which uplinks."""

from collections.abc import Collection
from math import inf

from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.past.troubles import Span


class Presence:
    """Finds when it did not have an uplink, as the journal goes on."""

    def __init__(self) -> None:
        self._there: set[UplinkId] = set()
        self._left: dict[UplinkId, float] = {}
        self._absent: dict[UplinkId, list[Span]] = {}

    def heard(self, uplink: UplinkId) -> None:
        """The journal tells of it, and no policy that can be read has said when it came."""
        self._there.add(uplink)

    def take_policy(self, uplinks: Collection[UplinkId], at: float) -> None:
        """From `at` on the policy has these."""
        for its in uplinks:
            if its not in self._there:
                self._absent.setdefault(its, []).append((self._left.pop(its, -inf), at))
        self._left |= dict.fromkeys(self._there.difference(uplinks), at)
        self._there = set(uplinks)

    def absent(self, since: float, until: float) -> dict[UplinkId, tuple[Span, ...]]:
        """When an uplink was not in it, between `since` and `until`."""
        whole = {its: list(spans) for its, spans in self._absent.items()}
        for its, at in self._left.items():
            whole.setdefault(its, []).append((at, inf))
        clipped = {
            its: tuple((max(begins, since), min(ends, until)) for begins, ends in spans)
            for its, spans in whole.items()
        }
        return {
            its: tuple((begins, ends) for begins, ends in spans if begins < ends)
            for its, spans in clipped.items()
        }
