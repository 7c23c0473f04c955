"""Files and blocks: the frame around records. docs/journal.md describes it.

A block is written by one call, and has a length and a checksum. Where a power cut or a bad disk has
destroyed one, the next is found by its first bytes.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

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
_HEADER = struct.Struct("<4sIIIIBBdqI")
"""Both."""
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

ASLEEP_UNIT = 100
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
    asleep = min(round(block.asleep * ASLEEP_UNIT), 0xFFFFFFFF)
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


class Header(NamedTuple):
    """What stands before the records of a block; see `Block`."""

    magic: bytes
    checksum: int
    length: int
    """Bytes of the records."""
    session: int
    number: int
    flags: int
    grid: int
    at: float
    wall: int
    asleep: int
    """Hundredths of a second."""


_Fields: TypeAlias = tuple[bytes, int, int, int, int, int, int, float, int, int]


class Blocks:
    """The whole blocks of a file's content, in order. `damaged` counts the bytes left out."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.damaged = 0
        self.rest = 0
        """Of these, those after the last whole block: perhaps one that is being written."""

    def __iter__(self) -> Iterator[Block]:
        for at, _ in self.headers():
            block = block_at(self.data, at)
            assert block is not None
            yield block

    def headers(self) -> Iterator[tuple[int, _Fields]]:
        """Where each begins, and its `Header` as a mere tuple, which is quicker."""
        data, at, end = self.data, 0, len(self.data)
        if read_file_header(data[:FILE_HEADER_BYTES]) is not None:
            at = FILE_HEADER_BYTES
        view, crc32, unpack = memoryview(data), zlib.crc32, _HEADER.unpack_from
        last = end - BLOCK_HEADER_BYTES
        while at < end:
            if at <= last:
                header = unpack(data, at)
                after = at + BLOCK_HEADER_BYTES + header[2]
                whole = header[0] == BLOCK_MAGIC and header[2] <= LONGEST_BLOCK and after <= end
                if whole and crc32(view[at + _BEFORE.size : after]) == header[1]:
                    self.rest = 0
                    yield at, header
                    at = after
                    continue
            found = data.find(BLOCK_MAGIC, at + 1)
            skipped = (found if found >= 0 else end) - at
            self.damaged += skipped
            self.rest += skipped
            at += skipped


def block_at(data: bytes, at: int) -> Block | None:
    """The block that begins at `at`; None: there is no whole one."""
    start = at + BLOCK_HEADER_BYTES
    if start > len(data):
        return None
    header = Header._make(_HEADER.unpack_from(data, at))
    end = start + header.length
    if header.magic != BLOCK_MAGIC or header.length > LONGEST_BLOCK or end > len(data):
        return None
    if zlib.crc32(data[at + _BEFORE.size : end]) != header.checksum:
        return None
    _, _, _, session, number, flags, grid, told_at, wall, asleep = header
    return Block(session, number, flags, grid, told_at, wall, asleep / ASLEEP_UNIT, data[start:end])
