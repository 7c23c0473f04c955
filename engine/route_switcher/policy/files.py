"""From a file to a `Document`: reading it, and the bytes that are not text."""

from codecs import BOM_UTF8
from importlib.resources.abc import Traversable
from pathlib import Path

from route_switcher.policy.kinds import Kind
from route_switcher.policy.notation import Places
from route_switcher.policy.problems import PolicyProblems, Problem
from route_switcher.policy.source import MAX_SIZE, Document, read, too_large


def read_file(file: Path | Traversable, kind: Kind, if_missing: str = "") -> Document:
    """What `file` says; `if_missing` is the hint where there is none.

    Raises `PolicyProblems`, also if the file is not readable, or if nothing can be made of it.
    """
    try:
        with file.open("rb") as stream:
            # A file that never ends, such as a device, is not read to its end.
            raw = stream.read(MAX_SIZE + 1)
    except OSError as error:
        problem = Problem(
            "unreadable",
            f"cannot read the {kind.noun}: {error.strerror}",
            if_missing if isinstance(error, FileNotFoundError) else "",
        )
        raise PolicyProblems(str(file), [problem]) from None
    return read_bytes(raw, str(file), kind)


def read_bytes(raw: bytes, origin: str, kind: Kind) -> Document:
    """What the content of a file says; `origin` is what errors call it.

    Raises `PolicyProblems` where nothing can be made of it.
    """
    if len(raw) > MAX_SIZE:
        raise PolicyProblems(origin, [too_large(kind)])
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
