"""The client of the control socket, against servers that are no engine, or a slow one."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from route_switcher.control import client
from route_switcher.control.client import LONGEST_REPLY, CannotAsk, connected
from route_switcher.control.place import NAME, places
from route_switcher.control.protocol import request
from route_switcher.kernel.host.run_folder import folder_name


def ask(listening: socket.socket, answer: Callable[[socket.socket], object]) -> object:
    """What the client makes of this answer."""

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(1000)
            answer(connection)

    server = threading.Thread(target=serve)
    server.start()
    try:
        with connected(60) as asking:
            return asking.ask(request("status"))
    finally:
        server.join()


def test_a_reply_may_come_in_pieces(listening: socket.socket) -> None:
    def answer(connection: socket.socket) -> None:
        for piece in (b'{"ok"', b": true}", b"\n"):
            connection.sendall(piece)

    assert ask(listening, answer) == {"ok": True}


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (b"", "the engine closed the connection"),
        (b'{"ok": true', "the engine closed the connection"),
        (b"hello\n", "what answers there is no engine"),
        (b"[]\n", "what answers there is no engine"),
        (b"[" * 100_000 + b"\n", "what answers there is no engine"),
        (b"\xff\n", "what answers there is no engine"),
        (b"x" * (LONGEST_REPLY + 1), "the engine's reply is too long"),
    ],
)
def test_what_is_no_reply_is_told_in_words(
    listening: socket.socket, answer: bytes, why: str
) -> None:
    with pytest.raises(CannotAsk, match=why):
        ask(listening, lambda connection: connection.sendall(answer))


def test_it_waits_for_its_turn_where_many_others_wait(listening: socket.socket) -> None:
    place = places()[0]
    with ExitStack() as held:
        before = []
        while True:
            other = held.enter_context(socket.socket(socket.AF_UNIX))
            other.setblocking(False)
            try:
                other.connect(str(place))
            except BlockingIOError:
                break
            before.append(other)

        def serve() -> None:
            for _ in before:
                listening.accept()[0].close()
            connection, _ = listening.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b'{"ok": true}\n')

        server = threading.Thread(target=serve)
        threading.Timer(0, server.start).start()
        with connected(60) as asking:
            assert asking.ask(request("status")) == {"ok": True}
        server.join()


def test_it_is_the_kernel_that_lets_it_wait(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket with a time-out of Python does not block, and would be refused at once."""
    waits: list[tuple[float | None, int]] = []

    class Watched(socket.socket):
        def connect(self, address: object) -> None:
            option = self.getsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, client._TIME.size)
            waits.append((self.gettimeout(), client._TIME.unpack(option)[0]))
            super().connect(address)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "socket", Watched)
    with connected(7):
        assert waits == [(None, 7)]


def test_one_that_hangs_up_is_told_in_words(listening: socket.socket) -> None:
    with connected(60) as asking:
        listening.accept()[0].close()
        with pytest.raises(CannotAsk, match="the engine closed the connection"):
            asking.ask(request("status"))


def test_an_engine_that_does_not_accept_is_not_waited_for_without_end(
    listening: socket.socket,
) -> None:
    with connected(1) as asking, pytest.raises(CannotAsk, match="the engine does not answer"):
        asking.ask(request("status"))


def test_a_socket_that_somebody_else_made_is_not_asked(
    listening: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "SYSTEM", Path("/nowhere"))

    class Stranger:
        size = client._PEER.size

        def unpack(self, _: bytes) -> tuple[int, int, int]:
            return 1, os.geteuid() + 1000, 1

    monkeypatch.setattr(client, "_PEER", Stranger())
    with pytest.raises(CannotAsk, match="no engine runs"), connected(1):
        pass


@pytest.mark.parametrize("way", ["nothing there", "no folder", "left by one that was killed"])
def test_where_no_engine_is_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    monkeypatch.setenv("RUNTIME_DIRECTORY", str(tmp_path))
    monkeypatch.setattr("route_switcher.kernel.host.run_folder.SYSTEM", tmp_path / "none")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "none"))
    if way != "no folder":
        (tmp_path / folder_name()).mkdir()
    if way == "left by one that was killed":
        with socket.socket(socket.AF_UNIX) as left:
            left.bind(str(tmp_path / folder_name() / NAME))
    with pytest.raises(CannotAsk, match="no engine runs in this network namespace"), connected(1):
        pass
