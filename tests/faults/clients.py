"""Clients of the control socket and scrapers that do what none should; a program of its own.

    python clients.py PATH KIND SECONDS

Says on standard output, a line each time, how many requests (or connections) it has made so far.
"""

import contextlib
import itertools
import socket
import sys
import time
from collections.abc import Callable, Iterator

BAD = (
    b"nonsense\n",
    b"\xff\xfe\x00\n",
    b"[" * 4000 + b"\n",
    b'{"version":1,"request":"switch","uplink":7}\n',
    b'{"version":9}\n',
    b"{}\n" * 50,
)
WATCH = b'{"version":1,"request":"watch"}\n'
OVERSIZED = b"x" * 20_000
_TELL_EVERY = 100
_IDLE = 100


def connect(path: str) -> socket.socket:
    """A client. It waits for its turn: a socket with a time-out would not."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.connect(path)
    connection.settimeout(60)
    return connection


def malformed(path: str) -> Iterator[int]:
    """Lines that are no requests, and now and then one that never ends."""
    lines = itertools.cycle(BAD)
    while True:
        with contextlib.suppress(OSError), connect(path) as connection:
            for line in itertools.islice(lines, 30):
                connection.sendall(line)
                connection.recv(1 << 16)
                yield line.count(b"\n")
            connection.sendall(OVERSIZED)
            yield 1
            connection.recv(1 << 16)


def idle(path: str) -> Iterator[int]:
    """A hundred connections that say nothing; one that is closed is opened again."""
    open_: list[socket.socket] = []
    while True:
        with contextlib.suppress(OSError):
            open_.append(connect(path))
        if len(open_) > _IDLE:
            open_.pop(0).close()
        yield 1
        time.sleep(0.01 if len(open_) >= _IDLE else 0)


def deaf(path: str) -> Iterator[int]:
    """Asks for the status without end, on many connections, and never reads it."""
    asking = [connect(path) for _ in range(16)]
    request = b'{"version":1,"request":"status"}\n'
    for connection in asking:
        connection.setblocking(False)
    while True:
        for number, connection in enumerate(asking):
            try:
                connection.send(request)
                yield 1
            except BlockingIOError:
                time.sleep(0.001)
            except OSError:
                connection.close()
                with contextlib.suppress(OSError):
                    asking[number] = connect(path)
                    asking[number].setblocking(False)


def watching(path: str) -> Iterator[int]:
    """A hundred that ask to watch and never read; one that is closed comes again."""
    open_: list[socket.socket] = []
    while True:
        with contextlib.suppress(OSError):
            open_.append(connect(path))
            open_[-1].sendall(WATCH)
        if len(open_) > _IDLE:
            open_.pop(0).close()
        yield 1
        time.sleep(0.01 if len(open_) >= _IDLE else 0)


def coming_and_going(path: str) -> Iterator[int]:
    """Asks to watch and goes away, as fast as it can."""
    while True:
        with contextlib.suppress(OSError), connect(path) as connection:
            connection.sendall(WATCH)
            yield 1


SCRAPES = (
    b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n" * 20,
    b"GET /metrics HTTP/1.1\r\n",
    b"\x00" * 9000,
    b"",
)


def scraping(path: str) -> Iterator[int]:
    """A hundred that ask for metrics without end, in parts, or by garbage, and never read."""
    host, port = path.rsplit(":", 1)
    open_: list[socket.socket] = []
    scrapes = itertools.cycle(SCRAPES)
    while True:
        with contextlib.suppress(OSError):
            open_.append(socket.create_connection((host, int(port)), timeout=60))
            open_[-1].setblocking(False)
            open_[-1].send(next(scrapes))
        if len(open_) > _IDLE:
            open_.pop(0).close()
        yield 1
        time.sleep(0.001)


KINDS: dict[str, Callable[[str], Iterator[int]]] = {
    "malformed": malformed,
    "idle": idle,
    "deaf": deaf,
    "watching": watching,
    "coming and going": coming_and_going,
    "scraping": scraping,
}


def main(path: str, kind: str, seconds: float) -> None:
    end = time.monotonic() + seconds
    made = told = 0
    for more in KINDS[kind](path):
        made += more
        if made >= told + _TELL_EVERY:
            told = made
            sys.stdout.write(f"{made}\n")
            sys.stdout.flush()
        if time.monotonic() > end:
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
