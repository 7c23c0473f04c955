"""Who else may change what a path leads to: who may write the file, or a folder on the way to it.

A folder that others may write lets them put another file in its place. In a sticky one (such as
/tmp) they may do so only with what is theirs, so there the owner of the next step counts. A group
that may write counts as others, unless it is that of root or our own. The owner of / is taken for
root: in a user namespace (user_namespaces(7)) root may have no number of its own.
"""

import errno
import os
import shlex
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_MOST_LINKS = 40
"""As many as the kernel follows (path_resolution(7))."""


@dataclass(frozen=True, slots=True)
class OtherWriter:
    """A file, folder or link on the way that others may write, and what mends that."""

    path: Path
    who: str
    remedy: str
    """A command for the shell."""

    def __str__(self) -> str:
        return f"{self.who} may write {self.path}: {self.remedy}"


def other_writers(file: Path) -> tuple[OtherWriter, ...]:
    """What stands on the way to `file`, from / on, and may be written by others than root and us.

    Every link is looked at, and where it leads. Raises OSError where the way ends.
    """
    root = os.stat("/")
    users = {0, root.st_uid, os.geteuid()}
    groups = {0, root.st_gid, os.getegid()}
    looked_at = ((step, _writers(step, users, groups)) for step in dict.fromkeys(_way_to(file)))
    return tuple(
        OtherWriter(step, " and ".join(who), " && ".join(who.values()))
        for step, who in looked_at
        if who
    )


def _writers(step: Path, users: set[int], groups: set[int]) -> dict[str, str]:
    """Who else may write there, each with the remedy."""
    status = step.lstat()
    mode, name = status.st_mode, shlex.quote(str(step))
    found = {}
    if status.st_uid not in users:
        found[f"its owner, user {status.st_uid},"] = f"chown --no-dereference root {name}"
    if stat.S_ISLNK(mode) or (stat.S_ISDIR(mode) and mode & stat.S_ISVTX):
        return found
    if mode & stat.S_IWOTH:
        found["every user"] = f"chmod o-w {name}"
    if mode & stat.S_IWGRP and _has_access_list(step):
        found["who its access list (acl(5)) names"] = f"setfacl --remove-all {name}"
    elif mode & stat.S_IWGRP and status.st_gid not in groups:
        found[f"group {status.st_gid}"] = f"chmod g-w {name}"
    return found


def _has_access_list(step: Path) -> bool:
    """With one, the bits of the group are the most that anyone in the list may have."""
    try:
        return "system.posix_acl_access" in os.listxattr(step)
    except OSError:
        return False  # a file system without such lists


def _way_to(file: Path) -> Iterator[Path]:
    """Each folder, link and file that is passed; what a link leads to comes after it."""
    here = Path("/")
    yield here
    ahead = list(reversed(file.absolute().parts[1:]))
    links = 0
    while ahead:
        part = ahead.pop()
        if part == "..":
            here = here.parent
            continue
        step = here / part
        yield step
        if not step.is_symlink():
            here = step
            continue
        links += 1
        if links > _MOST_LINKS:
            raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(file))
        target = step.readlink()
        if target.is_absolute():
            here = Path("/")
        ahead += reversed(target.parts[1:] if target.is_absolute() else target.parts)
