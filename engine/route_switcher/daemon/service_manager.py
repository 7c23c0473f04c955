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

_FULL = 0.1
"""Seconds after which it is told again what its queue had no room for: any user may fill that."""


class ServiceManager:
    """Speaks to the socket that the environment names; without one, to nobody."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        name = environment.get("NOTIFY_SOCKET", "")
        self._address = f"\0{name[1:]}" if name.startswith("@") else name
        self.patience = _patience(environment)
        """Seconds for which the loop may be silent before the engine is ended; inf: for ever."""

    def tell(self, state: str) -> bool:
        """Tell it, without waiting; whether there was room. If it cannot be told, it acts as if it
        were not."""
        if not self._address:
            return True
        with (
            suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as telling,
        ):
            try:
                telling.sendto(state.encode(), self._address)
            except BlockingIOError:
                return False
        return True

    async def tell_surely(self, state: str) -> None:
        """Tell it, once there is room."""
        while not self.tell(state):  # noqa: ASYNC110 - nobody tells of room
            await trio.sleep(_FULL)

    async def watch(
        self,
        beat: Callable[[], Awaitable[None]],
        kernel_waits: Callable[[], float] = lambda: 0.0,
    ) -> NoReturn:
        """Tell it again and again that the loop goes on, each time when `beat` has returned.

        Also while the loop waits for the kernel, which has kept a request for `kernel_waits`
        seconds: another engine would wait for it as well.
        """
        often = self.patience / _OFTEN
        while True:
            with trio.move_on_after(often / 2) as silent:
                await beat()
            if silent.cancelled_caught and kernel_waits() < often / 2:
                continue
            await self.tell_surely("WATCHDOG=1")
            await trio.sleep(often)


def _patience(environment: Mapping[str, str]) -> float:
    """As sd_watchdog_enabled(3) reads it."""
    microseconds = environment.get("WATCHDOG_USEC", "")
    process = environment.get("WATCHDOG_PID", str(os.getpid()))
    mine = microseconds.isdecimal() and process == str(os.getpid())
    return int(microseconds) / 1e6 if mine and int(microseconds) else inf
