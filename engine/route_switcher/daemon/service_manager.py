"""What the service manager is told, where it asks for that (sd_notify(3)): that the engine is
ready, and that its loop goes on."""

import os
import socket
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from math import inf
from typing import NoReturn

import trio

_OFTEN = 3
"""How many times the loop is asked within the time after which the service manager acts."""


class ServiceManager:
    """Speaks to the socket that the environment names; without one, to nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self.patience = _patience(environment)
        """Seconds for which the loop may be silent before the engine is ended; inf: for ever."""

    def tell(self, state: str) -> None:
        """Tell it; nobody waits for it, and if it cannot be told, it acts as if it were not."""
        if not self._address:
            return
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as telling,
        ):
            telling.sendto(state.encode(), self._address)

    async def watch(self, beat: Callable[[], Awaitable[None]]) -> NoReturn:
        """Tell it again and again that the loop goes on, each time when `beat` has returned."""
        while True:
            await beat()
            self.tell("WATCHDOG=1")
            await trio.sleep(self.patience / _OFTEN)


def _patience(environment: Mapping[str, str]) -> float:
    """As sd_watchdog_enabled(3) reads it."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    process = environment.get("WATCHDOG_PID", str(os.getpid()))
    mine = microseconds.isdecimal() and process == str(os.getpid())
    return int(microseconds) / 1e6 if mine and int(microseconds) else inf
