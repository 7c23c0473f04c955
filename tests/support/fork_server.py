"""Forks programs that have imported themselves already: `python fork_server.py DESCRIPTOR`.

To import the program takes 0.5 s of a processor, which is more than most tests use otherwise. So
everything is imported that a command needs, also what it imports only when it needs it. Each
request comes with descriptors: standard output, standard error, the network namespace to be in,
and a pipe for the answers: the process's number, and in the end how it ended. `support.forked`
asks.
"""

import array
import atexit
import ctypes
import gc
import json
import os
import select
import signal
import socket
import sys
from contextlib import suppress
from importlib import import_module
from pkgutil import walk_packages
from typing import Any, TextIO

import route_switcher
from route_switcher.lab.sandbox import set_network_namespace
from route_switcher.policy.load import load, shipped_policies

_A_PROGRAM = "route_switcher.programs.supervisor"
"""A module that is no part of the program: it does something when it is imported."""

_IMPORTED_LATE = ("h11",)
"""What others have that the program imports only when it needs it."""

LONGEST_REQUEST = 1 << 20
_DESCRIPTORS = 4
_PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def _import_all() -> None:
    for module in walk_packages(route_switcher.__path__, f"{route_switcher.__name__}."):
        if module.name != _A_PROGRAM:
            import_module(module.name)
    for name in _IMPORTED_LATE:
        import_module(name)
    load(next(iter(shipped_policies())))  # the schema too, and what checks it


def _serve(requests: socket.socket) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # so that the kernel reaps those that wait
    while True:
        size = array.array("i").itemsize * _DESCRIPTORS
        request, control, _, _ = requests.recvmsg(LONGEST_REQUEST, socket.CMSG_LEN(size))
        if not request:
            return
        descriptors = array.array("i", control[0][2])
        if os.fork() == 0:
            with suppress(BaseException):
                requests.close()
                _start_and_wait(json.loads(request), *descriptors)
            os._exit(0)
        for descriptor in descriptors:
            os.close(descriptor)


def _start_and_wait(
    request: dict[str, Any], output: int, errors: int, namespace: int, answers: int
) -> None:
    """Start the program as a child of this process, which is that of the server."""
    _die_with_the_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    child = os.fork()
    if child == 0:
        os.close(answers)
        _become(request, output, errors, namespace)
    for descriptor in (output, errors, namespace):
        os.close(descriptor)
    os.write(answers, f"{child}\n".encode())
    ended = os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    assert ended is not None
    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
    os.write(answers, f"{code}\n".encode())
    # Its number is given to no other process while somebody may still send it a signal.
    closed = select.poll()
    closed.register(answers, 0)
    closed.poll()


def _become(request: dict[str, Any], output: int, errors: int, namespace: int) -> None:
    """Be the program, as `python -P -m route_switcher` would be."""
    code = 1
    try:
        _die_with_the_parent()
        set_network_namespace(namespace)
        os.dup2(output, 1)
        os.dup2(errors, 2)
        sys.stdout, sys.stderr = _as_at_a_start(sys.stdout), _as_at_a_start(sys.stderr)
        for descriptor in (output, errors, namespace):
            os.close(descriptor)
        os.chdir(request["folder"])
        os.environ.clear()
        os.environ.update(request["environment"])
        sys.argv = ["route-switcher", *request["words"]]
        try:
            exec(request["first"], {})
            code = import_module("route_switcher.__main__").main()
        except SystemExit as end:  # argparse
            code = end.code if isinstance(end.code, int) else 1
        except BaseException:
            sys.excepthook(*sys.exc_info())
        with suppress(OSError):
            sys.stdout.flush()
        atexit._run_exitfuncs()
    finally:
        os._exit(code)


def _as_at_a_start(stream: TextIO) -> TextIO:
    """The stream for what its descriptor is now."""
    return open(
        stream.fileno(),
        "w",
        buffering=1 if stream is sys.stderr else -1,
        encoding=stream.encoding,
        errors=stream.errors,
        closefd=False,
    )


def _die_with_the_parent() -> None:
    """See PR_SET_PDEATHSIG in prctl(2)."""
    parent = os.getppid()
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


if __name__ == "__main__":
    _die_with_the_parent()
    _import_all()
    gc.collect()
    gc.freeze()
    _serve(socket.socket(fileno=int(sys.argv[1])))
