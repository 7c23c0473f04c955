"""What the blocks of a journal say in their headers, and by how much their clocks are to be
corrected.

Each file is read once for that, and its checksums are verified. What is kept is some forty bytes
for each block, so that a reader need not look at those that it does not want.
"""

from array import array
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf
from operator import add

from route_switcher.journal.folder import JournalFile
from route_switcher.journal.framing import (
    ASLEEP_UNIT,
    BEGINS_CHAPTER,
    DEFINES,
    NOTEWORTHY,
    TROUBLED,
    Blocks,
    read_file_header,
)

_SET = 1.0
"""Seconds by which the wall clock is off if somebody has set it."""

_NOT_PLAIN = NOTEWORTHY | DEFINES | TROUBLED | BEGINS_CHAPTER


@dataclass(slots=True)
class FileIndex:
    """The whole blocks of one file: each list has one value for each of them."""

    offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    """Where each begins."""
    sessions: "array[int]" = field(default_factory=lambda: array("I"))
    numbers: "array[int]" = field(default_factory=lambda: array("I"))
    flags: "array[int]" = field(default_factory=lambda: array("B"))
    at: "array[float]" = field(default_factory=lambda: array("d"))
    ahead: "array[float]" = field(default_factory=lambda: array("d"))
    """Seconds from the engine's clock to the time of day."""
    special: bytearray = field(default_factory=bytearray)
    """0 for a block that goes on after the one before, and has nothing but good rounds."""
    span: tuple[float, float] = (inf, -inf)
    """The times of day at which the first and the last of them began."""
    damaged: int = 0
    """Bytes that belong to no whole block."""
    rest: int = 0
    """Of these, those behind the last, where the file may still grow."""

    def last_plain(self, block: int) -> int:
        """The last of the blocks that follow this one and are not special."""
        special = self.special.find(1, block + 1)
        return (special if special >= 0 else len(self.special)) - 1


class Index:
    """Some files that follow each other. `content_of` reads one."""

    def __init__(
        self, files: Iterable[JournalFile], content_of: Callable[[JournalFile], bytes]
    ) -> None:
        self.files: dict[JournalFile, FileIndex] = {}
        self._latest: dict[int, float] = {}
        """For each session: how far the wall clock was from the one that is never set."""
        self._steps: dict[int, list[tuple[int, float]]] = {}
        """For each session: the block before which the clock was set, and by how much."""
        for each in files:
            self.files[each] = self._read(content_of(each))
        for its in self.files.values():
            self._correct(its)
            began = list(map(add, its.at, its.ahead))
            its.span = (min(began, default=inf), max(began, default=-inf))

    def _read(self, data: bytes) -> FileIndex:
        blocks, its, latest = Blocks(data), FileIndex(), self._latest
        session = number = -1
        offset = 0.0
        for at, (
            _,
            _,
            _,
            its_session,
            its_number,
            flags,
            _,
            began,
            wall,
            asleep,
        ) in blocks.headers():
            seconds = wall / 1_000_000
            its_offset = seconds - began - asleep / ASLEEP_UNIT
            same = its_session == session
            ahead = seconds - began
            before = offset if same else latest.get(its_session, its_offset)
            if abs(its_offset - before) > _SET:
                step = its_number, its_offset - before
                self._steps.setdefault(its_session, []).append(step)
            if not same and session >= 0:
                latest[session] = offset
            plain = same and its_number == number + 1 and not flags & _NOT_PLAIN
            plain = plain and abs(ahead - its.ahead[-1]) < _SET
            session, number, offset = its_session, its_number, its_offset
            its.offsets.append(at)
            its.sessions.append(session)
            its.numbers.append(number)
            its.flags.append(flags)
            its.at.append(began)
            its.ahead.append(ahead)
            its.special.append(not plain)
        if session >= 0:
            latest[session] = offset
        its.damaged = blocks.damaged
        its.rest = blocks.rest if read_file_header(data) is not None else 0
        return its

    def _correct(self, its: FileIndex) -> None:
        for block, session in enumerate(its.sessions if self._steps else ()):
            number = its.numbers[block]
            steps = self._steps.get(session, ())
            its.ahead[block] += sum(step for earlier, step in steps if earlier > number)
