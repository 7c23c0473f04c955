"""Answers to our requests for pages: what any server, or who stands between, can send.

An input is what comes, in pieces: each behind two bytes of its length. No byte more is the end of
the connection.
"""

from random import Random

from fuzz.target import Target, spoilt
from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.checks import HttpGet
from route_switcher.probes.http_answer import MOST, HttpAnswer

_CHECKS = (
    HttpGet(host="www.example.net", port=80, tls=False, path="/"),
    HttpGet(host="2001:db8::1", port=8443, tls=True, path="/x?y", status=204),
    HttpGet(host="192.0.2.1", port=80, tls=False, path="/", body="success"),
    HttpGet(host="a.example", port=80, tls=False, path="/", header=("server", "nginx")),
)


def attack(data: bytes) -> None:
    """Give each kind of check the answer, and look at what it makes of it."""
    for check in _CHECKS:
        answer = HttpAnswer(check)
        assert answer.request().startswith(b"GET /")
        _receive(answer, _pieces(data))


def _receive(answer: HttpAnswer, pieces: list[bytes]) -> None:
    for piece in pieces:
        said = answer.receive(piece)
        if said:
            assert said is True or (said.words.isprintable() and len(said.words) < 300)
            return
    # At the end of the connection it is certain.
    assert isinstance(answer.receive(b"") or answer.receive(b""), RequestFault | bool)


def _pieces(data: bytes) -> list[bytes]:
    pieces, at = [], 0
    while at + 2 <= len(data):
        length = int.from_bytes(data[at : at + 2]) or 1
        pieces.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return [piece for piece in pieces if piece]


def _written(*pieces: bytes) -> bytes:
    return b"".join(len(piece).to_bytes(2) + piece for piece in pieces)


def seeds() -> list[bytes]:
    """Pages, portals, and what breaks off."""
    head = b"HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Length: 9\r\n\r\n"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    return [
        _written(head, b"a success"),
        _written(head + b"a success"),
        _written(b"HTTP/1.1 204 No Content\r\n\r\n"),
        _written(b"HTTP/1.1 302 Found\r\nLocation: http://portal.example/\r\n\r\n"),
        _written(b"HTTP/1.1 511 No\r\n\r\n"),
        _written(b"HTTP/1.1 100 Continue\r\n\r\n", head, b"a succ"),
        _written(chunked, b"9\r\na success\r\n", b"0\r\n\r\n"),
        _written(b"HTTP/1.0 200 OK\r\n\r\n", b"success"),
        _written(b"HTTP/1.1 301 Moved\r\nLocation: //[::\r\n\r\n"),
    ]


def mutated(data: bytes, random: Random) -> bytes:
    """Spoil one piece, or repeat one."""
    pieces = _pieces(data)
    if not pieces:
        return spoilt(data, random)
    at = random.randrange(len(pieces))
    if random.random() < 0.3:
        pieces.insert(at, pieces[at])
    else:
        pieces[at] = spoilt(pieces[at], random)[:MOST]
    return _written(*(piece[:65535] for piece in pieces))


TARGET = Target(
    attack,
    seeds,
    mutated,
    (
        b"HTTP/1.1 ",
        b"Location: ",
        b"Content-Length: ",
        b"Transfer-Encoding: chunked",
        b"\r\n\r\n",
        b"Connection: upgrade",
        b"101 ",
        b"http://[",
    ),
    8192,
)
