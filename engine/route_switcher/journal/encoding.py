"""From records to blocks."""

import math
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.journal.framing import (
    BEGINS_CHAPTER,
    DEFINES,
    NOTEWORTHY,
    TROUBLED,
    Block,
    pack_block,
)
from route_switcher.journal.numbers import varint
from route_switcher.journal.records import Record
from route_switcher.journal.rounds import key_of, shape_of, write_round
from route_switcher.journal.values import ValueWriter

OBJECT_RECORD = 0x01
"""An object; its length comes first."""
SHAPE_RECORD = 0x02
"""The shape of rounds; its length comes first."""

CHAPTER = 1 << 16
"""Bytes after which the tables begin again: if a block is lost, no more than this is unreadable."""

_MOST_SHAPES = 1 << 12
"""After so many the tables begin again, however few bytes that is."""

_Key: TypeAlias = tuple[object, ...]


def grid_for(at: float) -> int:
    """The grid on which every time lies that the clock gives from `at` on: that of a double of this
    size (IEEE 754, binary64). Later ones are coarser."""
    return 53 - math.frexp(at)[1] if at > 0 else 53


class Encoder:
    """Makes the blocks of one session, numbered in order; `begin` one, `add` to it, `finish` it."""

    def __init__(self, session: int, grid: int) -> None:
        self._session = session
        self._grid = grid
        self._unit = math.ldexp(1.0, grid)
        self._number = 0
        self._records = bytearray()
        self._flags = 0
        self._at = 0.0
        self._wall = 0
        self._asleep = 0.0
        self._base = 0
        self._open = False
        self.new_chapter()

    def new_chapter(self) -> None:
        """Begin a chapter with the next block: the one before may not be in the same file, or may
        be lost."""
        self._values = ValueWriter()
        self._shapes: dict[_Key, int] = {}
        self._kept: list[Record] = []
        """Rounds that hold the targets by which others are known."""
        self._in_chapter = 0
        self._chapter_begins = True

    @property
    def is_open(self) -> bool:
        """Whether a block was begun and not finished."""
        return self._open

    @property
    def size(self) -> int:
        """Bytes of the records in the block."""
        return len(self._records)

    @property
    def noteworthy(self) -> bool:
        """Whether the block has more than rounds and their answers."""
        return bool(self._flags & NOTEWORTHY)

    @property
    def began_at(self) -> float:
        """When its first record happened."""
        return self._at

    def begin(self, at: float, wall: float, asleep: float) -> None:
        """Begin a block whose first record happened at `at`, when the wall clock was `wall`."""
        if self._in_chapter > CHAPTER or len(self._shapes) > _MOST_SHAPES:
            self.new_chapter()
        self._open = True
        self._records.clear()
        self._flags = BEGINS_CHAPTER * self._chapter_begins
        self._chapter_begins = False
        self._at, self._wall, self._asleep = at, round(wall * 1_000_000), asleep
        self._base = base_of(at, self._unit)

    def add(self, record: Record) -> None:
        """Add what happened next."""
        if isinstance(record, Round | Answers):
            key = key_of(record)
            shape = self._shapes.get(key)
            if shape is None:
                shape = self._shapes[key] = len(self._shapes)
                self._kept.append(record)
                self._flags |= DEFINES
                self._add(SHAPE_RECORD, self._values.write(shape_of(record)))
            content, self._base = write_round(record, shape, self._base, self._unit)
            self._records += content
            if isinstance(record, Round) and record.outcome is not RoundOutcome.GOOD:
                self._flags |= TROUBLED
        else:
            self._flags |= NOTEWORTHY | DEFINES
            self._add(OBJECT_RECORD, self._values.write_record(record))

    def finish(self) -> bytes:
        """The bytes of the block."""
        self._open = False
        block = Block(
            self._session,
            self._number,
            self._flags,
            self._grid,
            self._at,
            self._wall,
            self._asleep,
            bytes(self._records),
        )
        self._number = self._number + 1 & 0xFFFFFFFF
        self._in_chapter += len(self._records)
        self._records.clear()
        self._flags = 0
        return pack_block(block)

    def _add(self, kind: int, content: bytes) -> None:
        self._records.append(kind)
        self._records += varint(len(content))
        self._records += content


def base_of(at: float, unit: float) -> int:
    """From where the first time of a block counts."""
    return math.floor(at * unit)
