"""Keeps a program's netlink requests waiting within sendto(2), as a lock of the kernel does.

That lock (rtnl_lock) is one for the whole machine, so a test must not hold it. A seccomp filter has
a process of the test asked before each sendto(2) (seccomp_unotify(2)); that one lets it go on, but
keeps those on netlink sockets while a file exists.
"""

import array
import ctypes
import fcntl
import os
import select
import socket
import struct
from contextlib import suppress
from pathlib import Path

from support import confining

_NOTIFY = 0x7FC00000
_ADDRESS, _EQUAL = 4, 4
"""Only where no address is given (argument 4 is 0): so requests of pings are not asked about."""
_PR_SET_NO_NEW_PRIVS, _PR_SET_PDEATHSIG, _SIGKILL = 38, 1, 9
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_ASKED = struct.Struct("=QIIiIQ6Q")
"""struct seccomp_notif: number, process, flags, and struct seccomp_data."""
_ANSWER = struct.Struct("=QqiI")
_GO_ON = 1
_LOOK = 10
"""Milliseconds."""


def first(folder: Path) -> str:
    """Python for `Forked`: requests wait while there is a file `hold` in the folder. A file `held`
    tells that one waits."""
    return (
        f"import sys; sys.path.append({str(Path(__file__).parents[1])!r})\n"
        f"from support.held_netlink import install; install({str(folder)!r})"
    )


def install(folder: str) -> None:
    """Have this process, and what it starts, be asked."""
    libc = ctypes.CDLL(None, use_errno=True)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    if os.fork() == 0:
        with suppress(BaseException):
            libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
            _let_go_of_streams()
            ours.close()
            _, control, _, _ = theirs.recvmsg(1, socket.CMSG_LEN(4))
            _answer(array.array("i", control[0][2])[0], Path(folder))
        os._exit(0)
    theirs.close()
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    listener = confining.asked_before("sendto", _NOTIFY, _ADDRESS, _EQUAL, 0)
    ours.sendmsg([b"\0"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [listener]))])
    ours.close()
    os.close(listener)


def _let_go_of_streams() -> None:
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nothing, descriptor)


def _answer(listener: int, folder: Path) -> None:
    waiting: list[int] = []
    asked = select.poll()
    asked.register(listener, select.POLLIN)
    while True:
        events = asked.poll(_LOOK)
        holds = (folder / "hold").exists()
        if events and events[0][1] & select.POLLIN:
            question = bytearray(_ASKED.size)
            with suppress(FileNotFoundError):  # who asked has been ended
                fcntl.ioctl(listener, _RECEIVE, question)
                number, process, *_ = _ASKED.unpack(question)
                if holds and _is_netlink(process, _ASKED.unpack(question)[6]):
                    waiting.append(number)
                    (folder / "held").touch()
                else:
                    _let_go(listener, number)
        elif events:
            return
        if not holds:
            while waiting:
                _let_go(listener, waiting.pop())


def _let_go(listener: int, number: int) -> None:
    with suppress(FileNotFoundError):
        fcntl.ioctl(listener, _SEND, bytearray(_ANSWER.pack(number, 0, 0, _GO_ON)))


def _is_netlink(process: int, descriptor: int) -> bool:
    try:
        name = os.readlink(f"/proc/{process}/fd/{descriptor}")
        inodes = Path(f"/proc/{process}/net/netlink").read_text().split()
    except OSError:
        return False
    return name.removeprefix("socket:[").removesuffix("]") in inodes
