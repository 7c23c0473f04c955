"""Loss and round-trip times of each uplink, from the sums that a journal has of each hour.

What no sum covers wholly (the first and the last hour of a time, and that in which an engine was
killed) is counted round by round.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.uplinks import UplinkId
from route_switcher.journal.reading import Entry
from route_switcher.journal.records import Summary
from route_switcher.journal.summary import Stream, Sums
from route_switcher.past.troubles import Span, merged

_EXACT = 0.001
"""Seconds. A journal has times of day in whole microseconds, so hours that follow each other seem
to be a little apart."""

Rounds = Callable[[Sequence[Span]], Iterable[Entry]]
"""The entries of a journal that are rounds and late answers, in these times at least."""


class Figures:
    """Keeps them from `since` to `until`, as the journal goes on."""

    def __init__(self, since: float, until: float) -> None:
        self._since = since
        self._until = until
        self._sums: dict[Stream, Sums] = {}
        self._covered: list[Span] = []

    def take(self, entry: Entry) -> None:
        """One more entry."""
        record = entry.record
        if isinstance(record, Summary):
            begins, ends = entry.wall_of(record.since), entry.wall
            if self._since <= begins and ends <= self._until:
                self._covered.append((begins, ends))
                for heard in record.heard:
                    self._of((heard.uplink, heard.probe)).add(heard)

    def close(self, rounds: Rounds, watched: Iterable[Span]) -> Mapping[Stream, Sums]:
        """All of them; what is missing in the `watched` spans is counted from `rounds`."""
        holes = without(watched, self._covered)
        missing = [(begins, ends) for begins, ends in holes if ends - begins > _EXACT]
        for entry in rounds(missing):
            record = entry.record
            if isinstance(record, Round | Answers) and _within(entry.wall, missing):
                sums = self._of((record.uplink, record.probe))
                if isinstance(record, Round):
                    sums.on_round(record)
                else:
                    sums.on_answers(record)
        return self._sums

    def _of(self, stream: Stream) -> Sums:
        return self._sums.setdefault(stream, Sums())


def of_uplink(sums: Mapping[Stream, Sums], uplink: UplinkId) -> Sums:
    """Those of all probes through an uplink."""
    whole = Sums()
    for (its, _), each in sums.items():
        if its == uplink:
            whole.add_sums(each)
    return whole


def without(spans: Iterable[Span], covered: Iterable[Span]) -> Iterable[Span]:
    """What of `spans` nothing covers."""
    holes = list(merged(covered))
    for begins, ends in merged(spans):
        for first, last in holes:
            if last <= begins or first >= ends:
                continue
            if first > begins:
                yield begins, first
            begins = max(begins, last)
        if begins < ends:
            yield begins, ends


def _within(at: float, spans: Iterable[Span]) -> bool:
    return any(begins < at <= ends for begins, ends in spans)
