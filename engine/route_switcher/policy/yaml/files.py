"""From a file to a `Document`: reading it, and the bytes that are not text.

Only a regular file is read: a FIFO or a device may block for ever, or do something when opened.
What the shell gives us as one of our own descriptors (`<(...)`, /dev/stdin) may be a pipe.
"""

import errno
import os
import stat
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import IO

from route_switcher.policy.file_kinds import FileKind
from route_switcher.policy.problems import PolicyProblems, Problem, Span
from route_switcher.policy.yaml.errors import Places
from route_switcher.policy.yaml.reader import MAX_SIZE, Document, read, too_large

TIME_LIMIT = 10.0
"""Seconds that the engine waits for its policy: a file system may hang."""

_OWN_DESCRIPTORS = ("/dev/stdin", "/dev/fd/", "/proc/self/fd/")


def read_file(file: Path | Traversable, kind: FileKind, if_missing: str = "") -> Document:
    """What `file` says; `if_missing` is the hint where there is none.

    Raises `PolicyProblems`, also if the file is not readable, or if nothing can be made of it.
    """
    try:
        with _opened(file) as stream:
            # A file may grow while it is read.
            raw = _read_now(stream)
    except OSError as error:
        problem = Problem(
            "unreadable",
            f"cannot read the {kind.noun}: {error.strerror}",
            if_missing if isinstance(error, FileNotFoundError) else "",
        )
        raise PolicyProblems(str(file), [problem]) from None
    return read_bytes(raw, str(file), kind)


def is_own_descriptor(file: Path) -> bool:
    """Whether it means something that this process has open."""
    return str(file).startswith(_OWN_DESCRIPTORS)


def _opened(file: Path | Traversable) -> IO[bytes]:
    """Raises OSError, also if it is not a regular file."""
    if not isinstance(file, Path):
        return file.open("rb")
    if is_own_descriptor(file):
        return file.open("rb")
    _require_regular(file.stat())  # opening a device may do something
    # Something else may have taken its place since: then this does not wait, and it is seen below.
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    stream = os.fdopen(descriptor, "rb")
    try:
        _require_regular(os.fstat(descriptor))
    except OSError:
        stream.close()
        raise
    return stream


def _read_now(stream: IO[bytes]) -> bytes:
    """Raises OSError, also where it would have to wait: some files of /proc only look regular."""
    raw: bytes | None = stream.read(MAX_SIZE + 1)
    if raw is None:
        raise BlockingIOError(errno.EAGAIN, "nothing can be read there now")
    return raw


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise OSError(errno.EISDIR, os.strerror(errno.EISDIR))
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "not a regular file")


def read_bytes(raw: bytes, origin: str, kind: FileKind) -> Document:
    """What the content of a file says; `origin` is what errors call it.

    Raises `PolicyProblems` where nothing can be made of it.
    """
    if len(raw) > MAX_SIZE:
        raise PolicyProblems(origin, [too_large(kind)])
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in raw[:2]:
        problem = Problem(
            "not-utf-8",
            "the file is UTF-16 or UTF-32, and not UTF-8",
            "save the file as UTF-8",
            Span(1, 1, 1),
        )
        raise PolicyProblems(origin, [problem])
    raw = raw.removeprefix(BOM_UTF8)
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        text, at = raw.decode(errors="replace"), len(raw[: error.start].decode())
        problem = Problem(
            "not-utf-8",
            f"the byte 0x{raw[error.start]:02x} is not UTF-8",
            "save the file as UTF-8",
            Places(text).span(at, at + 1),
        )
        raise PolicyProblems(origin, [problem], text) from None
    return read(text, origin, kind)
