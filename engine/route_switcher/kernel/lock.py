"""One engine per network namespace.

The lock is an abstract Unix socket (unix(7)): its names belong to the network namespace, as routes
do; it leaves no file behind, and goes with the process however that ends.
"""

import errno
import socket
import struct
from types import TracebackType

_NAME = "\0route-switcher"
_BACKLOG = 128
"""How many others can ask in a lifetime who holds the lock: none of them is ever accepted."""
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid


class AlreadyRunning(Exception):  # noqa: N818 - a condition, named as the operator will read it
    """Another engine runs in this network namespace; `pid` is its process, or None if unknown."""

    def __init__(self, pid: int | None) -> None:
        by = f" (process {pid})" if pid else ""
        super().__init__(f"another route-switcher{by} runs in this network namespace")
        self.pid = pid


class Lock:
    """Held from its creation on until it is closed or the process ends.

    Raises AlreadyRunning.
    """

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._socket.bind(_NAME)
            self._socket.listen(_BACKLOG)  # so that who connects learns our pid
        except OSError as error:
            self._socket.close()
            if error.errno != errno.EADDRINUSE:
                raise
            raise AlreadyRunning(_holder()) from None

    def close(self) -> None:
        """Let the lock go."""
        self._socket.close()

    def __enter__(self) -> "Lock":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


def _holder() -> int | None:
    """The process that listens; the kernel says 0 of one in another pid namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(_NAME)
            answer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None  # it has just ended, or has been asked too often
    pid, _, _ = _CREDENTIALS.unpack(answer)
    return int(pid) or None
