"""The listening socket, in the run folder, for root, our own user and one group."""

import grp
import os
import socket
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from route_switcher.control.place import NAME
from route_switcher.kernel.host.run_folder import opened, run_folders

_MODE = 0o660
_BACKLOG = 64


class NoControl(Exception):  # noqa: N818 - a condition, told in one line; the engine runs without
    """There can be no control socket; the message says why."""


class Listener:
    """Listens from its creation on until it is closed. Raises NoControl.

    To be made by whoever holds the lock of the network namespace: what an engine before it left
    there is taken away.
    """

    def __init__(self) -> None:
        refused = []
        for base in run_folders():
            try:
                self.socket, self._folder = _listening(base)
                return
            except OSError as error:
                refused.append(f"{base}: {error.strerror or error}")
        raise NoControl(f"nobody can ask this engine or order it: {'; '.join(refused)}")

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
                f"the control socket cannot be given to group {group} ({error.strerror}): let the"
                f" engine run with that group (in the unit: Group={group})"
            ) from None
        return number

    def _give(self, group: int) -> None:
        # Not where it has it already: the system call may be forbidden (examples/*.service).
        if os.stat(NAME, dir_fd=self._folder).st_gid != group:
            os.chown(NAME, -1, group, dir_fd=self._folder)

    def close(self) -> None:
        """Stop listening, and take the socket away."""
        self.socket.close()
        with suppress(OSError):
            os.unlink(NAME, dir_fd=self._folder)
        os.close(self._folder)

    def __enter__(self) -> "Listener":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _listening(base: Path) -> tuple[socket.socket, int]:
    with opened(base) as (folder, _):
        with suppress(FileNotFoundError):
            os.unlink(NAME, dir_fd=folder)
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            # By the folder's descriptor: a path may be longer than an address (unix(7)).
            listening.bind(f"/proc/self/fd/{folder}/{NAME}")
            os.chmod(NAME, _MODE, dir_fd=folder)
            # Only now: until then nobody can connect, whatever the mode was.
            listening.listen(_BACKLOG)
            return listening, os.dup(folder)
        except OSError:
            listening.close()
            raise
