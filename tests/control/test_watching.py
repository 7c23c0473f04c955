"""What `watch` makes of an engine that says nothing any more."""

import os
import socket
import threading

import pytest

from route_switcher.control import watching
from route_switcher.control.protocol import done, encode
from route_switcher.control.watching import Watching

_LONG = 60.0


def test_a_silent_engine_is_told_however_seldom_the_caller_wants_a_turn(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "SILENCE", 0.1)
    told = threading.Event()

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            connection.sendall(encode(done("watch")))
            told.wait(_LONG)

    server = threading.Thread(target=serve)
    server.start()
    output, other = os.pipe()
    try:
        said = next(Watching(other).objects(tick=2 * _LONG))
    finally:
        told.set()
        server.join()
        os.close(output)
        os.close(other)
    assert said is not None
    assert said["message"] == "the engine does not answer"
