"""The thread that writes the journal: it makes blocks of what waits, and may hang with the disk."""

import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TypeAlias

from route_switcher.core.vocabulary.events import Answers, Reload, Round
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.recording.clocks import Clocks
from route_switcher.daemon.recording.files import Files
from route_switcher.daemon.recording.standing import Known
from route_switcher.daemon.signals import SIGNALS
from route_switcher.journal.encoding import Encoder, grid_for
from route_switcher.journal.records import (
    Began,
    Ended,
    Lost,
    PolicyText,
    Record,
    Reloaded,
    Standing,
)
from route_switcher.journal.summary import Summing

MOST_WAITING = 1 << 15
"""How much may wait to be written: a record is one, and each answer in it. About ten megabytes."""

_LOOK = 1.0
"""Seconds between two looks for what waits."""
_LONGEST = 12.0
"""Seconds of rounds that one block has: they are lost if the engine is killed."""
_LARGEST = 1 << 15
"""Bytes of a block."""
_RETRY = 10.0
"""Seconds after which a disk that refused is tried again."""
_SET = 0.5
"""Seconds by which a wall clock that was set ends a block."""

SWITCHED_OFF = "the journal was switched off"
"""Why a part is missing; said before that part where it can be."""

Waiting: TypeAlias = Record | Reload


def weight_of(record: object) -> int:
    """How much of the queue it takes."""
    return 1 + len(record.answers) if isinstance(record, Round | Answers) else 1


@dataclass(frozen=True, slots=True)
class Header:
    """What is known of the engine whose journal it is."""

    version: str
    boot: str
    ahead: float
    """Seconds that CLOCK_MONOTONIC is ahead of the engine's clock."""
    clocks: Callable[[], Clocks]
    text_of: Callable[[Policy], PolicyText]


