"""Pages fetched through one uplink: a new connection for each, which is reset at the end."""

import ssl

import trio

from route_switcher.core.probing.round import Request, RequestFault
from route_switcher.core.vocabulary.checks import Check, HttpGet, Layer
from route_switcher.core.vocabulary.states import RoundOutcome
from route_switcher.probes.http_answer import HttpAnswer
from route_switcher.probes.prober import Egress, ProberKind
from route_switcher.probes.reasons import fault_of, told_by_network
from route_switcher.probes.separate_requests import SeparateRequests
from route_switcher.probes.tcp import connected, open_connection
from route_switcher.probes.tls import client_context, tls_fault

_READ = 8192
"""Bytes that are read at once."""


class HttpProber(SeparateRequests):
    """Fetches one page from targets."""

    def __init__(self, egress: Egress, check: HttpGet) -> None:
        super().__init__(egress)
        self._check = check

    async def _ask_one(self, request: Request, deadline: float) -> float | RequestFault | None:
        request.awaited, request.layer = "connection", Layer.TCP
        fault: RequestFault | None = None
        try:
            with open_connection(self._egress, request.target.address, self._check.port) as sock:
                if await connected(sock, request.sent_at, deadline) is None:
                    return None
                # No end is sent and waited for: closing the socket resets the connection.
                stream = trio.SocketStream(trio.socket.from_stdlib_socket(sock))
                with trio.move_on_at(deadline):
                    fault = await self._fetched(stream, request)
                    return fault or trio.current_time() - request.sent_at
        except OSError as error:
            fault = fault_of(error)
            return RequestFault(fault.outcome, fault.words, request.layer)
        return fault

    async def _fetched(self, stream: trio.SocketStream, request: Request) -> RequestFault | None:
        """Fetch the page: None if it is good, else why not."""
        try:
            if not self._check.tls:
                return await self._read(stream, request)
            request.awaited, request.layer = "TLS handshake", Layer.TLS
            secured = trio.SSLStream(
                stream,
                client_context(),
                server_hostname=self._check.host,
                https_compatible=True,
            )
            await secured.do_handshake()
            return await self._read(secured, request)
        except trio.BrokenResourceError as error:
            return _broken(error.__cause__, request.layer)

    async def _read(self, stream: trio.abc.Stream, request: Request) -> RequestFault | None:
        request.awaited, request.layer = "page", None
        answer = HttpAnswer(self._check)
        await stream.send_all(answer.request())
        while True:
            said = answer.receive(bytes(await stream.receive_some(_READ)))
            if isinstance(said, RequestFault):
                return said
            if said:
                return None


def _broken(cause: BaseException | None, layer: Layer | None) -> RequestFault:
    """Why a stream cannot go on."""
    if isinstance(cause, ssl.SSLError):
        return tls_fault(cause)
    if isinstance(cause, OSError):
        fault = fault_of(told_by_network(cause))
        return RequestFault(fault.outcome, fault.words, layer)
    return RequestFault(RoundOutcome.FAILED, "connection closed", layer)


def _open(egress: Egress, check: Check) -> HttpProber:
    assert isinstance(check, HttpGet)
    return HttpProber(egress, check)


KIND = ProberKind(_open)
