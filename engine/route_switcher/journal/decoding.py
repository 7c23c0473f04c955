"""From blocks to records."""

import math
from collections.abc import Callable, Iterator
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Round
from route_switcher.journal.encoding import OBJECT_RECORD, SHAPE_RECORD, base_of
from route_switcher.journal.framing import BEGINS_CHAPTER, Block
from route_switcher.journal.numbers import Damaged, read_varint
from route_switcher.journal.records import Count, LeftOut, Record, Unread
from route_switcher.journal.rounds import ROUND, Read, RoundReader, read_round
from route_switcher.journal.values import Opaque, ValueReader

_LARGEST_GRID = 1074
"""Of any double."""

OnlyCounts: TypeAlias = Callable[[Round], bool]
"""Whether of further rounds like this one, whose times say nothing, only the number matters."""


class Decoder:
    """Reads blocks in the order in which they were written, of one session after the other."""

    def __init__(self) -> None:
        self._session = -1
        self._next = 0
        self._whole = False
        self._values = ValueReader()
        self._shapes: list[RoundReader] = []

    def skip(self, session: int, number: int, flags: int) -> None:
        """The same as `records`, for a block that nobody wants to read and that defines nothing."""
        if flags & BEGINS_CHAPTER:
            self._values, self._shapes, self._whole = ValueReader(), [], True
        elif (session, number) != (self._session, self._next):
            self._whole = False
        self.skip_to(session, number)

    def skip_to(self, session: int, number: int) -> None:
        """The same for several that go on after the one before, the last with this number."""
        self._session, self._next = session, number + 1 & 0xFFFFFFFF

    def records(
        self, block: Block, counts_only: OnlyCounts | None = None, last: float = math.inf
    ) -> Iterator[Record]:
        """Its records. `Unread` stands for those that cannot be read.

        Of rounds of which `counts_only` says so, and that were told until `last`, only the number
        is given (`LeftOut`), before the next record. The first record is always given.
        """
        self.skip(block.session, block.number, block.flags)
        if not self._whole:
            yield Unread()
            return
        shapes = self._shapes
        counting: _Counting | None = None
        parts = self._parts(block)
        while True:
            try:
                part = next(parts, None)
            except (Damaged, IndexError, OverflowError, ZeroDivisionError):
                # Not by chance, as the checksum is right: a later program wrote it, or a bad one.
                self._whole = False
                part = Unread()
            if isinstance(part, Read):
                if counting is not None and part.at <= last and counting.takes(part.shape, part.at):
                    continue
                part = _known(shapes[part.shape].told(part.at, part.sent_at, part.rtts))
            if counting is not None and counting.counts:
                yield counting.told()
            if part is None:
                return
            yield part
            counting = None if counts_only is None else _Counting(shapes, counts_only)

    def _parts(self, block: Block) -> Iterator[Read | Record]:
        if block.grid > _LARGEST_GRID or not math.isfinite(block.at):
            raise Damaged
        unit = math.ldexp(1.0, block.grid)
        data, at, end = block.records, 0, len(block.records)
        base = base_of(block.at, unit)
        shapes = self._shapes
        while at < end:
            kind = data[at]
            if kind >= ROUND:
                read = read_round(data, at, shapes, base, unit)
                at, base = read.end, read.base
                yield read
                continue
            length, start = read_varint(data, at + 1)
            at = start + length
            if at > end:
                raise Damaged
            if kind == OBJECT_RECORD:
                yield _known(self._values.read_record(data, start)[0])
            elif kind == SHAPE_RECORD:
                shapes.append(RoundReader(self._values.read(data, start)[0]))
            else:
                yield Unread()


class _Counting:
    """Rounds of which only the number is wanted, since the last record was given: with each of
    these the reader may come to want others."""

    def __init__(self, shapes: list[RoundReader], counts_only: OnlyCounts | None) -> None:
        self.counts: dict[int, int] = {}
        """How many of each shape."""
        self._shapes = shapes
        self._counts_only = counts_only
        self._verdicts: dict[int, bool] = {}
        self._latest = 0.0

    def takes(self, shape: int, at: float) -> bool:
        """Whether it is only counted."""
        if self._counts_only is None:
            return False
        verdict = self._verdicts.get(shape)
        if verdict is None:
            like = self._shapes[shape].like
            verdict = self._verdicts[shape] = like is not None and self._counts_only(like)
        if verdict:
            self.counts[shape] = self.counts.get(shape, 0) + 1
            self._latest = at
        return verdict

    def told(self) -> LeftOut:
        """What was counted."""
        likes = ((self._shapes[shape].like, count) for shape, count in self.counts.items())
        counted = tuple(Count(a.uplink, a.probe, n) for a, n in likes if a is not None)
        return LeftOut(self._latest, counted)


def _known(record: object) -> Record:
    return Unread() if isinstance(record, Opaque) else record  # type: ignore[return-value]
