"""The socket on which metrics are given: there where the policy says, as soon as it can be had."""

import logging
import os
import socket
from functools import partial

import trio

from route_switcher.core.vocabulary.metrics import Listen, Loopback, OnSocket
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.daemon.control.disk import Disk
from route_switcher.daemon.control.listener import Listener
from route_switcher.daemon.control.upkeep import Upkeep, Words
from route_switcher.daemon.metrics.http import PATH
from route_switcher.daemon.metrics.server import Server
from route_switcher.daemon.metrics.telling import tell_of_metrics

NAME = "metrics"
"""Of the Unix socket."""

NOWHERE = "metrics cannot be given on a Unix socket"

AGAIN = 10.0
"""Seconds after which a port that cannot be had is tried again."""

_BACKLOG = 64

_WORDS = Words(
    tell_of_metrics,
    "the metrics socket",
    "metrics are given on the Unix socket",
    "Until the next reload only root may read the metrics",
)


class _Disk(Disk):
    def _tell(self, text: str) -> None:
        tell_of_metrics(logging.WARNING, text)


class Listening:
    """Has `server` listen where the policy says."""

    def __init__(self, server: Server, policy: Policy) -> None:
        self._server = server
        self._policy = policy
        self._moved = trio.CancelScope()
        self._upkeep: Upkeep | None = None
        self._disk = _Disk(NOWHERE)
        self._trouble = ""

    @property
    def trouble(self) -> str:
        """Why metrics cannot be given now, in words; empty: they are, or should not be."""
        return self._trouble if self._upkeep is None else self._upkeep.trouble

    def apply_policy(self, policy: Policy) -> None:
        """It may name another place, and another group for the socket."""
        before, self._policy = self._policy, policy
        if policy.metrics != before.metrics:
            self._moved.cancel()
        elif self._upkeep is not None:
            self._upkeep.apply_policy()

    async def run(self) -> None:
        """Until cancelled."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._server.run)
            while True:
                with trio.CancelScope() as self._moved:
                    await self._give_on(self._policy.metrics)

    async def _give_on(self, place: Listen | None) -> None:
        try:
            if isinstance(place, Loopback):
                await self._on_port(place)
            elif place is OnSocket.UNIX:
                await self._on_socket()
            await trio.sleep_forever()
        finally:
            self._server.listen_on(None)
            self._trouble = ""

    async def _on_port(self, place: Loopback) -> None:
        while True:
            try:
                listening = _opened(place)
            except OSError as error:
                self._fail(f"metrics cannot be given on {place}: {_words(error)}")
                await trio.sleep(AGAIN)
                continue
            self._trouble = ""
            self._server.listen_on(trio.socket.from_stdlib_socket(listening))
            tell_of_metrics(logging.INFO, f"metrics are given on http://{place}{PATH}")
            return

    async def _on_socket(self) -> None:
        make = partial(Listener, NAME, NOWHERE)
        listener = await self._disk.do(make)
        while listener is None:
            self._trouble = NOWHERE
            await trio.sleep(AGAIN)
            listener = await self._disk.do(make)
        if listener.standing is None:
            tell_of_metrics(logging.WARNING, listener.trouble)
        else:
            tell_of_metrics(logging.INFO, f"{_WORDS.again}: {listener.standing.path}")
        self._upkeep = Upkeep(
            listener,
            self._server.listen_on,
            lambda: self._policy.control.group,
            lambda _: None,
            _WORDS,
        )
        try:
            await self._upkeep.run()
        finally:
            self._upkeep = None
            listener.close()

    def _fail(self, trouble: str) -> None:
        if trouble != self._trouble:
            tell_of_metrics(logging.WARNING, f"{trouble}; tried again every {AGAIN:g} s")
        self._trouble = trouble


def _opened(place: Loopback) -> socket.socket:
    """A socket that listens there. Raises OSError."""
    family = socket.AF_INET6 if place.address.version == 6 else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        # After a restart, connections of the engine before may still be remembered (TIME_WAIT).
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((str(place.address), place.port))
        listening.listen(_BACKLOG)
    except OSError:
        listening.close()
        raise
    return listening


def _words(error: OSError) -> str:
    if isinstance(error, PermissionError):
        return f"{error.strerror} (a port below 1024 needs CAP_NET_BIND_SERVICE)"
    return error.strerror or os.strerror(error.errno or 0)
