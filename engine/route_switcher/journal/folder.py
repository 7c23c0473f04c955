"""The files of a journal: where they lie, and how they are called.

A file has one UTC day, or a part of it. Its name begins with a number that rises from file to file,
for a clock that is set may give a day twice, or an earlier one: `00000017-20261127.rsj`.
"""

import errno
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from route_switcher.kernel.host.run_folder import folder_name, run_folders
from route_switcher.kernel.host.state_folder import SYSTEM_STATE, given_folder

NAME = "journal"
"""Of the folder."""

_FILE = re.compile(r"([0-9]{8,})-([0-9]{8})\.rsj")

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, order=True)
class JournalFile:
    """One file. They were begun in the order of their numbers."""

    number: int
    day: int
    """The UTC day on which it was begun, as the clock said then, such as 20261127."""

    @property
    def name(self) -> str:
        """What it is called."""
        return f"{self.number:08d}-{self.day:08d}.rsj"


def file_named(name: str) -> JournalFile | None:
    """The file of a journal that is called so; None: it is something else."""
    found = _FILE.fullmatch(name)
    return JournalFile(int(found[1]), int(found[2])) if found else None


def files_in(folder: Path | int) -> list[JournalFile]:
    """The files of the journal in `folder` (a path or a descriptor), the earliest first. Raises
    OSError."""
    found = (file_named(name) for name in os.listdir(folder))
    return sorted(each for each in found if each is not None)


def content_of(path: Path) -> bytes:
    """All bytes of a file of a journal; none if it was dropped meanwhile, or if something else has
    its name: a link, a folder, or a pipe, which would never end. Raises OSError."""
    try:
        file = os.open(path, _READ)
    except FileNotFoundError:
        return b""
    except OSError as error:
        # A link, and a socket: open(2).
        if error.errno in (errno.ELOOP, errno.ENXIO):
            return b""
        raise
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return b""
        with open(file, "rb", closefd=False) as content:
            return content.read()
    finally:
        os.close(file)


def places() -> tuple[Path, ...]:
    """Where a journal may be that we would read: that of the service manager, or in a run folder.
    Raises OSError."""
    given = given_folder()
    lasting = [given] if given is not None else [SYSTEM_STATE]
    inner = folder_name()
    passing = [base / inner for base in run_folders()]
    return tuple(base / NAME for base in [*lasting, *passing])


class NoJournal(Exception):  # noqa: N818 - a condition, told to the user in one line
    """There is none that we can read; the message says why."""


def unreadable(error: OSError, path: object) -> NoJournal:
    """Why it cannot be read, in words."""
    allowed = not isinstance(error, PermissionError)
    hint = "" if allowed else ". Read it as root, or as the user of the service"
    return NoJournal(f"the journal cannot be read: {path}: {error.strerror}{hint}")


def found() -> Path:
    """The folder of the journal here: where there are several, the one that was written last.

    Raises NoJournal.
    """
    latest: tuple[float, Path] | None = None
    refused: list[OSError] = []
    looked = []
    try:
        looked = list(places())
    except OSError as error:
        refused.append(error)
    for folder in looked:
        try:
            written = _written(folder)
            if written is not None:
                latest = max(latest or (written, folder), (written, folder))
        except FileNotFoundError:
            continue
        except OSError as error:
            refused.append(error)
    if latest is not None:
        return latest[1]
    if refused:
        why = refused[0]
        raise unreadable(why, why.filename)
    raise NoJournal(
        "there is no journal: the engine writes one while it runs, unless its policy says"
        f" `journal: {{size: none}}`. Looked in {', '.join(map(str, looked))}"
    )


def _written(folder: Path) -> float | None:
    """When the newest file of this journal was written; None: it has none."""
    for each in reversed(files_in(folder)):
        with suppress(FileNotFoundError):  # its day was dropped meanwhile
            status = (folder / each.name).lstat()
            if stat.S_ISREG(status.st_mode):
                return status.st_mtime
    return None
