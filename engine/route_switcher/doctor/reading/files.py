"""Reads files that others write. Nothing is waited for: a pipe that nobody writes to, or a device,
may stand where a file should."""

import os
import stat
from pathlib import Path

MOST = 1 << 16
"""Bytes."""

_FLAGS = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC


def beginning(file: Path, most: int = MOST) -> str:
    """At most so many bytes of a regular file, as text. Raises OSError."""
    descriptor = os.open(file, _FLAGS)
    with os.fdopen(descriptor, "rb") as opened:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{file} is no regular file")
        return opened.read(most).decode(errors="replace")
