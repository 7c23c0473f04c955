"""From blocks to records."""

import math
from collections.abc import Iterator

from route_switcher.journal.encoding import OBJECT_RECORD, SHAPE_RECORD, base_of
from route_switcher.journal.framing import Block
from route_switcher.journal.numbers import Damaged, read_varint
from route_switcher.journal.records import Record, Unread
from route_switcher.journal.rounds import ROUND, RoundReader, read_round
from route_switcher.journal.values import Opaque, ValueReader

_LARGEST_GRID = 1074
"""Of any double."""


class Decoder:
    """Reads blocks in the order in which they were written, of one session after the other."""

    def __init__(self) -> None:
        self._session = -1
        self._next = 0
        self._whole = False
        self._values = ValueReader()
        self._shapes: list[RoundReader] = []

    def skip(self, block: Block) -> None:
        """The same as `records`, for one that nobody wants to read and that defines nothing."""
        self._follow(block)

    def _follow(self, block: Block) -> None:
        if block.begins_chapter:
            self._values, self._shapes, self._whole = ValueReader(), [], True
        elif (block.session, block.number) != (self._session, self._next):
            self._whole = False
        self._session, self._next = block.session, block.number + 1 & 0xFFFFFFFF

    def records(self, block: Block) -> Iterator[Record]:
        """Its records. `Unread` stands for those that cannot be read."""
        self._follow(block)
        if not self._whole:
            yield Unread()
            return
        try:
            yield from self._records(block)
        except (Damaged, IndexError, OverflowError, ZeroDivisionError):
            # Not by chance, as the checksum is right: a later program wrote it, or a bad one.
            self._whole = False
            yield Unread()

    def _records(self, block: Block) -> Iterator[Record]:
        if block.grid > _LARGEST_GRID or not math.isfinite(block.at):
            raise Damaged
        unit = math.ldexp(1.0, block.grid)
        data, at, end = block.records, 0, len(block.records)
        base = base_of(block.at, unit)
        shapes = self._shapes
        while at < end:
            kind = data[at]
            if kind >= ROUND:
                event, at, base = read_round(data, at, shapes, base, unit)
                yield _known(event)
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


def _known(record: object) -> Record:
    return Unread() if isinstance(record, Opaque) else record  # type: ignore[return-value]
