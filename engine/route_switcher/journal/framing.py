"""Files and blocks: the frame around records. docs/journal.md describes it.

A block is written by one call, and has a length and a checksum. Where a power cut or a bad disk has
destroyed one, the next is found by its first bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

MAJOR, MINOR = 1, 0
"""Of the format. A reader understands every minor version of its major one."""

FILE_MAGIC = b"\x89RSJRNL\n"
_FILE = struct.Struct("<8sHHI")
"""Magic, major, minor, the UTC day as a number such as 20261127; then a checksum."""
_CHECKSUM = struct.Struct("<I")
FILE_HEADER_BYTES = _FILE.size + _CHECKSUM.size

BLOCK_MAGIC = b"\x93RSJ"
_BLOCK = struct.Struct("<IIIBBdqI")
"""What the checksum covers before the records, in the order of `Block`."""
_BEFORE = struct.Struct("<4sI")
BLOCK_HEADER_BYTES = _BEFORE.size + _BLOCK.size

LONGEST_BLOCK = 1 << 24
"""Bytes of records. A length beyond it is damage."""

BEGINS_CHAPTER = 1
"""Flag: the tables of names and values are empty at its beginning."""
NOTEWORTHY = 2
"""Flag: it has more than rounds and their answers."""
DEFINES = 4
"""Flag: later blocks of the chapter may need what is written in full in it."""
TROUBLED = 8
"""Flag: not all of its rounds were good."""

_ASLEEP_UNIT = 100
"""Parts of a second in which a block says how long the machine slept."""


class LaterVersion(Exception):  # noqa: N818 - a condition, told to the user in one line
    """A file has a format that this program does not know; the message says so in words."""


@dataclass(frozen=True, slots=True)
class FileHeader:
    """How a file begins."""

    major: int
    minor: int
    day: int
    """The UTC day on which it was begun, such as 20261127."""


@dataclass(frozen=True, slots=True)
class Block:
    """Records that were written together. They are in the order of what happened."""

    session: int
    """A random number: one for each run of an engine."""
    number: int
    """Of the block in its session, from 0 on. One that is missing was lost."""
    flags: int
    grid: int
    """Times are whole numbers of `2 ** -grid` seconds, where that gives them exactly."""
    at: float
    """When the first record happened: seconds on the engine's clock. Other times count from it."""
    wall: int
    """The wall clock at that time: microseconds since 1970, UTC."""
    asleep: float
    """Seconds that the machine has slept since it started (CLOCK_BOOTTIME less CLOCK_MONOTONIC)."""
    records: bytes

    @property
    def begins_chapter(self) -> bool:
        """Whether all tables are empty at its beginning."""
        return bool(self.flags & BEGINS_CHAPTER)

    @property
    def noteworthy(self) -> bool:
        """Whether it has more than rounds and their answers."""
        return bool(self.flags & NOTEWORTHY)

    @property
    def troubled(self) -> bool:
        """Whether it has rounds that were not good."""
        return bool(self.flags & TROUBLED)

    @property
    def defines(self) -> bool:
        """Whether later blocks may need what is written in full in it."""
        return bool(self.flags & DEFINES)


def file_header(day: int) -> bytes:
    """How a file begins that is begun on this UTC day."""
    content = _FILE.pack(FILE_MAGIC, MAJOR, MINOR, day)
    return content + _CHECKSUM.pack(zlib.crc32(content))


def read_file_header(data: bytes) -> FileHeader | None:
    """How a file begins; None: its beginning is damaged, or it is no journal."""
    if len(data) < FILE_HEADER_BYTES:
        return None
    magic, major, minor, day = _FILE.unpack_from(data)
    (checksum,) = _CHECKSUM.unpack_from(data, _FILE.size)
    if magic != FILE_MAGIC or checksum != zlib.crc32(data[: _FILE.size]):
        return None
    return FileHeader(major, minor, day)


def pack_block(block: Block) -> bytes:
    """The bytes of a block."""
    asleep = min(round(block.asleep * _ASLEEP_UNIT), 0xFFFFFFFF)
    header = _BLOCK.pack(
        len(block.records),
        block.session,
        block.number,
        block.flags,
        block.grid,
        block.at,
        block.wall,
        asleep,
    )
    checksum = zlib.crc32(block.records, zlib.crc32(header))
    return _BEFORE.pack(BLOCK_MAGIC, checksum) + header + block.records


@dataclass(slots=True)
class Blocks:
    """The whole blocks of a file's content, in order. `damaged` counts the bytes left out."""

    data: bytes
    damaged: int = 0
    rest: int = 0
    """Of these, those after the last whole block: perhaps one that is being written."""

    def __iter__(self) -> Iterator[Block]:
        data, at, end = self.data, 0, len(self.data)
        if read_file_header(data[:FILE_HEADER_BYTES]) is not None:
            at = FILE_HEADER_BYTES
        while at < end:
            block = _block_at(data, at)
            if block is None:
                found = data.find(BLOCK_MAGIC, at + 1)
                skipped = (found if found >= 0 else end) - at
                self.damaged += skipped
                self.rest += skipped
                at += skipped
                continue
            self.rest = 0
            yield block
            at += BLOCK_HEADER_BYTES + len(block.records)


class Anchor(NamedTuple):
    """What the header of a block says of the clocks."""

    session: int
    number: int
    at: float
    wall: int
    asleep: float


def anchors(data: bytes) -> Iterator[Anchor]:
    """Those of all whole blocks of a file's content: quicker than to read the blocks."""
    at, last = FILE_HEADER_BYTES, len(data) - BLOCK_HEADER_BYTES
    view = memoryview(data)
    while at <= last:
        header = _BLOCK.unpack_from(data, at + _BEFORE.size)
        end = at + BLOCK_HEADER_BYTES + header[0]
        magic, checksum = _BEFORE.unpack_from(data, at)
        whole = magic == BLOCK_MAGIC and end <= len(data)
        if not whole or zlib.crc32(view[at + _BEFORE.size : end]) != checksum:
            at = data.find(BLOCK_MAGIC, at + 1)
            if at < 0:
                return
            continue
        _, session, number, _, _, told_at, wall, asleep = header
        yield Anchor(session, number, told_at, wall, asleep / _ASLEEP_UNIT)
        at = end


def _block_at(data: bytes, at: int) -> Block | None:
    start = at + BLOCK_HEADER_BYTES
    if start > len(data):
        return None
    magic, checksum = _BEFORE.unpack_from(data, at)
    if magic != BLOCK_MAGIC:
        return None
    length, session, number, flags, grid, told_at, wall, asleep = _BLOCK.unpack_from(
        data, at + _BEFORE.size
    )
    if length > LONGEST_BLOCK or start + length > len(data):
        return None
    if zlib.crc32(data[at + _BEFORE.size : start + length]) != checksum:
        return None
    records = data[start : start + length]
    return Block(session, number, flags, grid, told_at, wall, asleep / _ASLEEP_UNIT, records)
