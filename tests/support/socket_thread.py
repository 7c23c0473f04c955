"""A thread that works on a socket while a test goes on."""

import socket
import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class SocketThread(ABC):
    """Works from `__enter__` to `__exit__`, which closes the socket."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work)

    @abstractmethod
    def _work(self) -> None:
        """Go on until `_ended` is set."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()
        self._socket.close()
