"""Windows that the rules of one uplink share: an hour of frequent rounds is kept only once.

Rules that begin together share the windows of one probe and length. A rule that a reload adds or
changes begins with empty ones, which it shares with the others of that reload: what was seen before
must not decide what it says.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from itertools import chain

from route_switcher.core.health.measurements import Measurements
from route_switcher.core.probing.pace import longest_gap
from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.probes import Probe, Target
from route_switcher.core.vocabulary.uplinks import Family

MeasurementsOfRule = Mapping[tuple[str, float], Measurements]
"""By the name of the probe and the length of the window, in seconds."""


class NewWindows:
    """The empty windows of rules that begin now, through an uplink of `family`.

    `suspects` are the targets to leave out, by probe; those sets are shared, and change.
    """

    __slots__ = ("_family", "_made", "_probes", "_suspects")

    def __init__(
        self, family: Family, probes: Sequence[Probe], suspects: Mapping[str, Set[Target]]
    ) -> None:
        self._family = family
        self._probes = {probe.name: probe for probe in probes}
        self._suspects = suspects
        self._made: dict[tuple[str, float], Measurements] = {}

    def of(self, name: str, over: float) -> Measurements:
        """The windows of a probe over so many seconds: the same ones for all that ask."""
        made = self._made.get((name, over))
        if made is None:
            probe, suspects = self._probes[name], self._suspects[name]
            made = Measurements(probe, self._family, over, longest_gap(probe), suspects)
            self._made[name, over] = made
        return made


class SharedWindows:
    """All windows that some rules look at, each once."""

    __slots__ = ("_by_probe", "probes")

    def __init__(self, rules: Iterable[MeasurementsOfRule]) -> None:
        found: dict[str, dict[Measurements, None]] = {}
        for (probe, _), measuring in chain.from_iterable(its.items() for its in rules):
            found.setdefault(probe, {})[measuring] = None
        self._by_probe = {probe: tuple(its) for probe, its in found.items()}
        self.probes = frozenset(found)
        """The names of the probes whose answers they are of."""

    @property
    def calm(self) -> bool:
        """Whether more rounds like the latest could only lower what they say."""
        return all(measuring.calm for its in self._by_probe.values() for measuring in its)

    @property
    def still(self) -> bool:
        """Whether more rounds like the latest would change nothing in them."""
        return all(measuring.still for its in self._by_probe.values() for measuring in its)

    def on_round(self, event: Round) -> None:
        """Take the answers of a known round."""
        for measuring in self._by_probe.get(event.probe, ()):
            measuring.add(event.sent_at, event.answers)

    def on_answers(self, event: Answers) -> None:
        """Take what became of targets later; it counts from the next round on."""
        for measuring in self._by_probe.get(event.probe, ()):
            measuring.settle(event.sent_at, event.answers)

    def fast_forward(self, delta: float) -> None:
        """Behave as if rounds like the latest had come for `delta` more seconds."""
        for measuring in chain.from_iterable(self._by_probe.values()):
            measuring.fast_forward(delta)