class Writing:
    """Writes what `put` gives, in a thread that `run` is. `began`: what a new journal of this
    engine begins with; None: the engine has begun long before."""

    def __init__(self, at: float, header: Header, text: PolicyText, *, began: bool) -> None:
        self.known = Known()
        """Kept up to date by whoever puts."""
        self.trouble = ""
        """Why nothing can be written now, in words; empty: it can."""
        self.lost = 0
        """How many records were lost until now."""
        self.at_work_since: float | None = None
        """Since when (time.monotonic) the disk has been at work; None: it is not."""
        self.files = Files()
        self._header = header
        self._text = text
        self._began = began
        self._queue: deque[Waiting] = deque()
        self._put = 0
        self._taken = 0
        self._missing = 0
        self._missing_at = 0.0
        self._counting = threading.Lock()
        self._encoder = Encoder(int.from_bytes(os.urandom(4)), grid_for(at))
        self._block: list[Record] = []
        """What the block has that is not written: where it cannot be, it is encoded once more."""
        self._failed = False
        self._lasting = False
        self._clocks = header.clocks()
        self._summing = Summing(at)
        self._hour = 0
        self._retry_at = 0.0
        self._urgent = False
        self._ends = False
        self._wake = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._done = threading.Lock()
        self._done.acquire()

    # For the loop: nothing here waits.

    def put(self, record: Waiting) -> None:
        """Have it written, after what was put before."""
        if self._missing or self._put - self._taken > MOST_WAITING:
            with self._counting:
                # What follows is lost as well until that has been told.
                if not self._missing:
                    self._missing_at = getattr(record, "at", self._missing_at)
                self._missing += 1
            return
        self._put += weight_of(record)
        self._queue.append(record)

    def hurry(self) -> None:
        """Have it written soon."""
        self._urgent = True
        os.eventfd_write(self._wake, 1)

    def end(self, at: float, seconds: float) -> None:
        """The engine ends: have all written, and wait for that, but not for longer."""
        self.put(Ended(at))
        self._ends = True
        self.hurry()
        self._done.acquire(timeout=seconds)

    # The thread.

    def run(self) -> None:
        """Until `end`."""
        # This thread may outlive the daemon's handlers, and must not take its signals then.
        signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)
        while True:
            # No sleep: see line_writer.
            select.select((self._wake,), (), (), _LOOK)
            ends = self._ends
            self.look()
            if ends:
                self.files.close()
                self._done.release()
                return

    def look(self) -> None:
        """Write what is due."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        urgent, self._urgent = self._urgent, False
        now = self._header.clocks().engine
        if self._failed and now < self._retry_at and not self._ends:
            return
        try:
            self._write_waiting(urgent or self._ends)
            self.trouble, self._failed = "", False
        except OSError as error:
            self._failed, self._retry_at = True, now + _RETRY
            self.trouble = f"{self.files.place_of(error)}: {error.strerror or error}"
            self.files.close()
        finally:
            self.at_work_since = None

    def _write_waiting(self, urgent: bool) -> None:
        clocks = self._header.clocks()
        if self._block and abs(clocks.offset - self._clocks.offset) > _SET:
            self._finish()
        self._clocks = clocks
        if self._failed and self._block:
            self._encode_again()
            self._finish()
        while self._queue or self._missing:
            if not self._queue:
                self._tell_missing()
                continue
            self._take(self._queue[0])
            self._taken += weight_of(self._queue.popleft())
            if self._encoder.size > _LARGEST:
                self._finish()
        old = clocks.engine - self._encoder.began_at > _LONGEST
        if self._block and (urgent or old):
            self._finish()

    def _take(self, record: Waiting) -> None:
        if isinstance(record, Reload):
            self._take_reload(record)
            return
        hour = int(self._wall_of(record)) // 3600
        if hour != self._hour or isinstance(record, Ended):
            self._summarize(getattr(record, "at", self._clocks.engine))
            self._hour = hour
        self._add(record)
        if isinstance(record, Round | Answers):
            self._summing.add(record)
        elif isinstance(record, Decision):
            self._lasting = True

    def _take_reload(self, event: Reload) -> None:
        size = event.policy.journal.size
        self.files.bound = size or self.files.bound
        text = self._header.text_of(event.policy)
        if text.digest != self._text.digest:
            self._text = text
            self._add(text)
        self._add(
            Reloaded(
                event.at,
                text.digest,
                event.links,
                event.routes,
                event.next_hops,
                event.rules,
            )
        )
        if not size:
            self._summarize(event.at)
            self._add(Lost(event.at, 0, SWITCHED_OFF))
            self._finish()
            self.files.close()

    def _tell_missing(self) -> None:
        with self._counting:
            count, self._missing = self._missing, 0
        self.lost += count
        self._add(Lost(self._missing_at, count, self.trouble or "the disk was too slow"))
        self._add(self._standing(self._clocks.engine))
        self._urgent = True

    def _summarize(self, at: float) -> None:
        summary = self._summing.take(at)
        if summary is not None:
            self._add(summary)

    def _add(self, record: Record) -> None:
        if not self._block:
            self._begin_block(record)
        self._block.append(record)
        self._encoder.add(record)

    def _begin_block(self, record: Record) -> None:
        at, wall = self._at_of(record), self._wall_of(record)
        self.at_work_since = time.monotonic()
        another = self.files.ready(wall)
        if another:
            self._encoder.new_chapter()
        self._encoder.begin(at, wall, self._clocks.asleep)
        if another:
            self._block = self._head(at)
            for each in self._block:
                self._encoder.add(each)

    def _encode_again(self) -> None:
        """The block could not be written, and perhaps its file is no more."""
        records = self._block
        self._block = []
        try:
            self._begin_block(records[0])
        except OSError:
            self._block = records
            raise
        left = [each for each in records if not isinstance(each, PolicyText | Began | Standing)]
        self._block += left
        for each in left:
            self._encoder.add(each)

    def _finish(self) -> None:
        if not self._block:
            return
        content = self._encoder.finish()
        self.at_work_since = time.monotonic()
        try:
            self.files.append(content, lasting=self._lasting)
        except OSError:
            self._failed = True
            raise
        self.at_work_since = None
        self._began = self._began or any(isinstance(each, Began) for each in self._block)
        self._block, self._lasting, self._failed = [], False, False

    def _head(self, at: float) -> list[Record]:
        """What another file begins with."""
        its = self._header
        if self._began:
            return [self._text, self._standing(at)]
        return [self._text, Began(at, its.version, its.boot, its.ahead, self._text.digest)]

    def _standing(self, at: float) -> Standing:
        its = self._header
        return self.known.standing(at, its.version, its.boot, its.ahead, self._text.digest)

    def _at_of(self, record: Record) -> float:
        return getattr(record, "at", self._clocks.engine)

    def _wall_of(self, record: Record) -> float:
        return self._clocks.wall - self._clocks.engine + self._at_of(record)
