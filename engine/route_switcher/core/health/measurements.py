"""What a probe measured through one uplink over a window of time: its targets, by the quorum.

The limit is kept where enough targets keep it. Suspect targets are left out, and where latency or
jitter is asked for, those that did not answer at all: their silence is the loss's business.
"""

from collections.abc import Iterable, Set

from route_switcher.core.health.windows import Window
from route_switcher.core.vocabulary.conditions import Measure
from route_switcher.core.vocabulary.events import Answer, by_target
from route_switcher.core.vocabulary.probes import Probe, Target, answers_needed
from route_switcher.core.vocabulary.uplinks import Family


class Measurements:
    """The windows of the targets of `probe`, through an uplink of `family`, over `over` seconds.

    `suspects` are the targets to leave out; the set is shared, and changes.
    """

    def __init__(
        self, probe: Probe, family: Family, over: float, gap: float, suspects: Set[Target]
    ) -> None:
        self.over = over
        self._quorum = probe.quorum
        self._suspects = suspects
        self._targets = probe.targets_for(family)
        self._windows = [Window(over, gap) for _ in self._targets]

    @property
    def calm(self) -> bool:
        """Whether more rounds like the latest could only lower what it says."""
        return all(
            window.calm or window.lost or self._left_out(target, window)
            for target, window in zip(self._targets, self._windows, strict=True)
        )

    @property
    def still(self) -> bool:
        """Whether more rounds like the latest would change nothing in it."""
        return all(
            window.steady or window.lost or self._left_out(target, window)
            for target, window in zip(self._targets, self._windows, strict=True)
        )

    def _left_out(self, target: Target, window: Window) -> bool:
        return target in self._suspects and window.empty

    def add(self, sent_at: float, answers: Iterable[Answer]) -> None:
        """Take the answers of a round; rounds come in the order of sending."""
        for position, answer in by_target(self._targets, answers):
            window = self._windows[position]
            if self._suspects and answer.target in self._suspects:
                # What it lost was its own fault, and must not count when it returns.
                window.clear()
            else:
                window.add(sent_at, answer)

    def settle(self, sent_at: float, answers: Iterable[Answer]) -> None:
        """Take answers that were told after their round."""
        for position, answer in by_target(self._targets, answers):
            self._windows[position].settle(sent_at, answer)

    def fast_forward(self, delta: float) -> None:
        """Behave as if rounds like the latest had come for `delta` more seconds."""
        for window in self._windows:
            window.fast_forward(delta)

    def beyond(self, measure: Measure, limit: float) -> bool:
        """Whether it is certain that fewer targets than the quorum are within the limit."""
        windows = [window for _, window in self._concerned(measure)]
        spared = sum(not window.beyond(measure, limit) for window in windows)
        return bool(windows) and spared < answers_needed(self._quorum, len(windows))

    def within(self, measure: Measure, limit: float) -> bool:
        """Whether it is certain that as many targets as the quorum asks are within the limit."""
        windows = [window for _, window in self._concerned(measure)]
        within = sum(window.within(measure, limit) for window in windows)
        return bool(windows) and within >= answers_needed(self._quorum, len(windows))

    def describe(self, measure: Measure) -> str:
        """What was measured, in words."""
        concerned = self._concerned(measure)
        written = {target: _written(measure, w.value(measure)) for target, w in concerned}
        if len(set(written.values())) == 1:
            figures = next(iter(written.values()))
        else:
            figures = ", ".join(f"{figure} ({target})" for target, figure in written.items())
        return f"{measure.value} {figures or 'unknown'} over {self.over:g} s"

    def _concerned(self, measure: Measure) -> list[tuple[Target, Window]]:
        left: Iterable[tuple[Target, Window]] = zip(self._targets, self._windows, strict=True)
        if self._suspects:
            left = [(target, window) for target, window in left if target not in self._suspects]
        if measure is Measure.LOSS:
            return list(left)
        return [(target, window) for target, window in left if window.heard]


def _written(measure: Measure, value: float) -> str:
    if measure is Measure.LOSS:
        return f"{100 * value:.3g} %"
    return f"{1000 * value:.3g} ms"
