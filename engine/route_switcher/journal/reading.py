"""Reads a journal: what was written, each with its time.

The time of day follows from the clock that an engine went by, which is never set, and from what the
wall clock said meanwhile. Where that was set by more than a second, what was written before counts
by the new time as well: at the start of a machine the clock is often wrong, and then it is set.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Answers, Round
from route_switcher.journal.decoding import Decoder, OnlyCounts
from route_switcher.journal.folder import JournalFile, content_of, files_in, unreadable
from route_switcher.journal.framing import (
    BEGINS_CHAPTER,
    DEFINES,
    MAJOR,
    NOTEWORTHY,
    TROUBLED,
    LaterVersion,
    block_at,
    read_file_header,
)
from route_switcher.journal.index import Index
from route_switcher.journal.records import LeftOut, Record

_DAY = 86_400.0

_LONGEST_BLOCK = 60.0
"""Seconds that a block may take."""

_MARGIN = 1.0
"""Seconds before the end of a time in which every round is given."""

_SLEPT = 1.0
"""Seconds by which the time of day goes ahead of the engine's clock if the machine slept: when that
was must be known, so such a block is read."""

Span: TypeAlias = tuple[float, float]
"""From when to when: seconds since 1970, UTC."""


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
    """The journal in `folder`. Where files come and go meanwhile, they are read or not. What is
    appended after the first reading is not read."""

    def __init__(self, folder: Path) -> None:
        """Raises NoJournal."""
        self.folder = folder
        self.damaged = 0
        """Bytes that were left out in what was read until now, because they are damaged."""
        self._index: Index | None = None
        try:
            self.files = files_in(folder)
        except OSError as error:
            raise unreadable(error, folder) from None

    def entries(
        self,
        since: float = -inf,
        until: float = inf,
        *,
        noteworthy: bool = False,
        calm: Callable[[], bool] = lambda: False,
        counts_only: OnlyCounts | None = None,
    ) -> Iterator[Entry]:
        """The records of a time, in the order in which they were written.

        It begins at the beginning of a file, so that what stood at `since` is known: what is before
        `since` comes too, but for blocks that have nothing but rounds. `noteworthy`: these are left
        out everywhere. Where `calm` says that the reader wants no good rounds now, blocks that have
        nothing else are left out: a `LeftOut` takes the place of one or more of them. Where
        `counts_only` says that of rounds like this one the reader wants only the number, a
        `LeftOut` gives it. Both are asked again after each entry. Raises NoJournal and
        LaterVersion.
        """
        files = self._from(since)
        index = self._indexed(files)
        decoder = Decoder()
        left_out: Entry | None = None
        latest = -1, 0.0
        for each in files:
            its, content = index.files[each], _Content(self.folder / each.name)
            in_time = its.span[1] <= until
            block, is_calm = -1, None
            while (block := block + 1) < len(its.offsets):
                at, ahead, session = its.at[block], its.ahead[block], its.sessions[block]
                began, flags = at + ahead, its.flags[block]
                if began > until:
                    continue
                slept = session == latest[0] and abs(ahead - latest[1]) > _SLEPT
                latest = session, ahead
                if not flags & (NOTEWORTHY | DEFINES) and not slept:
                    unwanted = noteworthy or began < since - _LONGEST_BLOCK
                    if not unwanted and not flags & TROUBLED:
                        is_calm = calm() if is_calm is None else is_calm
                        unwanted = is_calm
                    if unwanted:
                        if left_out is not None and left_out.session != session:
                            yield left_out
                            is_calm = None
                        decoder.skip(session, its.numbers[block], flags)
                        if is_calm and in_time:
                            block = its.last_plain(block)
                            decoder.skip_to(session, its.numbers[block])
                            at, ahead = its.at[block], its.ahead[block]
                            latest = session, ahead
                        left_out = Entry(at + ahead, session, LeftOut(at), ahead)
                        continue
                if left_out is not None:
                    yield left_out
                    left_out = None
                last = until - ahead - _MARGIN
                for record in content.records(decoder, its.offsets[block], counts_only, last):
                    told = getattr(record, "at", at)
                    yield Entry(told + ahead, session, record, ahead)
                is_calm = None
            self.damaged += its.damaged
            if each == files[-1]:
                self.damaged -= its.rest  # perhaps it is being written
        if left_out is not None:
            yield left_out

    def rounds(self, spans: Sequence[Span]) -> Iterator[Entry]:
        """All rounds and late answers that were told in these times, and some just outside of
        them. Raises NoJournal and LaterVersion."""
        if not spans:
            return
        files = self._from(min(begins for begins, _ in spans))
        index = self._indexed(files)
        decoder = Decoder()
        for each in files:
            its, content = index.files[each], _Content(self.folder / each.name)
            if not _touches(its.span, spans):
                continue
            read = 0
            """Blocks before this one were read, or are of a chapter that nobody needs."""
            for block, flags in enumerate(its.flags):
                if flags & BEGINS_CHAPTER:
                    read = block
                began = its.at[block] + its.ahead[block]
                if not _touches((began, began), spans):
                    continue
                for earlier in range(read, block):
                    if its.flags[earlier] & DEFINES:
                        deque(content.records(decoder, its.offsets[earlier]), maxlen=0)
                    else:
                        decoder.skip(
                            its.sessions[earlier], its.numbers[earlier], its.flags[earlier]
                        )
                read = block + 1
                ahead, session = its.ahead[block], its.sessions[block]
                for record in content.records(decoder, its.offsets[block]):
                    if isinstance(record, Round | Answers):
                        yield Entry(record.at + ahead, session, record, ahead)

    def _indexed(self, files: Iterable[JournalFile]) -> Index:
        if self._index is None or not self._index.files.keys() >= set(files):
            self._index = Index(files, self._content)
        return self._index

    def _from(self, since: float) -> list[JournalFile]:
        """The last files, from the one on in which `since` lies: no file has more than a day. And
        the one before: it may have a clock that was wrong."""
        if since == -inf:
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
        return _content_of(self.folder / file.name)


class _Content:
    """The blocks of a file, which is read when the first of them is needed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._data: bytes | None = None

    def records(
        self,
        decoder: Decoder,
        offset: int,
        counts_only: OnlyCounts | None = None,
        last: float = inf,
    ) -> Iterator[Record]:
        """Those of the block that begins at `offset`; none, if it was dropped meanwhile."""
        if self._data is None:
            self._data = _content_of(self._path)
        block = block_at(self._data, offset)
        return iter(()) if block is None else decoder.records(block, counts_only, last)


def _content_of(path: Path) -> bytes:
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


def _touches(begins: Span, spans: Iterable[Span]) -> bool:
    """Whether a block that began in this time may have something of one of these spans."""
    first, last = begins
    return any(first <= its[1] and last + _LONGEST_BLOCK >= its[0] for its in spans)
