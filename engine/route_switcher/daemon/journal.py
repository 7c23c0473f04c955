"""Whether what we write goes to the journal, and how a line tells it its priority."""

import logging
import os
import re
from collections.abc import Mapping

STANDARD_ERROR = 2

_PRIORITIES = (
    (logging.ERROR, 3),
    (logging.WARNING, 4),
    (logging.INFO, 6),
    (logging.DEBUG, 7),
)
"""As syslog(3) numbers them."""

_MARKED = re.compile(r"<[0-7]>")


def is_journal(descriptor: int, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether this descriptor is the one by which the service manager connected us to the journal
    (systemd.exec(5), `$JOURNAL_STREAM`). A program that was given another output meanwhile has the
    variable too, so the numbers of the descriptor count."""
    try:
        status = os.fstat(descriptor)
    except OSError:
        return False
    return environment.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


def prefix(level: int) -> str:
    """What begins a line of this level (sd-daemon(3))."""
    return f"<{next((number for least, number in _PRIORITIES if level >= least), 7)}>"


def marked(lines: str, level: int) -> str:
    """Whole lines, each with a priority: this one, where it has none yet."""
    mark = prefix(level)
    return "".join(
        line if _MARKED.match(line) else mark + line for line in lines.splitlines(keepends=True)
    )
