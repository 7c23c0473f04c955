"""Rounds of which it is known from the first what becomes of every target.

When each is certain, and what it comes to, the tally says by which the daemon counts, on a machine
that is never late.
"""

from dataclasses import dataclass
from operator import itemgetter
from typing import TypeAlias

from route_switcher.core.probing.followed_rounds import LATE
from route_switcher.core.probing.round import Request, RequestFault, RoundResult, RoundTally
from route_switcher.core.vocabulary.probes import Probe, answers_needed
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.schedule import nanoseconds

Arrival: TypeAlias = tuple[int, float, Request]
"""After how many nanoseconds, and after how many seconds, a request is answered."""

_LATE = nanoseconds(LATE)

_REMEMBERED = 64
"""Rounds that are kept, for those that come to the same."""


@dataclass(frozen=True, slots=True)
class PlayedRound:
    """A round as it is when it is certain. Its tally counts the seconds from its sending."""

    tally: RoundTally[Request]
    took: int
    """Nanoseconds from its sending until it is certain."""
    result: RoundResult
    later: tuple[Arrival, ...]
    """The answers that come after that while they are waited for, in their order."""


class RoundPlayer:
    """Plays the rounds of one probe through uplinks of one family."""

    __slots__ = ("_needed", "_played", "_seconds", "targets", "timeout")

    def __init__(self, probe: Probe, family: Family) -> None:
        self.targets = probe.targets_for(family)
        """Whom every round asks."""
        self.timeout = nanoseconds(probe.timeout)
        """Nanoseconds that an answer may take."""
        self._seconds = probe.timeout
        self._needed = answers_needed(probe.quorum, len(self.targets))
        # Most rounds are like one of those before.
        self._played: dict[tuple[Fate, ...], PlayedRound] = {}

    def play(self, fates: tuple[Fate, ...]) -> PlayedRound:
        """The round in which this becomes of its targets; its tally may be another round's too."""
        played = self._played.get(fates)
        if played is None:
            if len(self._played) == _REMEMBERED:
                self._played.clear()
            played = self._played[fates] = self.play_alone(fates)
        return played

    def play_alone(self, fates: tuple[Fate, ...]) -> PlayedRound:
        """The same, with a tally of its own."""
        requests = tuple([Request(target, sent_at=0.0) for target in self.targets])
        arrivals: list[Arrival] = []
        for request, fate in zip(requests, fates, strict=True):
            if isinstance(fate, str):
                request.fault = RequestFault(RoundOutcome.UNKNOWN, fate)
            elif fate is not None and (after := nanoseconds(fate)) <= self.timeout + _LATE:
                arrivals.append((after, fate, request))
        return self._played_to_the_end(requests, arrivals)

    def unsent(self, fault: str) -> PlayedRound:
        """A round of which the kernel takes no packet."""
        why = RequestFault(RoundOutcome.FAILED, fault)
        requests = tuple([Request(target, sent_at=0.0, fault=why) for target in self.targets])
        return self._played_to_the_end(requests, [])

    def seconds(self, elapsed: int) -> float:
        """Nanoseconds from the sending of a round as the seconds by which its tally counts."""
        return self._seconds if elapsed == self.timeout else elapsed / 1e9

    def _played_to_the_end(
        self, requests: tuple[Request, ...], arrivals: list[Arrival]
    ) -> PlayedRound:
        tally = RoundTally(requests, self._needed, self._seconds)
        tally.sent()
        took = 0 if tally.certain else self.timeout
        arrivals.sort(key=itemgetter(0))
        count = 0
        for after, fate, request in arrivals:
            # What comes at the very instant at which it is certain counts too.
            if after > took or fate > self._seconds:
                break
            tally.answer(request, fate)
            count += 1
            if tally.certain:
                took = after
        return PlayedRound(tally, took, tally.result(self.seconds(took)), tuple(arrivals[count:]))


def lost(fates: tuple[Fate, ...], after: int) -> tuple[Fate, ...]:
    """The fates where whatever has not come after so many nanoseconds never comes."""
    return tuple(
        [f if isinstance(f, str) or f is None or nanoseconds(f) <= after else None for f in fates]
    )
