"""What a server's answer to our request for a page says, bounded in size. It does no I/O.

A page that redirects to another host is a portal (RFC 8952): whoever answers is not whom we asked.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from route_switcher import __version__
from route_switcher.core.probing.round import RequestFault
from route_switcher.core.vocabulary.checks import HttpGet
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.printable import printable

if TYPE_CHECKING:
    import h11

MOST = 65536
"""Bytes of an answer that are read at most."""

_MOST_HEADERS = 16384
_SHOWN = 100
"""Characters of a place that a person is shown."""

_AUTHENTICATE = 511
"""Network Authentication Required (RFC 6585, section 6)."""


class HttpAnswer:
    """Reads the answer to one request as it comes: give `receive` what came, until it says."""

    def __init__(self, check: HttpGet) -> None:
        # Imported here: only policies with such a probe need it.
        import h11

        self._h11 = h11
        self._check = check
        self._connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEADERS)
        self._received = 0
        self._wanted = check.body.encode()
        self._tail = b""
        """The end of what was read of the page: what is looked for may begin in it."""

    def request(self) -> bytes:
        """What is sent."""
        check = self._check
        host = f"[{check.host}]" if ":" in check.host else check.host
        if check.port != (443 if check.tls else 80):
            host += f":{check.port}"
        asked = self._h11.Request(
            method="GET",
            target=check.path,
            headers=[
                ("Host", host),
                ("User-Agent", f"route-switcher/{__version__}"),
                ("Accept", "*/*"),
                ("Connection", "close"),
            ],
        )
        sent: bytes = self._connection.send(asked) or b""
        return sent + (self._connection.send(self._h11.EndOfMessage()) or b"")

    def receive(self, data: bytes) -> bool | RequestFault:
        """Take what came; nothing: the connection was closed. Whether the page is known to be good,
        or why it is not."""
        self._received += len(data)
        if self._received > MOST:
            return _failed(f"an answer of more than {MOST // 1024} kB{self._not_found()}")
        try:
            self._connection.receive_data(data)
            while True:
                event = self._connection.next_event()
                if event is self._h11.NEED_DATA:
                    return False
                said = self._take(event)
                if said is not False:
                    return said
        except self._h11.RemoteProtocolError as error:
            if not data:
                return _failed("the connection was closed before the answer was complete")
            return _failed(f"an answer that is no HTTP: {printable(str(error))[:_SHOWN]}")

    def _take(self, event: object) -> bool | RequestFault:
        h11 = self._h11
        if isinstance(event, h11.InformationalResponse):
            return False
        if isinstance(event, h11.Response):
            return self._head(event) or not self._wanted
        if isinstance(event, h11.Data):
            page = self._tail + bytes(event.data)
            self._tail = page[-len(self._wanted) :]
            return self._wanted in page
        return _failed("the page does not have the text that is wanted")

    def _not_found(self) -> str:
        return " that does not have the text that is wanted" if self._wanted else ""

    def _head(self, response: "h11.Response") -> RequestFault | None:
        """What is wrong with the status or the headers; None: nothing."""
        check, status = self._check, response.status_code
        headers = [(name.decode("ascii"), value) for name, value in response.headers]
        good = 200 <= status < 300 if check.status is None else status == check.status
        if not good:
            return _status_fault(check, status, _values(headers, "location"))
        if check.header is None:
            return None
        name, wanted = check.header
        found = _values(headers, name)
        if any(wanted in each for each in found):
            return None
        shown = printable(", ".join(found))[:_SHOWN]
        return _failed(f"header {name}: {shown}" if found else f"no header {name}")


def _values(headers: Sequence[tuple[str, bytes]], name: str) -> list[str]:
    return [value.decode("latin-1") for each, value in headers if each == name]


def _status_fault(check: HttpGet, status: int, locations: Sequence[str]) -> RequestFault:
    if status == _AUTHENTICATE:
        return _failed("portal: it wants a login (status 511)")
    if not 300 <= status < 400 or not locations:
        wanted = "2xx" if check.status is None else str(check.status)
        return _failed(f"status {status}, not {wanted}")
    try:
        place = urljoin(check.url, locations[0])
        host = urlsplit(place).hostname
    except ValueError:
        return _failed(f"status {status} to a place that is no URL")
    shown = printable(place)
    shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…"
    if host == check.host:
        return _failed(f"redirected to {shown}")
    return _failed(f"portal: redirected to {shown}")


def _failed(words: str) -> RequestFault:
    return RequestFault(RoundOutcome.FAILED, words)
