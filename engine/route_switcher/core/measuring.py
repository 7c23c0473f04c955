"""What a probe measured through one uplink over a window of time: its targets, by the quorum.

The limit is kept where enough targets keep it. Suspect targets are left out, and where latency or
jitter is asked for, those that did not answer at all: their silence is the loss's business.
"""

from collections.abc import Iterable, Set

from route_switcher.core.conditions import Measure
from route_switcher.core.events import Answer
from route_switcher.core.model import Address, Family, Probe, answers_needed
from route_switcher.core.windows import Window


class Measuring:
    """The windows of the targets of `probe`, through an uplink of `family`, over `over` seconds.

    `suspects` are the targets to leave out; the set is shared, and changes.
    """

    def __init__(
        self, probe: Probe, family: Family, over: float, gap: float, suspects: Set[Address]
    ) -> None:
        self.over = over
        self._quorum = probe.quorum
        self._suspects = suspects
        self._windows = {target: Window(over, gap) for target in probe.targets_for(family)}

    @property
    def steady(self) -> bool:
        """Whether more rounds like the latest would change nothing that it says."""
        return all(window.steady for window in self._windows.values())

    def take(self, sent_at: float, answers: Iterable[Answer]) -> None:
        """Take the answers of a round; rounds come in the order of sending."""
        for answer in answers:
            if not answer.asked or answer.target not in self._windows:
                continue
            window = self._windows[answer.target]
            if answer.target in self._suspects:
                # What it lost was its own fault, and must not count when it returns.
                window.clear()
            else:
                window.take(sent_at, answer)

    def settle(self, sent_at: float, answers: Iterable[Answer]) -> None:
        """Take answers that were told after their round."""
        for answer in answers:
            if answer.asked and answer.target in self._windows:
                self._windows[answer.target].settle(sent_at, answer)

    def leap(self, delta: float) -> None:
        """Take it that rounds like the latest have come for `delta` more seconds."""
        for window in self._windows.values():
            window.leap(delta)

    def beyond(self, measure: Measure, limit: float) -> bool:
        """Whether it is certain that fewer targets than the quorum are within the limit."""
        windows = self._concerned(measure).values()
        spared = sum(not window.beyond(measure, limit) for window in windows)
        return bool(windows) and spared < answers_needed(self._quorum, len(windows))

    def within(self, measure: Measure, limit: float) -> bool:
        """Whether it is certain that as many targets as the quorum asks are within the limit."""
        windows = self._concerned(measure).values()
        within = sum(window.within(measure, limit) for window in windows)
        return bool(windows) and within >= answers_needed(self._quorum, len(windows))

    def describe(self, measure: Measure) -> str:
        """What was measured, in words."""
        values = {t: w.value(measure) for t, w in self._concerned(measure).items()}
        written = {target: _written(measure, value) for target, value in values.items()}
        if len(set(written.values())) == 1:
            figures = next(iter(written.values()))
        else:
            figures = ", ".join(f"{figure} ({target})" for target, figure in written.items())
        return f"{measure.value} {figures or 'unknown'} over {self.over:g} s"

    def _concerned(self, measure: Measure) -> dict[Address, Window]:
        left = {t: w for t, w in self._windows.items() if t not in self._suspects}
        if measure is Measure.LOSS:
            return left
        return {target: window for target, window in left.items() if window.heard}


def _written(measure: Measure, value: float) -> str:
    if measure is Measure.LOSS:
        return f"{100 * value:.3g} %"
    return f"{1000 * value:.3g} ms"
