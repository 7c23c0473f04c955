"""The folder of what lives as long as the engine: one for each network namespace.

It is `$RUNTIME_DIRECTORY` (systemd.exec(5)), else /run/route-switcher, and in it a folder named by
the inode of the network namespace (namespaces(7)). Where that cannot be made, as for an ordinary
user, it is one that only the user may enter: in `$XDG_RUNTIME_DIR`, else in /tmp.

Nobody else may have put it there, or may write in it: no link is followed at its end, and each
folder on the way must be safe. But root takes a folder of another user, where only root can have
made it: systemd gives it to the service's user, whose lock must count.
"""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from route_switcher.other_writers import other_writers

SYSTEM = Path("/run/route-switcher")
_NETWORK = Path("/proc/self/ns/net")
_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FOR_ALL, _FOR_US = 0o755, 0o700


class UnsafeFolder(OSError):  # noqa: N818 - an OSError as any other that keeps a folder from use
    """Somebody else may have made it, or may change it."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(errno.EPERM, why, str(path))


def run_folders() -> tuple[Path, ...]:
    """Where the folder may be, in the order of preference."""
    given = os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]
    own = os.environ.get("XDG_RUNTIME_DIR", "")
    private = Path(own, "route-switcher") if own else Path(f"/tmp/route-switcher-{os.geteuid()}")
    found = [Path(given)] if given.startswith("/") else []
    return tuple(dict.fromkeys([*found, SYSTEM, private]))


def folder_name() -> str:
    """What the folder of our network namespace is called in each of them. Raises OSError."""
    return str(_NETWORK.stat().st_ino)


@contextmanager
def opened(base: Path) -> Iterator[tuple[int, int]]:
    """A descriptor of this namespace's folder in `base`, and the user whom all in it is to belong.

    Both folders are made where missing. Raises OSError if they cannot be had, or are unsafe.
    """
    with opened_base(base) as (folder, owner):
        name = folder_name()
        with _opened(Path(name), _FOR_ALL, folder, owner) as inner:
            _require_safe(inner, base / name, {owner})
            yield inner, owner


@contextmanager
def opened_base(base: Path) -> Iterator[tuple[int, int]]:
    """The same of `base` itself, which is one for all network namespaces."""
    with _opened(base, _FOR_ALL if base == SYSTEM else _FOR_US) as folder:
        yield folder, _safe_owner(folder, base)


def why_unusable(base: Path) -> OSError | None:
    """Why `opened` refuses this folder, or cannot make it; None: it does neither. Nothing is made
    or changed."""
    try:
        folder = os.open(base, _OPEN)
    except FileNotFoundError:
        return _why_not_made(base)
    except OSError as error:
        return error
    try:
        owner = _safe_owner(folder, base)
        with suppress(FileNotFoundError):
            inner = os.open(folder_name(), _OPEN, dir_fd=folder)
            try:
                _require_safe(inner, base / folder_name(), {owner})
            finally:
                os.close(inner)
    except OSError as error:
        return error
    finally:
        os.close(folder)
    return _why_not_written(base)


def _why_not_made(base: Path) -> OSError | None:
    try:
        writers = other_writers(base.parent)
    except OSError as error:
        return error
    unsafe = [UnsafeFolder(base, str(writer)) for writer in writers]
    return unsafe[0] if unsafe else _why_not_written(base.parent)


def _why_not_written(folder: Path) -> OSError | None:
    if os.access(folder, os.W_OK | os.X_OK):
        return None
    code = errno.EROFS if os.statvfs(folder).f_flag & os.ST_RDONLY else errno.EACCES
    return OSError(code, os.strerror(code), str(folder))


@contextmanager
def _opened(path: Path, mode: int, parent: int | None = None, owner: int = -1) -> Iterator[int]:
    with suppress(FileExistsError):
        os.mkdir(path, mode, dir_fd=parent)
        # A umask may have kept the control socket from those who may use it.
        os.chmod(path, mode, dir_fd=parent)
        if owner != -1:
            give(path.name, owner, parent)
    descriptor = os.open(path, _OPEN, dir_fd=parent)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def give(name: str, owner: int, folder: int | None) -> None:
    """Give what we have just made to the user of the folder, who may come after us."""
    if owner != os.geteuid():
        with suppress(PermissionError):  # then that user takes another folder
            os.chown(name, owner, -1, dir_fd=folder, follow_symlinks=False)


def _safe_owner(folder: int, base: Path) -> int:
    for writer in other_writers(base.parent):
        raise UnsafeFolder(base, str(writer))
    owner, parent = os.fstat(folder).st_uid, base.parent.stat()
    made_by_root = os.geteuid() == 0 and not parent.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    _require_safe(folder, base, {owner} if made_by_root else set())
    return owner


def _require_safe(descriptor: int, path: Path, owners: set[int]) -> None:
    """It must belong to root, to us, or to one of `owners`, and only its owner may write it."""
    status = os.fstat(descriptor)
    if status.st_uid not in owners | {0, os.geteuid(), os.stat("/").st_uid}:
        raise UnsafeFolder(path, f"it belongs to user {status.st_uid}")
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise UnsafeFolder(path, "others may write it")
