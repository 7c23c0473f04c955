"""Running on trio where the machine may refuse the system calls that trio lives by.

A filter may refuse them (seccomp(2)). Within trio that is an internal error with a traceback, or a
loop that no signal ends. So they are tried first, and the one that is refused is named.
"""

import select
import socket
from collections.abc import Awaitable, Callable
from typing import TypeVar, TypeVarTuple

import trio

from route_switcher.daemon.serve import CannotStart

T = TypeVar("T")
Arguments = TypeVarTuple("Arguments")


def run(main: Callable[[*Arguments], Awaitable[T]], *arguments: *Arguments) -> T:
    """As `trio.run`. Raises CannotStart for an OSError that is in no group."""
    try:
        _require_calls()
        return trio.run(main, *arguments)
    except OSError as error:
        raise CannotStart(error) from None


def _require_calls() -> None:
    """Raises OSError with the name of the refused call as its filename."""
    sending, receiving = socket.socketpair()
    with sending, receiving, select.epoll() as waiting:
        waiting.register(receiving, select.EPOLLIN)
        calls = (
            ("sendto(2)", lambda: sending.send(b"\0")),
            ("epoll_wait(2)", lambda: waiting.poll(0)),
            ("recvfrom(2)", lambda: receiving.recv(1)),
        )
        for name, attempt in calls:
            try:
                attempt()
            except OSError as error:
                error.filename = name
                raise
