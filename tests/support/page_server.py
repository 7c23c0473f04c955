"""A web server in a namespace of the lab, by TLS or without, in threads of this process."""

import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY
from threading import Thread
from typing import Any

from route_switcher.lab.topology import Lab
from support.certificates import Certificate


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class _Redirects(_Pages):
    place: str

    def do_GET(self) -> None:
        self.send_response(302)
        self.send_header("Location", self.place)
        self.end_headers()


class Secured(ssl.SSLSocket):
    """Of a server. Some Pythons leave one open that was reset before its TLS began."""

    def __del__(self) -> None:
        self.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # as the kernel answers nobody who comes beyond that
    secured: ssl.SSLContext | None = None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the thread of this request: a handshake takes its time."""
        if self.secured is None:
            super().finish_request(request, client_address)
            return
        with self.secured.wrap_socket(request, server_side=True) as stream:
            super().finish_request(stream, client_address)

    def handle_error(self, *_: object) -> None:
        """A connection that is reset is no news."""


class _Server6(_Server):
    address_family = AF_INET6

    def server_bind(self) -> None:
        """IPv4 has a server of its own."""
        self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        super().server_bind()


@contextmanager
def pages(
    lab: Lab, namespace: str, port: int, certificate: Certificate | None = None
) -> Iterator[None]:
    """Serve empty pages (status 204) at this port of every address of the namespace."""
    with _serving(lab, namespace, port, _Pages, certificate):
        yield


@contextmanager
def redirects(lab: Lab, namespace: str, port: int, place: str) -> Iterator[None]:
    """Answer every request there by sending it to another place, as a portal does."""
    with _serving(lab, namespace, port, type("_To", (_Redirects,), {"place": place})):
        yield


@contextmanager
def _serving(
    lab: Lab,
    namespace: str,
    port: int,
    handler: type[_Pages],
    certificate: Certificate | None = None,
) -> Iterator[None]:
    secured = None
    if certificate is not None:
        secured = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        secured.sslsocket_class = Secured
        secured.load_cert_chain(certificate.chain, certificate.key)
    with ExitStack() as serving:
        for family in (AF_INET, AF_INET6):
            kind = _Server if family == AF_INET else _Server6
            host = "0.0.0.0" if family == AF_INET else "::"
            with lab.inside(namespace):
                server = serving.enter_context(kind((host, port), handler))
            server.secured = secured
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            serving.callback(thread.join)
            serving.callback(server.shutdown)
        yield
