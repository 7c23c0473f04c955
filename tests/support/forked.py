"""The program as a process that need not import itself: see `support.fork_server`."""

import array
import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from functools import cache
from typing import IO

from route_switcher.lab.sandbox import CLONE_NEWNS
from support import fork_server

_APART = """\
import ctypes, os, subprocess
if ctypes.CDLL(None, use_errno=True).unshare({flag}):
    raise OSError(ctypes.get_errno(), "unshare")
subprocess.run(["sh", "-ec", {commands!r}], check=True)
"""


_BESIDE = """\
import ctypes, os
if ctypes.CDLL(None, use_errno=True).setns(os.open({mounts!r}, os.O_RDONLY), {flag}):
    raise OSError(ctypes.get_errno(), "setns")
"""


def apart(commands: str) -> str:
    """What a program may do `first`: move into a mount namespace of its own (what is mounted in a
    sandbox is private), and run these commands of a shell there."""
    return _APART.format(flag=CLONE_NEWNS, commands=commands)


def altered(constant: str, value: float) -> str:
    """What a program may do `first`: take this constant, `package.module.NAME`, for `value`, so
    that a test need not sit out a time of which another one shows what it is."""
    module, _, name = constant.rpartition(".")
    return f"import {module} as m\nassert hasattr(m, {name!r})\nm.{name} = {value}\n"


def beside(pid: int) -> str:
    """What a program may do `first`: see the files that this process sees (setns(2))."""
    return _BESIDE.format(mounts=f"/proc/{pid}/ns/mnt", flag=CLONE_NEWNS)


class Forked:
    """A running program that writes to these descriptors, with methods as of `subprocess.Popen`.

    It runs in the network that `where` enters. `first` is Python that it runs before all else.
    """

    def __init__(
        self,
        where: AbstractContextManager[None],
        words: Sequence[str],
        environment: Mapping[str, str],
        output: int,
        errors: int,
        first: str = "",
    ) -> None:
        self.args = ["route-switcher", *words]
        self.returncode: int | None = None
        reading, writing = os.pipe()
        server, _ = _server()  # outside of the lab, which ends what is in it
        request = {
            "words": words,
            "environment": dict(environment),
            "folder": os.getcwd(),
            "first": first,
        }
        with where, open("/proc/thread-self/ns/net") as there:
            given = array.array("i", (output, errors, there.fileno(), writing))
            rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, given)]
            server.sendmsg([json.dumps(request).encode()], rights)
        os.close(writing)
        self._answers: IO[bytes] = os.fdopen(reading, "rb", buffering=0)
        self.pid = int(self._answers.readline())

    def poll(self) -> int | None:
        """The exit code, negative for a signal; None while it runs."""
        if self.returncode is None and select.select([self._answers], [], [], 0)[0]:
            self.returncode = int(self._answers.readline())
        return self.returncode

    def wait(self, timeout: float) -> int:
        """The exit code. Raises subprocess.TimeoutExpired."""
        if self.returncode is None:
            select.select([self._answers], [], [], timeout)
        if (code := self.poll()) is None:
            raise subprocess.TimeoutExpired(self.args, timeout)
        return code

    def send_signal(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def close(self) -> None:
        """End it, if it has not ended, and keep nothing of it."""
        if not self._answers.closed:
            self.send_signal(signal.SIGKILL)
            self.wait(60)
            self._answers.close()


@cache
def _server() -> tuple[socket.socket, subprocess.Popen[bytes]]:
    """The server of this process, which ends with it."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-P", fork_server.__file__, str(theirs.fileno())]
    process = subprocess.Popen(
        command,
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        cwd="/",
    )
    theirs.close()
    atexit.register(_end, ours, process)
    return ours, process


def _end(ours: socket.socket, process: subprocess.Popen[bytes]) -> None:
    ours.close()  # the server hears of it
    process.wait()
