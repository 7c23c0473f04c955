"""The standard streams: there whatever the shell left open, and safe for a terminal.

What was closed leads to /dev/null, so that no socket of ours gets its number and is written to.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from route_switcher.printable import printable_lines

_STANDARD = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))


class _Printable:
    """A text stream that writes as an escape what a terminal would obey."""

    def __init__(self, stream: TextIO) -> None:
        self.raw = stream

    def write(self, text: str) -> int:
        return self.raw.write(printable_lines(text))

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def __getattr__(self, name: str) -> object:
        return getattr(self.raw, name)


def open_what_is_closed() -> None:
    """Open /dev/null on each of the descriptors 0 to 2 that is closed; to be called first."""
    for descriptor, (name, mode) in enumerate(_STANDARD):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number is taken (open(2)): this one.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
        if getattr(sys, name) is None:
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115


@contextmanager
def printable_streams() -> Iterator[None]:
    """Meanwhile nothing that is printed can be obeyed by a terminal, or lacks a character."""
    before = sys.stdout, sys.stderr
    for stream in before:
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    sys.stdout, sys.stderr = (cast(TextIO, _Printable(stream)) for stream in before)
    try:
        yield
    except SystemExit:
        sys.stdout, sys.stderr = before
        raise
    # After any other exception its traceback is still to be printed.
    sys.stdout, sys.stderr = before


def unescaped(stream: TextIO) -> TextIO:
    """The same stream for one who styles what is printed, and escapes names by himself."""
    return stream.raw if isinstance(stream, _Printable) else stream
