"""What a scraper asks by HTTP/1.1 (RFC 9112), and the head of what it is answered.

Pure. One request on each connection: the answer closes it. That is all that Prometheus needs, and
nobody can hold a place for longer.
"""

import re
from dataclasses import dataclass
from typing import Final

from route_switcher.daemon.metrics.exposition import CONTENT_TYPE

LONGEST_HEAD = 8192
"""Bytes of a request up to its empty line."""

PATH = "/metrics"

_END = re.compile(rb"\r?\n\r?\n")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\S+) HTTP/([0-9])\.([0-9])")
_FIELD = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\x00-\x08\x0a-\x1f\x7f]*")
_AUTHORITY = re.compile(r"https?://[^/?#]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Status:
    """How a request is answered."""

    number: int
    reason: str
    body: str = ""
    """What is said beside; empty where it is the metrics."""
    allow: str = ""
    """The methods that are allowed, where another one was asked."""


OK: Final = Status(200, "OK")
BAD: Final = Status(400, "Bad Request", "this is no request of HTTP/1.1\n")
NOT_FOUND: Final = Status(404, "Not Found", f"the metrics are under {PATH}\n")
NOT_ALLOWED: Final = Status(405, "Method Not Allowed", "only GET and HEAD\n", "GET, HEAD")
TOO_LARGE: Final = Status(
    431, "Request Header Fields Too Large", f"a request has at most {LONGEST_HEAD} bytes\n"
)
OTHER_VERSION: Final = Status(505, "HTTP Version Not Supported", "only HTTP/1.1 and HTTP/1.0\n")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request comes to. `with_body`: it is no HEAD."""

    status: Status
    with_body: bool = True


def ends(data: bytes | bytearray) -> int | None:
    """Where the head of a request ends; None: more of it is to come."""
    match = _END.search(data)
    return None if match is None else match.start()


def asked(head: bytes) -> Asked:
    """What is asked by this head, without its end."""
    line, *fields = re.split(rb"\r?\n", head.lstrip(b"\r\n"))
    match = _REQUEST_LINE.fullmatch(line)
    if match is None:
        return Asked(BAD)
    method, target, major, minor = match.groups()
    if major != b"1":
        return Asked(OTHER_VERSION)
    names = [field.partition(b":")[0].lower() for field in fields]
    sound = all(_FIELD.fullmatch(field) for field in fields)
    if not sound or names.count(b"host") > 1 or (minor != b"0" and b"host" not in names):
        return Asked(BAD)
    with_body = method != b"HEAD"
    if method not in (b"GET", b"HEAD"):
        return Asked(NOT_ALLOWED)
    path = _AUTHORITY.sub("", target.decode("latin-1"), count=1).partition("?")[0]
    return Asked(OK if path == PATH else NOT_FOUND, with_body)


def head_of(status: Status, length: int, date: str) -> bytes:
    """The head of an answer with a body of so many bytes."""
    allow = f"Allow: {status.allow}\r\n" if status.allow else ""
    kind = CONTENT_TYPE if status is OK else "text/plain; charset=utf-8"
    return (
        f"HTTP/1.1 {status.number} {status.reason}\r\nDate: {date}\r\n{allow}"
        f"Content-Type: {kind}\r\nContent-Length: {length}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    ).encode("ascii")
