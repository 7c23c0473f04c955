"""One engine per network namespace.

The lock is a file (flock(2)) in the run folder; it goes with the process however that ends. Beside
it the engine holds a name that belongs to the network namespace, where nobody has taken it. The
file keeps out whoever sees the same files, and no other user can lock it, since none can open it.
The name keeps apart two engines in two mount namespaces.
"""

import fcntl
import os
import stat
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

from route_switcher.kernel.host import lock_name
from route_switcher.kernel.host.run_folder import UnsafeFolder, give, opened, run_folders

_FILE = "lock"
_OPEN = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_ATTEMPTS = 5

_PATIENCE = 2.0
"""Seconds for which a lock may outlive an engine that was killed while it started a program: what
becomes the program holds all that the engine held until then, on a busy machine for a while."""


class AlreadyRunning(Exception):  # noqa: N818 - a condition, named as the operator will read it
    """Another engine runs in this network namespace; `pid` is its process, or None if unknown."""

    def __init__(self, pid: int | None) -> None:
        by = f" (process {pid})" if pid else ""
        super().__init__(f"another route-switcher{by} runs in this network namespace")
        self.pid = pid


class Lock:
    """Held from its creation on until it is closed or the process ends.

    Raises AlreadyRunning, or OSError where no socket can be had.
    """

    def __init__(self) -> None:
        self.notes: list[str] = []
        """What to warn of: a line for each half of the lock that could not be had."""
        patience = time.monotonic() + _PATIENCE
        while True:
            try:
                self._take()
                return
            except AlreadyRunning as error:
                if error.pid is None or _runs(error.pid) or time.monotonic() > patience:
                    raise
            time.sleep(0.02)

    def _take(self) -> None:
        self.notes = []
        with ExitStack() as undo:
            self._lock_file(undo)
            self._take_name(undo)
            self._held = undo.pop_all()

    def close(self) -> None:
        """Let the lock go."""
        self._held.close()

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _lock_file(self, undo: ExitStack) -> None:
        refused = []
        for base in run_folders():
            try:
                undo.callback(os.close, _locked(base))
                return
            except OSError as error:
                refused.append(f"{base}: {error.strerror}")
        self.notes.append(f"no file can be the lock: {'; '.join(refused)}")

    def _take_name(self, undo: ExitStack) -> None:
        match lock_name.take():
            case lock_name.Holder() as holder:
                if holder.counts:
                    raise AlreadyRunning(holder.pid)
                self.notes.append(
                    f"{holder} holds the socket @route-switcher and is no route-switcher: ignored"
                )
            case taken:
                undo.callback(taken.close)


def _locked(base: Path) -> int:
    """A descriptor of the locked file in this run folder. Raises AlreadyRunning, OSError."""
    for _ in range(_ATTEMPTS):
        with opened(base) as (folder, owner):
            file = _open_file(folder, owner)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if _is_still_there(folder, file):
                    with suppress(OSError):  # a full disk takes no number, but it is locked
                        os.ftruncate(file, 0)
                        os.pwrite(file, b"%d\n" % os.getpid(), 0)
                    return file
            except BlockingIOError:
                raise AlreadyRunning(_pid_in(file, closing=True)) from None
            except BaseException:
                os.close(file)
                raise
            os.close(file)
    raise UnsafeFolder(base, "the lock is deleted again and again")


def _open_file(folder: int, owner: int) -> int:
    """Made if it is missing. Raises OSError, also if it is not as we would have made it."""
    try:
        file = os.open(_FILE, _OPEN | os.O_CREAT | os.O_EXCL, 0o600, dir_fd=folder)
        give(_FILE, owner, folder)
    except FileExistsError:
        file = os.open(_FILE, _OPEN, dir_fd=folder)
    status = os.fstat(file)
    # A second link would have us write into some other file of root's.
    if stat.S_ISREG(status.st_mode) and status.st_nlink <= 1 and not status.st_mode & 0o077:
        return file
    os.close(file)
    raise UnsafeFolder(Path(_FILE), "the lock is not a file of ours alone")


def _is_still_there(folder: int, file: int) -> bool:
    """Whether the file that we locked is the one that the next one will find."""
    try:
        return os.path.samestat(os.stat(_FILE, dir_fd=folder), os.fstat(file))
    except FileNotFoundError:
        return False


def _pid_in(file: int, *, closing: bool) -> int | None:
    try:
        return int(os.pread(file, 32, 0))
    except ValueError:
        return None  # the holder has not written it yet
    finally:
        if closing:
            os.close(file)


def _runs(pid: int) -> bool:
    """Whether there is such a process, and it has not ended."""
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return False
    return text.rpartition(b")")[2].split()[0] not in (b"Z", b"X")
