"""The listening socket, in the run folder, for root, our own user and one group."""

import grp
import os
import socket
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from route_switcher.control.place import NAME
from route_switcher.kernel.host.run_folder import folder_name, opened, run_folders

_MODE = 0o660
_BACKLOG = 64


class NoControl(Exception):  # noqa: N818 - a condition, told in one line; the engine runs without
    """There can be no control socket; the message says why."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A socket that listens, and where."""

    socket: socket.socket
    base: Path
    name: str
    """What its file is called."""
    folder: int
    """A descriptor of the folder."""
    file: os.stat_result

    @property
    def path(self) -> Path:
        """Where clients look for it."""
        return self.base / folder_name() / self.name

    def is_found(self) -> bool:
        """Whether its path leads to it still."""
        try:
            return os.path.samestat(self.path.lstat(), self.file)
        except OSError:
            return False


class Listener:
    """Listens from its creation on until it is closed, or from when `renew` finds a folder for it.

    To be made by whoever holds the lock of the network namespace: what an engine before it left
    there is taken away. `name` is what its file is called, and `trouble` what follows if there can
    be none.
    """

    def __init__(
        self, name: str = NAME, trouble: str = "nobody can ask this engine or order it"
    ) -> None:
        self._name = name
        self._without = trouble
        self.standing: Standing | None = None
        """None: there is none."""
        self._closed = False
        self.trouble = self.renew()
        """Why there was none at first; empty: there was one."""

    def renew(self) -> str:
        """Listen in the first folder that takes the socket, if it does not stand there already.

        Returns why nobody can ask, or nothing. Who listens on the socket from before closes it.
        """
        refused = []
        for base in run_folders():
            before = self.standing
            if before is not None and before.base == base and before.is_found():
                return ""
            try:
                self.standing = _listening(base, self._name)
            except OSError as error:
                refused.append(f"{base}: {error.strerror or error}")
                continue
            if before is not None:
                _leave(before, self.standing.folder)
            if self._closed:  # the engine ends meanwhile
                self._take_away(self.standing)
            return ""
        return f"{self._without}: {'; '.join(refused)}"

    def give(self, group: str | None) -> int | None:
        """Let the members of this group connect, and nobody else; returns its number.

        Raises NoControl if it cannot be had. It may take long: users and groups may be kept on
        another machine.
        """
        try:
            self._give(os.getegid())
            if group is None:
                return None
            number = grp.getgrnam(group).gr_gid
            self._give(number)
        except KeyError:
            raise NoControl(f"the policy gives control to group {group}: there is none") from None
        except OSError as error:
            raise NoControl(
                f"the {self._name} socket cannot be given to group {group} ({error.strerror}):"
                f" let the engine run with that group (in the unit: Group={group})"
            ) from None
        return number

    def _give(self, group: int) -> None:
        # Not where it has it already: the system call may be forbidden (examples/*.service).
        folder = self.standing.folder if self.standing is not None else None
        if folder is not None and os.stat(self._name, dir_fd=folder).st_gid != group:
            os.chown(self._name, -1, group, dir_fd=folder)

    def close(self) -> None:
        """Stop listening, and take the socket away."""
        self._closed = True
        if self.standing is not None:
            self._take_away(self.standing)
            os.close(self.standing.folder)

    @staticmethod
    def _take_away(standing: Standing) -> None:
        standing.socket.close()
        with suppress(OSError):
            os.unlink(standing.name, dir_fd=standing.folder)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _leave(before: Standing, new: int) -> None:
    """Take what is left away from its folder, unless that is the new one."""
    if not os.path.samestat(os.fstat(before.folder), os.fstat(new)):
        with suppress(OSError):
            os.unlink(before.name, dir_fd=before.folder)
    os.close(before.folder)


def _listening(base: Path, name: str) -> Standing:
    with opened(base) as (folder, _):
        with suppress(FileNotFoundError):
            os.unlink(name, dir_fd=folder)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # By the folder's descriptor: a path may be longer than an address (unix(7)).
            listening.bind(f"/proc/self/fd/{folder}/{name}")
            os.chmod(name, _MODE, dir_fd=folder)
            # Only now: until then nobody can connect, whatever the mode was.
            listening.listen(_BACKLOG)
            file = os.stat(name, dir_fd=folder, follow_symlinks=False)
            return Standing(listening, base, name, os.dup(folder), file)
        except OSError:
            listening.close()
            raise
