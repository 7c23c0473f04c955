"""Requests that may still be answered, and the rounds that they belong to."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from route_switcher.core.probing.round import AnyRequest
from route_switcher.probes.open_round import OpenRound

Key = TypeVar("Key", bound=Hashable)


class Pending(Generic[Key, AnyRequest]):
    """Those of one prober, by what an answer carries of each (`key`)."""

    def __init__(self, key: Callable[[AnyRequest], Key]) -> None:
        self._key = key
        self._waiting: dict[Key, tuple[OpenRound[AnyRequest], AnyRequest]] = {}

    def __len__(self) -> int:
        """How many requests may still be answered."""
        return len(self._waiting)

    @property
    def rounds(self) -> Iterable[OpenRound[AnyRequest]]:
        """The rounds that these requests belong to."""
        return {open_round for open_round, _ in self._waiting.values()}

    def expect(self, request: AnyRequest, open_round: OpenRound[AnyRequest]) -> None:
        """Note that `request` of `open_round` may be answered from now on."""
        self._waiting[self._key(request)] = open_round, request

    def forget(self, open_round: OpenRound[AnyRequest]) -> None:
        """Expect no more answers to this round."""
        for request in open_round.requests:
            # The key of one that was remembered for long may be another round's by now.
            waiting = self._waiting.get(self._key(request))
            if waiting is not None and waiting[0] is open_round:
                del self._waiting[self._key(request)]

    def get(self, key: Key) -> tuple[OpenRound[AnyRequest], AnyRequest] | None:
        """The request that has this key, and its round."""
        return self._waiting.get(key)

    def newest(self) -> tuple[OpenRound[AnyRequest], AnyRequest] | None:
        """The request that was sent last, and its round."""
        return next(reversed(self._waiting.values()), None)
