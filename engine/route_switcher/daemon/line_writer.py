"""Lines for a reader that may stop reading: written by a thread of their own, and lost if need be.

A write to a pipe, a terminal, a socket or a disk can take for ever. The descriptor is left as it
is: O_NONBLOCK would hold for everybody who shares it (open(2), open file description).
"""

import io
import logging
import os
import select
import signal
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TypeAlias

from route_switcher.daemon.journal import marked
from route_switcher.daemon.thread_start import start
from route_switcher.printable import printable_lines

WAITING_BYTES = 256 * 1024
WAITING_LINES = 4096
"""What may wait to be written. Beyond that, lines are lost and counted."""

DRAIN = 2.0
"""Seconds that the end of the process waits for what is still to be written."""

_AT_ONCE = 4096
"""Bytes written by one call: as much as a pipe takes in one piece (PIPE_BUF, pipe(7))."""

_PAUSE = 0.01
"""Seconds between two writes: what comes meanwhile is written at once, which costs less."""

_RETRY = 1.0
"""Seconds after which a write that failed is tried again: a disk may get room."""

TellLost: TypeAlias = Callable[[int, float], str]
"""What to write where so many lines were lost, from this `time.time()` on."""


class LineWriter:
    """Writes to `descriptor` in order, and never lets the caller wait.

    A line that was written in part when a write failed is finished first when it works again.
    `on_error` is called, in the writer's thread, each time when a write fails. Where lines were
    lost, `tell_lost` makes one that says so. Raises NoThread.
    """

    def __init__(
        self,
        descriptor: int,
        tell_lost: TellLost,
        on_error: Callable[[OSError], None] = lambda _: None,
    ) -> None:
        self._descriptor = descriptor
        self.tell_lost = tell_lost
        self._on_error = on_error
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self.lost = 0
        """How many lines were lost since the start."""
        self._lost = 0
        self._lost_since = 0.0
        self._asleep = False
        self._wake = threading.Lock()
        self._wake.acquire()
        self._drained: threading.Lock | None = None
        # Not joined at the end of the process: it may be in a write that never returns.
        start(threading.Thread(target=self._run, name="lines", daemon=True))

    def put(self, data: bytes) -> None:
        """Have `data` written: one or more whole lines."""
        with self._lock:
            full = self._bytes + len(data) > WAITING_BYTES or len(self._waiting) >= WAITING_LINES
            # Once lines are lost, those that follow are as well until it has been told.
            if full or self._lost:
                self._lost_since = self._lost_since if self._lost else time.time()
                lines = data.count(b"\n")
                self._lost += lines
                self.lost += lines
                return
            self._waiting.append(data)
            self._bytes += len(data)
            self._wake_up()

    def drain(self, seconds: float = DRAIN) -> None:
        """Return when all is written, after `seconds` at the latest."""
        drained = threading.Lock()
        drained.acquire()
        with self._lock:
            self._drained = drained
            self._wake_up()
        drained.acquire(timeout=seconds)

    def _wake_up(self) -> None:
        if self._asleep:
            self._asleep = False
            self._wake.release()

    def _run(self) -> None:
        # A terminal in whose background we run may stop the whole process for writing (termios(3),
        # TOSTOP), unless the thread that writes holds this signal back.
        signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGTTOU,))
        while True:
            batch = self._next()
            if batch is None:
                self._wake.acquire()
                continue
            self._write(batch)
            if not self._waiting:
                _rest(_PAUSE)

    def _next(self) -> bytes | None:
        """What is to be written now; None if there is nothing: then it sleeps."""
        with self._lock:
            batch = bytearray()
            if self._waiting:
                batch += self._waiting.popleft()
            while self._waiting and len(batch) + len(self._waiting[0]) <= _AT_ONCE:
                batch += self._waiting.popleft()
            self._bytes -= len(batch)
            if batch:
                return bytes(batch)
            if self._lost:
                lost, self._lost = self._lost, 0
                return self.tell_lost(lost, self._lost_since).encode()
            self._asleep = True
            if self._drained is not None:
                self._drained.release()
                self._drained = None
            return None

    def _write(self, batch: bytes) -> None:
        written = 0
        while written < len(batch):
            try:
                written += os.write(self._descriptor, batch[written:])
            except BlockingIOError:
                # Somebody else made the descriptor non-blocking.
                _wait_for_room(self._descriptor)
                _rest(_PAUSE)
            except OSError as error:
                self._on_error(error)
                _rest(_RETRY)


def _rest(seconds: float) -> None:
    # time.sleep() asks for an absolute time, and raises where a library that sets the clock for one
    # process (libfaketime) does not know that: the thread would end, and with it the log.
    select.select((), (), (), seconds)


def _wait_for_room(descriptor: int) -> None:
    room = select.poll()
    room.register(descriptor, select.POLLOUT)
    room.poll()


class LineStream(io.TextIOBase):
    """A text stream over a LineWriter, for all that writes to `sys.stderr`; it cannot block.

    What a terminal would obey is written as an escape. In the `journal`, lines that have no
    priority are errors: the log marks its own.
    """

    def __init__(self, writer: LineWriter, encoding: str, *, journal: bool = False) -> None:
        self.writer = writer
        self._journal = journal
        self._encoding = encoding
        self._begun = ""

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What is understood there."""
        return self._encoding

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, text: str) -> int:
        """Have the whole lines of it written; the rest waits for its end."""
        lines, end, rest = text.rpartition("\n")
        if end:
            whole = printable_lines(self._begun + lines + end)
            if self._journal:
                whole = marked(whole, logging.ERROR)
            self._begun = ""
            self.writer.put(whole.encode(self._encoding, "backslashreplace"))
        self._begun += rest
        return len(text)
