"""The abstract Unix socket (unix(7)) that one engine holds in a network namespace.

Its names belong to the network namespace, as routes do, so it keeps two engines apart that do not
see the same files. But everybody may take such a name. So who holds it counts only if it can be an
engine: by the credentials that the kernel gives, and by its right to change routes.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from route_switcher.kernel.host.privileges import NET_ADMIN, capabilities

_NAME = "\0route-switcher"
_BACKLOG = 128
_ATTEMPTS = 5
_CREDENTIALS = struct.Struct("3i")  # struct ucred: pid, uid, gid
_OVERFLOW = Path("/proc/sys/kernel/overflowuid")

# linux/sock_diag.h, linux/unix_diag.h
_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
_NOT_CONNECTED = 1 << 7 | 1 << 10  # TCP_CLOSE, TCP_LISTEN
_SHOW_NAME_AND_UID = 0x01 | 0x40
_ATTRIBUTE_NAME, _ATTRIBUTE_UID = 0, 7
_REQUEST = struct.Struct("=IHHIIBBHIIIII")
_HEADER = struct.Struct("=IHHII")
_ANSWER_SIZE = 16  # struct unix_diag_msg
_INODE, _INODE_OFFSET = struct.Struct("=I"), 4  # udiag_ino in it
_ATTRIBUTE = struct.Struct("=HH")


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the name. The pid is None where the kernel does not tell it."""

    pid: int | None
    uid: int | None

    def __str__(self) -> str:
        process = f"process {self.pid}" if self.pid else "a process"
        return f"{process} of user {'unknown' if self.uid is None else self.uid}"

    @property
    def counts(self) -> bool:
        """Whether it can be an engine that may do what we may.

        It is root, and not without the right to change routes, as in many a container; or our own
        user; or another user to whom somebody lent that right (ambient, capabilities(7)), such as
        the service's. What comes from outside our user namespace has the overflow user's number and
        proves nothing.
        """
        if self.uid is None:
            return False
        try:
            held = capabilities(Path(f"/proc/{self.pid}/status")) if self.pid else None
        except OSError:
            held = None
        if self.uid == 0:
            return held is None or NET_ADMIN in held.effective
        if self.uid == os.geteuid() and str(self.uid) != _read(_OVERFLOW):
            return True
        if not self._is_in_our_user_namespace():
            return False
        return self.uid == os.geteuid() or (
            held is not None and NET_ADMIN in held.ambient and held.uids == {self.uid}
        )

    def _is_in_our_user_namespace(self) -> bool:
        try:
            theirs = os.stat(f"/proc/{self.pid}/ns/user")
            return os.path.samestat(theirs, os.stat("/proc/self/ns/user"))
        except OSError:
            return False  # no such process, or none that we may look into


def take() -> socket.socket | Holder:
    """The socket that holds the name from now on, or who holds it. Raises OSError."""
    holder = Holder(None, None)
    for _ in range(_ATTEMPTS):
        taken = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            taken.bind(_NAME)
            taken.listen(_BACKLOG)  # so that who connects learns who we are
        except OSError as error:
            taken.close()
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return taken
        found = _asked()
        if found is None or not found.pid:  # who listened may have gone, and a child holds on
            found = _looked_up() or found
        holder = found or holder
        if holder.uid is not None:
            break
    return holder


def holder() -> Holder | None:
    """Who holds the name now; None: nobody, or the kernel does not tell. Nothing is changed."""
    return _looked_up()


def _asked() -> Holder | None:
    """Who listens; None if that cannot be asked, as when it has been asked too often."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.setblocking(False)
        try:
            asking.connect(_NAME)
            answer = asking.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return None
    pid, uid, _ = _CREDENTIALS.unpack(answer)
    return Holder(pid if pid and Path(f"/proc/{pid}/fd").exists() else None, uid)


def _looked_up() -> Holder | None:
    """Whose the socket is that has the name, by the kernel's list of sockets (sock_diag(7))."""
    request = _REQUEST.pack(
        _REQUEST.size, _SOCK_DIAG_BY_FAMILY, _DUMP, 1, 0,
        socket.AF_UNIX, 0, 0, _NOT_CONNECTED, 0, _SHOW_NAME_AND_UID, 0xFFFFFFFF, 0xFFFFFFFF,
    )  # fmt: skip
    with (
        suppress(OSError),  # a kernel without such a list
        socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETLINK_SOCK_DIAG) as channel,
    ):
        channel.settimeout(1)
        channel.send(request)
        while True:
            datagram = channel.recv(1 << 16)
            for kind, content in _messages(datagram):
                if kind != _SOCK_DIAG_BY_FAMILY:
                    return None
                attributes = dict(_attributes(content[_ANSWER_SIZE:]))
                if attributes.get(_ATTRIBUTE_NAME) == _NAME.encode():
                    uid = attributes.get(_ATTRIBUTE_UID)
                    (inode,) = _INODE.unpack_from(content, _INODE_OFFSET)
                    number = None if uid is None else int(struct.unpack("=I", uid)[0])
                    return Holder(_process_with(inode), number)
    return None


def _process_with(inode: int) -> int | None:
    """A process that has this socket open; None if there is none that we may look into."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            for descriptor in os.listdir(process / "fd"):
                with suppress(OSError):  # closed meanwhile
                    if os.readlink(process / "fd" / descriptor) == f"socket:[{inode}]":
                        return int(process.name)
    return None


def _messages(datagram: bytes) -> Iterator[tuple[int, bytes]]:
    while len(datagram) >= _HEADER.size:
        length, kind, *_ = _HEADER.unpack_from(datagram)
        if length < _HEADER.size:
            return
        yield kind, datagram[_HEADER.size : length]
        datagram = datagram[(length + 3) & ~3 :]


def _attributes(content: bytes) -> Iterator[tuple[int, bytes]]:
    while len(content) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(content)
        if length < _ATTRIBUTE.size:
            return
        yield kind, content[_ATTRIBUTE.size : length]
        content = content[(length + 3) & ~3 :]


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except OSError:
        return ""
