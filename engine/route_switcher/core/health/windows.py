"""What one target answered over the last seconds: loss, latency and jitter.

Every round counts with the time since the round before it, so that a second in which rounds came
ten times as fast counts as one second. Time is kept in whole microseconds: sums of them are exact,
however long a window slides.
"""

from route_switcher.core.health.samples import NO_STEP, Fate, Samples
from route_switcher.core.vocabulary.conditions import Measure
from route_switcher.core.vocabulary.events import Answer

_MICRO = 1_000_000
_PENDING, _LOST, _REPAIRED, _HEARD = map(int, Fate)
_ROUNDING = 2
"""Microseconds by which equal distances may differ."""


class Window:
    """What one target answered over the last `over` seconds.

    A gap of more than `gap` seconds between two samples starts it again. The first sample only
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
        self._samples = Samples()
        self._since = 0
        self._last_rtt: int | None = None
        self._alike = 0
        """Answers in a row that took as long as the latest."""
        self._even = 0
        """Samples in a row that were as far apart as the latest two."""
        self._fates = [0] * len(Fate)
        self._restart(0)

    @property
    def full(self) -> bool:
        """Whether it covers its whole time."""
        samples = self._samples
        return samples.count > 0 and samples.at[-1] - self._since >= self._over

    @property
    def heard(self) -> bool:
        """Whether any answer came in time."""
        return self._heard > 0

    @property
    def calm(self) -> bool:
        """Whether more answers like the latest, at the same pace, could only lower what it says."""
        # Of all that it counts: as many were lost, or took as long as the latest.
        alike = self._fates[_LOST] + min(self._alike, self._fates[_HEARD])
        samples = self._samples
        return self.full and samples.fate[-1] == _HEARD and alike == samples.count

    @property
    def steady(self) -> bool:
        """Whether more answers like the latest, at the same pace, would change nothing in it."""
        return (
            self._lost == self._steps == 0
            and self.calm
            and self._even >= self._samples.count
            and self._samples.step[self._samples.first] != NO_STEP
        )

    @property
    def empty(self) -> bool:
        """Whether it holds nothing."""
        return self._samples.count == 0

    @property
    def lost(self) -> bool:
        """Whether nothing in it was answered, and more of the same at the same pace would change
        nothing in it."""
        count = self._samples.count
        return self.full and self._fates[_LOST] == count and self._even >= count

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

    def add(self, sent_at: float, answer: Answer) -> None:
        """Take what became of the target in a round; rounds come in the order of sending."""
        at = _micros(sent_at)
        samples = self._samples
        last = samples.at[-1] if samples.count else None
        if last is None or at - last > self._gap:
            self._restart(at)
            last = at
        self._append(at, max(0, at - last))
        if not answer.pending:
            self._settle(len(samples.at) - 1, answer)

    def settle(self, sent_at: float, answer: Answer) -> None:
        """Take what became of the target after its round was told.

        An answer after the timeout repairs the loss. What lies before the window is past.
        """
        index = self._samples.sent_at(_micros(sent_at))
        if index is None:
            return
        fate = self._samples.fate[index]
        if fate == _PENDING:
            self._settle(index, answer)
        elif fate == _LOST and answer.rtt is not None:
            self._count(index, -1)
            self._samples.fate[index] = _REPAIRED
            self._count(index, 1)

    def clear(self) -> None:
        """Forget everything."""
        self._restart(0)

    def fast_forward(self, delta: float) -> None:
        """Behave as if answers like the latest had come for `delta` more seconds, at the pace of
        the latest two. To be called only while it is `calm`, `lost` or `empty`."""
        if self.empty:
            return
        micros = _micros(delta)
        samples = self._samples
        if self.steady or self.lost:
            samples.shift(micros)
            return
        weight, rtt = samples.weight[-1], samples.rtt[-1]
        end = samples.at[-1] + micros
        # Those that would have left the window again need not come.
        count = min(round(micros / weight), (self._over - 1) // weight + 1)
        self._alike += count
        for age in reversed(range(count)):
            self._append(end - age * weight, weight, _HEARD, rtt, step=0)

    def _append(
        self, at: int, weight: int, fate: int = _PENDING, rtt: int = 0, step: int = NO_STEP
    ) -> None:
        samples = self._samples
        last = samples.weight[-1] if samples.count else weight
        self._even = self._even + 1 if abs(weight - last) <= _ROUNDING else 1
        samples.append(at, weight, fate, rtt, step)
        if fate == _PENDING:
            self._fates[_PENDING] += 1
        else:
            self._count(len(samples.at) - 1, 1)
        while samples.at[samples.first] <= at - self._over:
            self._count(samples.first, -1)
            samples.drop_first()

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
        self._fates = [0] * len(Fate)
        self._covered = self._lost = self._heard = self._rtts = self._stepped = self._steps = 0

    def _settle(self, index: int, answer: Answer) -> None:
        samples = self._samples
        self._fates[_PENDING] -= 1
        if answer.rtt is None:
            samples.fate[index] = _LOST
        else:
            rtt = _micros(answer.rtt)
            samples.fate[index], samples.rtt[index] = _HEARD, rtt
            if self._last_rtt is not None:
                samples.step[index] = abs(rtt - self._last_rtt)
            self._alike = self._alike + 1 if rtt == self._last_rtt else 1
            self._last_rtt = rtt
        self._count(index, 1)

    def _count(self, index: int, sign: int) -> None:
        """Add a sample to the sums, or take it out of them."""
        samples = self._samples
        fate = samples.fate[index]
        self._fates[fate] += sign
        if fate == _PENDING:
            return
        weight = sign * samples.weight[index]
        self._covered += weight
        if fate == _HEARD:
            self._heard += weight
            self._rtts += weight * samples.rtt[index]
            step = samples.step[index]
            if step != NO_STEP:
                self._stepped += weight
                self._steps += weight * step
        elif fate == _LOST:
            self._lost += weight


def _micros(seconds: float) -> int:
    return round(seconds * _MICRO)
