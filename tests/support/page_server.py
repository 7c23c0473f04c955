"""A web server in a namespace of the lab, in threads of this process."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socket import AF_INET, AF_INET6, IPPROTO_IPV6, IPV6_V6ONLY
from threading import Thread

from route_switcher.lab.topology import Lab


class _Pages(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A connection that is reset is no news."""


class _Server6(_Server):
    address_family = AF_INET6

    def server_bind(self) -> None:
        """IPv4 has a server of its own."""
        self.socket.setsockopt(IPPROTO_IPV6, IPV6_V6ONLY, 1)
        super().server_bind()


@contextmanager
def pages(lab: Lab, namespace: str, port: int) -> Iterator[None]:
    """Serve empty pages (status 204) at this port of every address of the namespace."""
    with ExitStack() as serving:
        for family in (AF_INET, AF_INET6):
            kind = _Server if family == AF_INET else _Server6
            host = "0.0.0.0" if family == AF_INET else "::"
            with lab.inside(namespace):
                server = serving.enter_context(kind((host, port), _Pages))
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            thread.start()
            serving.callback(thread.join)
            serving.callback(server.shutdown)
        yield
