"""What one target answered over the last seconds: loss, latency and jitter.

Every round counts with the time since the round before it, so that a second in which rounds came
ten times as fast counts as one second. Time is kept in whole microseconds: sums of them are exact,
however long a window slides.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

from route_switcher.core.conditions import Measure
from route_switcher.core.events import Answer

_MICRO = 1_000_000
_ROUNDING = 2
"""Microseconds by which equal distances may differ."""


class _Fate(Enum):
    PENDING = auto()
    LOST = auto()
    REPAIRED = auto()
    """It answered, but after the timeout: no loss, and nothing is said of the latency."""
    HEARD = auto()


@dataclass(slots=True)
class _Sample:
    """One round, as it concerns the target. Microseconds."""

    at: int
    weight: int
    fate: _Fate = _Fate.PENDING
    rtt: int = 0
    step: int | None = None
    """The difference between this round-trip time and the one before."""


class Window:
    """What one target answered over the last `over` seconds.

    A gap of more than `gap` seconds between two samples starts it anew. The first sample only
    begins the time that the others cover.
    """

    __slots__ = (
        "_alike",
        "_covered",
        "_even",
        "_fates",
        "_gap",
        "_heard",
        "_last_rtt",
        "_lost",
        "_over",
        "_rtts",
        "_samples",
        "_since",
        "_stepped",
        "_steps",
    )

    def __init__(self, over: float, gap: float) -> None:
        self._over = _micros(over)
        self._gap = _micros(gap)
        self._samples: deque[_Sample] = deque()
        self._since = 0
        self._last_rtt: int | None = None
        self._alike = 0
        """Answers in a row that took as long as the latest."""
        self._even = 0
        """Samples in a row that were as far apart as the latest two."""
        self._fates = dict.fromkeys(_Fate, 0)
        self._restart(0)

    @property
    def full(self) -> bool:
        """Whether it covers its whole time."""
        return bool(self._samples) and self._samples[-1].at - self._since >= self._over

    @property
    def heard(self) -> bool:
        """Whether any answer came in time."""
        return self._heard > 0

    @property
    def calm(self) -> bool:
        """Whether more answers like the latest, at the same pace, could only lower what it says."""
        # Of all that it counts: as many were lost, or took as long as the latest.
        alike = self._fates[_Fate.LOST] + min(self._alike, self._fates[_Fate.HEARD])
        return self.full and self._samples[-1].fate is _Fate.HEARD and alike == len(self._samples)

    @property
    def steady(self) -> bool:
        """Whether more answers like the latest, at the same pace, would change nothing in it."""
        return (
            self._lost == self._steps == 0
            and self.calm
            and self._even >= len(self._samples)
            and self._samples[0].step is not None
        )

    def value(self, measure: Measure) -> float:
        """The loss (0 to 1), or the latency or jitter in seconds; 0 where nothing is known."""
        match measure:
            case Measure.LOSS:
                return self._lost / self._covered if self._covered else 0.0
            case Measure.LATENCY:
                return self._rtts / (self._heard * _MICRO) if self._heard else 0.0
            case Measure.JITTER:
                return self._steps / (self._stepped * _MICRO) if self._stepped else 0.0

    def within(self, measure: Measure, limit: float) -> bool:
        """Whether it is full, and at most at the limit; not while nothing is known yet."""
        return self.full and self._knows(measure) and self.value(measure) <= limit

    def beyond(self, measure: Measure, limit: float) -> bool:
        """Whether it is above the limit, and full, or so much was lost that it will be."""
        if self.full:
            return self.value(measure) > limit
        return measure is Measure.LOSS and self._lost > limit * self._over

    def take(self, sent_at: float, answer: Answer) -> None:
        """Take what became of the target in a round; rounds come in the order of sending."""
        at = _micros(sent_at)
        last = self._samples[-1].at if self._samples else None
        if last is None or at - last > self._gap:
            self._restart(at)
            last = at
        sample = _Sample(at, max(0, at - last))
        self._append(sample)
        if not answer.pending:
            self._settle(sample, answer)

    def settle(self, sent_at: float, answer: Answer) -> None:
        """Take what became of the target after its round was told.

        An answer after the timeout repairs the loss. What lies before the window is past.
        """
        at = _micros(sent_at)
        sample = next((s for s in reversed(self._samples) if s.at <= at), None)
        if sample is None or sample.at != at:
            return
        if sample.fate is _Fate.PENDING:
            self._settle(sample, answer)
        elif sample.fate is _Fate.LOST and answer.rtt is not None:
            self._count(sample, -1)
            sample.fate = _Fate.REPAIRED
            self._count(sample, 1)

    def clear(self) -> None:
        """Forget everything."""
        self._restart(0)

    def leap(self, delta: float) -> None:
        """Take it that answers like the latest have come for `delta` more seconds, at the pace of
        the latest two. To be called only while it is `calm`."""
        micros = _micros(delta)
        if self.steady:
            for sample in self._samples:
                sample.at += micros
            return
        last = self._samples[-1]
        end = last.at + micros
        # Those that would have left the window again need not come.
        count = min(round(micros / last.weight), (self._over - 1) // last.weight + 1)
        self._alike += count
        for age in reversed(range(count)):
            self._append(
                _Sample(end - age * last.weight, last.weight, _Fate.HEARD, last.rtt, step=0)
            )

    def _append(self, sample: _Sample) -> None:
        last = self._samples[-1].weight if self._samples else sample.weight
        self._even = self._even + 1 if abs(sample.weight - last) <= _ROUNDING else 1
        self._samples.append(sample)
        self._count(sample, 1)
        while self._samples[0].at <= sample.at - self._over:
            self._count(self._samples.popleft(), -1)

    def _knows(self, measure: Measure) -> bool:
        match measure:
            case Measure.LOSS:
                return self._covered > 0
            case Measure.LATENCY:
                return self._heard > 0
            case Measure.JITTER:
                return self._stepped > 0

    def _restart(self, at: int) -> None:
        self._samples.clear()
        self._since = at
        self._last_rtt = None
        self._alike = self._even = 0
        self._fates = dict.fromkeys(_Fate, 0)
        self._covered = self._lost = self._heard = self._rtts = self._stepped = self._steps = 0

    def _settle(self, sample: _Sample, answer: Answer) -> None:
        self._fates[_Fate.PENDING] -= 1
        if answer.rtt is None:
            sample.fate = _Fate.LOST
        else:
            sample.fate, sample.rtt = _Fate.HEARD, _micros(answer.rtt)
            if self._last_rtt is not None:
                sample.step = abs(sample.rtt - self._last_rtt)
            self._alike = self._alike + 1 if sample.rtt == self._last_rtt else 1
            self._last_rtt = sample.rtt
        self._count(sample, 1)

    def _count(self, sample: _Sample, sign: int) -> None:
        """Add a sample to the sums, or take it out of them."""
        self._fates[sample.fate] += sign
        if sample.fate is _Fate.PENDING:
            return
        weight = sign * sample.weight
        self._covered += weight
        if sample.fate is _Fate.LOST:
            self._lost += weight
        elif sample.fate is _Fate.HEARD:
            self._heard += weight
            self._rtts += weight * sample.rtt
            if sample.step is not None:
                self._stepped += weight
                self._steps += weight * sample.step


def _micros(seconds: float) -> int:
    return round(seconds * _MICRO)
