"""Sums of rounds, so that a reader of months need not count them.

Round-trip times fall into classes, each of which ends a twentieth above the one before: a median of
sums is right to within a few per cent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import exp, floor, log
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.records import Heard, Summary

_SHORTEST = 1e-5
"""Seconds: where class 1 begins."""
_STEP = log(1.05)

Stream: TypeAlias = tuple[UplinkId, str]
"""An uplink and a probe through it."""


_NO_STREAM: Stream = (UplinkId("", Family.IPV4), "")


def class_of(rtt: float) -> int:
    """The class of a round-trip time."""
    return floor(log(rtt / _SHORTEST) / _STEP) + 1 if rtt > _SHORTEST else 0


def middle_of(number: int) -> float:
    """The middle of a class, in seconds."""
    return _SHORTEST * exp(_STEP * (number - 0.5))


@dataclass(slots=True)
class Sums:
    """What came of rounds."""

    good: int = 0
    failed: int = 0
    unknown: int = 0
    asked: int = 0
    answered: int = 0
    rtts: dict[int, int] = field(default_factory=dict)
    """How many answers fell into each class."""

    @property
    def known(self) -> int:
        """Rounds of which something is known."""
        return self.good + self.failed

    @property
    def loss(self) -> float | None:
        """The share of targets that did not answer; None: none was asked."""
        return 1 - self.answered / self.asked if self.asked else None

    def quantile(self, share: float) -> float | None:
        """The round-trip time that `share` of the answers did not exceed, in seconds."""
        left = share * sum(self.rtts.values())
        for number, count in sorted(self.rtts.items()):
            left -= count
            if left <= 0:
                return middle_of(number)
        return None

    def on_round(self, event: Round) -> None:
        """Count one."""
        outcome = event.outcome
        if outcome is RoundOutcome.UNKNOWN:
            self.unknown += 1
            return
        if outcome is RoundOutcome.GOOD:
            self.good += 1
        else:
            self.failed += 1
        self._count(event.answers)

    def on_answers(self, event: Answers) -> None:
        """Count what was pending when its round was told."""
        self._count(event.answers)

    def _count(self, answers: Iterable[Answer]) -> None:
        rtts = self.rtts
        for answer in answers:
            if answer.pending or not answer.asked:
                continue
            self.asked += 1
            rtt = answer.rtt
            if rtt is not None:
                self.answered += 1
                number = class_of(rtt)
                rtts[number] = rtts.get(number, 0) + 1

    def add_sums(self, its: "Sums") -> None:
        """Count what was counted elsewhere."""
        self.add(_heard(_NO_STREAM, its))

    def add(self, heard: Heard) -> None:
        """Count what was summed before."""
        self.good += heard.good
        self.failed += heard.failed
        self.unknown += heard.unknown
        self.asked += heard.asked
        self.answered += heard.answered
        for number, count in heard.rtts:
            self.rtts[number] = self.rtts.get(number, 0) + count


class Summing:
    """Sums rounds from `since` on, of each probe through each uplink."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._sums: dict[Stream, Sums] = {}

    def add(self, event: Round | Answers) -> None:
        """Count it."""
        key = (event.uplink, event.probe)
        sums = self._sums.get(key)
        if sums is None:
            sums = self._sums[key] = Sums()
        if isinstance(event, Round):
            sums.on_round(event)
        else:
            sums.on_answers(event)

    def take(self, at: float) -> Summary | None:
        """The sums until `at`, which begin again there; None: there was no round."""
        since, self._since = self._since, at
        sums, self._sums = self._sums, {}
        heard = tuple(_heard(stream, each) for stream, each in sums.items())
        return Summary(at, since, heard) if heard else None

    @property
    def sums(self) -> Mapping[Stream, Sums]:
        """What was counted."""
        return self._sums


def _heard(stream: Stream, its: Sums) -> Heard:
    rtts = tuple(sorted(its.rtts.items()))
    return Heard(*stream, its.good, its.failed, its.unknown, its.asked, its.answered, rtts)
