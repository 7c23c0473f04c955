"""The files of the journal: one for each UTC day or part of it, and no more bytes than allowed."""

import errno
import fcntl
import os
import stat
import time
from contextlib import suppress
from pathlib import Path

from route_switcher.journal.folder import NAME, JournalFile, files_in
from route_switcher.journal.framing import MAJOR, file_header, read_file_header
from route_switcher.kernel.host.run_folder import opened, opened_base, run_folders
from route_switcher.kernel.host.state_folder import given_folder

MOST_IN_MEMORY = 8_000_000
"""Bytes of a journal in a run folder: that is memory."""

_PARTS = 8
"""A file of more than this part of the bound ends, though its day goes on."""
_SMALLEST_PART = 1 << 16

_CLUSTER = 4096
"""Bytes that a file takes at least, and of which it takes whole numbers."""

_LOCK = "lock"
_NEW = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Occupied(OSError):  # noqa: N818 - an OSError as any other that keeps the journal from us
    """Another engine writes this journal."""


class Files:
    """Appends to the newest file. `bound` is how many bytes all of them may have.

    All methods raise OSError. After that, the next call begins with the folder again.
    """

    def __init__(self) -> None:
        self.bound = 0
        self.path: Path | None = None
        """Of the folder."""
        self._folder: int | None = None
        self._lock: int | None = None
        self._file: int | None = None
        self._current: JournalFile | None = None
        self._length = 0
        self._head = 0
        """Bytes of the first block, which has the text of a policy: that may be long."""
        self._sizes: dict[JournalFile, int] = {}
        """Of the other files."""

    def ready(self, wall: float) -> bool:
        """Have a file for what happened at `wall`; whether it is another one than before."""
        day = int(time.strftime("%Y%m%d", time.gmtime(wall)))
        if self._folder is not None and not _leads_to(self._folder, self.path):
            self.close()
        if self._folder is None:
            self._open_folder()
        if self._file is not None and self._is_gone():
            self._close_file()
            self._look()
        current = self._current if self._file is not None else None
        if current is not None and current.day == day and not self._is_long:
            return False
        self._close_file()
        self._open_file(day)
        return True

    def append(self, block: bytes, *, lasting: bool) -> None:
        """Write it at the end of the file: wholly, or not at all. `lasting`: it is to outlast a
        power cut from now on."""
        assert self._file is not None
        self._make_room(len(block))
        left = memoryview(block)
        try:
            while left:
                left = left[os.write(self._file, left) :]
            if lasting:
                os.fdatasync(self._file)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, self._length)
            raise
        self._length += len(block)
        self._head = self._head or len(block)

    def close(self) -> None:
        """Let go of all; the next call begins with the folder again."""
        self._close_file()
        for descriptor in (self._lock, self._folder):
            if descriptor is not None:
                os.close(descriptor)
        self._lock = self._folder = None

    @property
    def _is_long(self) -> bool:
        return self._length - self._head >= self._longest_part

    @property
    def _longest_part(self) -> int:
        return max(self._bound // _PARTS, _SMALLEST_PART)

    @property
    def _bound(self) -> int:
        return self.bound if given_folder() is not None else min(self.bound, MOST_IN_MEMORY)

    def _open_folder(self) -> None:
        """Where the service manager gives a folder, nowhere else; then in a run folder."""
        given = given_folder()
        if given is not None:
            with opened_base(given) as (base, _):
                self._take(base, given / NAME)
            return
        refused: list[OSError] = []
        for run in run_folders():
            try:
                with opened(run) as (inner, _):
                    self._take(inner, Path(os.readlink(f"/proc/self/fd/{inner}")) / NAME)
                    return
            except OSError as error:
                refused.append(error)
        raise refused[0]

    def _take(self, base: int, path: Path) -> None:
        self.path = path
        with suppress(FileExistsError):
            os.mkdir(NAME, 0o700, dir_fd=base)
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        folder = os.open(NAME, flags, dir_fd=base)
        try:
            self._lock = _locked(folder)
        except OSError:
            os.close(folder)
            raise
        self._folder = folder
        self._look()

    def place_of(self, error: OSError) -> str:
        """Where a call of ours failed: a whole path."""
        inner = error.filename if isinstance(error.filename, str) else ""
        return str((self.path or Path()) / (inner if inner != NAME else ""))

    def _look(self) -> None:
        assert self._folder is not None
        self._sizes = {}
        for each in files_in(self._folder):
            with suppress(FileNotFoundError):
                status = os.stat(each.name, dir_fd=self._folder, follow_symlinks=False)
                self._sizes[each] = status.st_size

    def _is_gone(self) -> bool:
        """Whether somebody has deleted the file, or called it otherwise."""
        assert self._file is not None
        assert self._current is not None
        return not _leads_to(self._file, self._current.name, self._folder)

    def _open_file(self, day: int) -> None:
        assert self._folder is not None
        last = max(self._sizes, default=None)
        if last is not None and last.day == day and self._sizes[last] < self._longest_part:
            file = self._reopened(last)
            if file is not None:
                self._file, self._current = file, last
                self._length = self._sizes.pop(last)
                return
        new = JournalFile(last.number + 1 if last is not None else 1, day)
        self._make_room(0)
        file = os.open(new.name, _NEW | os.O_EXCL, 0o600, dir_fd=self._folder)
        try:
            content = file_header(day)
            if os.write(file, content) < len(content):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), new.name)
        except OSError:
            os.close(file)
            with suppress(OSError):
                os.unlink(new.name, dir_fd=self._folder)
            raise
        self._file, self._current, self._length = file, new, len(content)

    def _reopened(self, last: JournalFile) -> int | None:
        """The last file, if it is one of ours that this version may go on with."""
        flags = os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            file = os.open(last.name, flags, dir_fd=self._folder)
        except OSError:
            return None
        header = read_file_header(os.pread(file, 64, 0))
        regular = stat.S_ISREG(os.fstat(file).st_mode)
        if regular and header is not None and header.major == MAJOR:
            return file
        os.close(file)
        return None

    def _close_file(self) -> None:
        if self._file is not None:
            os.close(self._file)
        if self._current is not None:
            self._sizes[self._current] = self._length
        self._head = 0
        self._file = self._current = None

    def _make_room(self, length: int) -> None:
        """Drop the earliest day as long as there is too much; a part of it, if it is this one."""
        assert self._folder is not None
        while self._sizes and self._total + length > self._bound:
            first = min(self._sizes)
            today = self._current is not None and self._current.day == first.day
            for each in sorted(self._sizes):
                if each.day != first.day or (today and each != first):
                    break
                # A folder that has the name of a file is none of ours.
                with suppress(FileNotFoundError, IsADirectoryError):
                    os.unlink(each.name, dir_fd=self._folder)
                del self._sizes[each]

    @property
    def _total(self) -> int:
        whole = sum(-(-size // _CLUSTER) * _CLUSTER for size in self._sizes.values())
        return whole + self._length * (self._file is not None)


def _leads_to(opened: int, path: Path | str | None, folder: int | None = None) -> bool:
    """Whether what was opened is still found where it was: nobody has deleted or moved it. Raises
    OSError."""
    assert path is not None
    try:
        there = os.stat(path, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return os.path.samestat(there, os.fstat(opened))


def _locked(folder: int) -> int:
    """A descriptor of the locked file. Raises Occupied."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    file = os.open(_LOCK, flags, 0o600, dir_fd=folder)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        raise Occupied(
            errno.EAGAIN,
            "another engine writes it; give each a StateDirectory= of its own",
        ) from None
    except OSError:
        os.close(file)
        raise
    return file
