"""Standard error for a command that must go on though nobody reads what it says."""

import atexit
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from route_switcher.daemon.journal import is_journal
from route_switcher.daemon.line_writer import LineStream, LineWriter


@contextmanager
def unhindered_stderr() -> Iterator[None]:
    """Meanwhile nothing that is written to `sys.stderr` waits for its reader.

    At the end it waits for a moment, and so does the end of the process after an exception, whose
    traceback goes the same way.
    """
    before = sys.stderr
    writer = LineWriter(before.fileno(), _lost)
    atexit.register(writer.drain)
    journal = is_journal(before.fileno())
    sys.stderr = cast(TextIO, LineStream(writer, before.encoding, journal=journal))
    yield
    writer.drain()
    atexit.unregister(writer.drain)
    sys.stderr = before


def _lost(count: int, since: float) -> str:
    return f"route-switcher: {count} lines could not be written\n"
