"""Asks the running engine: for commands that a person waits for, so without an event loop."""

import errno
import json
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from route_switcher.control.place import places
from route_switcher.kernel.host.run_folder import SYSTEM

PATIENCE = 10.0
"""Seconds that an answer may take."""

LONGEST_REPLY = 1 << 20
"""Bytes; a hundred uplinks take less."""

_PEER = struct.Struct("3i")
"""struct ucred (unix(7), SO_PEERCRED)."""

_TIME = struct.Struct("2l")
"""struct timeval (socket(7), SO_SNDTIMEO)."""


_CLOSED = "the engine closed the connection: it has ended, or is too busy"


class CannotAsk(Exception):  # noqa: N818 - a condition, named as the operator will read it
    """No engine runs, or it cannot be asked; the message says why."""


class NoEngine(CannotAsk):
    """There is none in this network namespace."""


class Client:
    """A connection to the engine of this network namespace."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected
        self._read = b""

    def ask(self, line: bytes) -> dict[str, Any]:
        """Send a request, and wait for its reply. Raises CannotAsk."""
        with _in_words():
            self._socket.sendall(line)
        return self.next()

    def fileno(self) -> int:
        """The descriptor of the connection, to wait for it beside others."""
        return self._socket.fileno()

    @property
    def has_line(self) -> bool:
        """Whether the next reply is here already."""
        return b"\n" in self._read

    def next(self) -> dict[str, Any]:
        """The next reply. Raises CannotAsk."""
        while b"\n" not in self._read:
            with _in_words():
                data = self._socket.recv(1 << 16)
            if not data:
                raise CannotAsk(_CLOSED)
            self._read += data
            if len(self._read) > LONGEST_REPLY:
                raise CannotAsk("the engine's reply is too long")
        line, _, self._read = self._read.partition(b"\n")
        try:
            reply = json.loads(line)
        except (ValueError, RecursionError):
            reply = None
        if not isinstance(reply, dict):
            raise CannotAsk("what answers there is no engine")
        return reply


@contextmanager
def connected(patience: float = PATIENCE) -> Iterator[Client]:
    """A client that waits for an answer for so many seconds. Raises CannotAsk."""
    with _connect(patience) as connection:
        yield Client(connection)


def _connect(patience: float) -> socket.socket:
    refused: OSError | None = None
    with _in_words():
        found = places()
    for place in found:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            _reach(connection, place, patience)
            connection.settimeout(patience)
        except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
            connection.close()  # no engine, or one that was killed and left its socket
        except OSError as error:
            connection.close()
            refused = refused or error
        else:
            if _trusted(connection, place):
                return connection
            connection.close()
    if refused is not None:
        raise CannotAsk(_why(refused))
    if _name_is_held():
        raise CannotAsk(
            "an engine seems to run, since the name @route-switcher is held, but it has no control"
            f" socket where you would find it: {', '.join(map(str, found))}"
        )
    raise NoEngine("no engine runs in this network namespace")


def _name_is_held() -> bool:
    """Whether anybody holds the name that an engine takes (`kernel.host.lock`)."""
    try:
        held = Path("/proc/self/net/unix").read_text(errors="replace").splitlines()
    except OSError:
        return False
    return any(line.split()[-1] == "@route-switcher" for line in held)


def _reach(connection: socket.socket, place: Path, patience: float) -> None:
    """Connect; waits where many others want to. The time-out of Python would not let it wait: to
    a socket that does not block, connect(2) says EAGAIN at once.

    A path may be longer than an address of a socket (unix(7)): so by its folder.
    """
    seconds = _TIME.pack(int(patience), 0)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, seconds)
    folder = os.open(place.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        connection.connect(f"/proc/self/fd/{folder}/{place.name}")
    finally:
        os.close(folder)


def _trusted(connection: socket.socket, place: Path) -> bool:
    """Only root makes a folder in /run. Elsewhere somebody else may have been there before us."""
    _, user, _ = _PEER.unpack(
        connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    )
    return place.parents[1] == SYSTEM or user in (0, os.geteuid())


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CannotAsk(_why(error)) from None


def _why(error: OSError) -> str:
    if isinstance(error, TimeoutError) or error.errno == errno.EAGAIN:
        return "the engine does not answer"
    if error.errno in (errno.EPIPE, errno.ECONNRESET):
        return _CLOSED
    if isinstance(error, PermissionError):
        return (
            "you may not ask the engine: be root, or a member of the group that its policy names"
            " (control: {group: …})"
        )
    return f"the engine cannot be asked: {error.strerror or error}"
