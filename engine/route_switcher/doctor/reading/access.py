"""Reads what the engine, and the user that asks, may do on this machine."""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from route_switcher.doctor.access import Access, RunFolder
from route_switcher.doctor.reading.mounts import mount_point
from route_switcher.doctor.reading.service import service
from route_switcher.kernel.host.privileges import KNOWN, missing_capabilities
from route_switcher.kernel.host.run_folder import folder_name, run_folders, why_unusable
from route_switcher.other_writers import OtherWriter, other_writers

_IN_THE_WAY = frozenset((errno.ELOOP, errno.ENOTDIR))
"""A link or a file stands where the folder should be (O_NOFOLLOW, O_DIRECTORY)."""


def access(policy: Path | None) -> Access:
    """As it is now; `policy` is its file, None: it comes with the program. Raises OSError where
    the process cannot even read about itself."""
    return Access(
        is_root=os.geteuid() == 0,
        lacks=missing_capabilities(set(KNOWN)),
        policy_writers=_writers(policy) if policy is not None else (),
        run_folder=_run_folder(run_folders()[0]),
        service=service(),
    )


def _writers(file: Path) -> tuple[OtherWriter, ...]:
    try:
        return other_writers(file)
    except OSError:
        return ()  # it has just gone


def _run_folder(base: Path) -> RunFolder:
    error = why_unusable(base)
    if error is None:
        return RunFolder(str(base))
    told = f"{error.filename or base}: {error.strerror}"
    return RunFolder(str(base), told, _remedies(base, error))


def _remedies(base: Path, error: OSError) -> tuple[str, ...]:
    if error.errno in _IN_THE_WAY:
        return (f"rm {shlex.quote(str(base))}",)
    if error.errno == errno.EROFS:
        return (f"mount -o remount,rw {shlex.quote(mount_point(Path(error.filename)))}",)
    if error.errno == errno.EPERM:
        folders = (base, base / folder_name())
        return tuple(
            [writer.remedy for writer in _writers(base.parent)]
            + [command for folder in folders for command in _made_safe(folder)]
        )
    return ()


def _made_safe(folder: Path) -> Iterator[str]:
    with suppress(OSError):
        status = folder.lstat()
        if status.st_uid not in (0, os.geteuid()):
            yield f"chown --no-dereference root {shlex.quote(str(folder))}"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield f"chmod go-w {shlex.quote(str(folder))}"
