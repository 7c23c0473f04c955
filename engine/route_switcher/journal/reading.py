"""Reads a journal: what was written, each with its time.

The time of day follows from the clock that an engine went by, which is never set, and from what the
wall clock said meanwhile. Where that was set by more than a second, what was written before counts
by the new time as well: at the start of a machine the clock is often wrong, and then it is set.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from route_switcher.journal.decoding import Decoder
from route_switcher.journal.folder import JournalFile, content_of, files_in, unreadable
from route_switcher.journal.framing import (
    MAJOR,
    Anchor,
    Block,
    Blocks,
    LaterVersion,
    anchors,
    read_file_header,
)
from route_switcher.journal.records import LeftOut, Record

_SET = 1.0
"""Seconds by which the wall clock is off if somebody has set it."""

_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One record, and when it happened."""

    wall: float
    """Seconds since 1970, UTC."""
    session: int
    """A number for the run of the engine."""
    record: Record
    ahead: float
    """Seconds from the engine's clock to `wall`."""

    def wall_of(self, at: float) -> float:
        """The time of day of `at`, a time of the engine's clock in the record."""
        return at + self.ahead


class Journal:
    """The journal in `folder`. Where files come and go meanwhile, they are read or not."""

    def __init__(self, folder: Path) -> None:
        """Raises NoJournal."""
        self.folder = folder
        self.damaged = 0
        """Bytes that were left out in what was read until now, because they are damaged."""
        try:
            self.files = files_in(folder)
        except OSError as error:
            raise unreadable(error, folder) from None

    def entries(
        self,
        since: float = -math.inf,
        until: float = math.inf,
        *,
        noteworthy: bool = False,
        calm: Callable[[], bool] = lambda: False,
    ) -> Iterator[Entry]:
        """The records of a time, in the order in which they were written.

        It begins at the beginning of a file, so that what stood at `since` is known: what is before
        `since` comes too, but for blocks that have nothing but rounds. `noteworthy`: these are left
        out everywhere. Where `calm` says that the reader wants no good rounds now, blocks that have
        nothing else are left out: a `LeftOut` takes the place of one or more of them. Raises
        NoJournal and LaterVersion.
        """
        wanted = self._wanted(since)
        corrections = _Corrections()
        for each in wanted:
            corrections.follow(self._content(each))
        decoder = Decoder()
        left_out: Entry | None = None
        for each in wanted:
            content = self._content(each)
            blocks = Blocks(content)
            for block in blocks:
                ahead = corrections.ahead(block)
                began = block.at + ahead
                if began > until:
                    continue
                before = began < since - _LONGEST_BLOCK
                rounds_only = not block.noteworthy and not block.defines
                unwanted = noteworthy or before or (not block.troubled and calm())
                if rounds_only and unwanted:
                    if left_out is not None and left_out.session != block.session:
                        yield left_out
                    left_out = Entry(began, block.session, LeftOut(block.at), ahead)
                    decoder.skip(block)
                    continue
                if left_out is not None:
                    yield left_out
                    left_out = None
                for record in decoder.records(block):
                    at = getattr(record, "at", block.at)
                    yield Entry(at + ahead, block.session, record, ahead)
            self.damaged += blocks.damaged
            if each == wanted[-1] and read_file_header(content) is not None:
                self.damaged -= blocks.rest  # perhaps it is being written
        if left_out is not None:
            yield left_out

    def _wanted(self, since: float) -> list[JournalFile]:
        """The last files, from the one on in which `since` lies: no file has more than a day. And
        the one before: it may have a clock that was wrong."""
        if since == -math.inf:
            return self.files
        first_day = int(time.strftime("%Y%m%d", time.gmtime(max(since - _DAY, 0.0))))
        wanted: list[JournalFile] = []
        for earlier, each in zip([None, *self.files], [*self.files], strict=False):
            was_set_back = earlier is not None and each.day < earlier.day
            if each.day < first_day and not was_set_back:
                wanted.clear()
            wanted.append(each)
        return wanted

    def _content(self, file: JournalFile) -> bytes:
        path = self.folder / file.name
        try:
            data = content_of(path)
        except OSError as error:
            raise unreadable(error, path) from None
        header = read_file_header(data)
        if header is not None and header.major > MAJOR:
            raise LaterVersion(
                f"{path} was written by a later version of route-switcher (format {header.major}."
                f"{header.minor}; this one reads {MAJOR}): read it with that version"
            )
        return data


_LONGEST_BLOCK = 60.0
"""Seconds that a block may take."""


class _Corrections:
    """By how much the wall clock of a block is to be corrected: what it was set by later."""

    def __init__(self) -> None:
        self._latest: dict[int, Anchor] = {}
        self._steps: dict[int, list[tuple[int, float]]] = {}
        """For each session: the block before which the clock was set, and by how much."""

    def follow(self, data: bytes) -> None:
        """Take note of the blocks in `data`, which come after those before."""
        latest = self._latest
        for anchor in anchors(data):
            before = latest.get(anchor.session)
            latest[anchor.session] = anchor
            if before is not None:
                step = _offset(anchor) - _offset(before)
                if abs(step) > _SET:
                    self._steps.setdefault(anchor.session, []).append((anchor.number, step))

    def ahead(self, block: Block) -> float:
        """Seconds from the engine's clock to the wall clock as it was set last."""
        later = (
            step for number, step in self._steps.get(block.session, ()) if number > block.number
        )
        return block.wall / 1_000_000 - block.at + sum(later)


def _offset(anchor: Anchor) -> float:
    return anchor.wall / 1_000_000 - anchor.at - anchor.asleep
