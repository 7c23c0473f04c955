"""Servers in the lab's internet that keep what they are sent: by HTTP, and by SMTP in TLS."""

import base64
import socket
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab

HTTP_PORT = 8080
SMTP_PORT = 465


@dataclass(frozen=True, slots=True)
class Request:
    """What was sent by HTTP."""

    method: str
    path: str
    peer: str
    """The address that it came from."""
    kind: str | None
    """Its Content-Type."""
    authorization: str | None
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """What was sent by SMTP."""

    sender: str
    recipients: tuple[str, ...]
    password: str
    message: Message

    @property
    def subject(self) -> str:
        return str(self.message["Subject"])

    @property
    def body(self) -> str:
        return str(self.message.get_payload())


@dataclass(slots=True)
class Sink:
    """A server, and what it was sent: `Request` or `Mail`."""

    taken: list[Any] = field(default_factory=list)
    answer: bytes = b"good\n"
    """To whatever comes by HTTP."""


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    context: ssl.SSLContext | None = None

    def get_request(self) -> tuple[socket.socket, Any]:
        connection, peer = super().get_request()
        if self.context is None:
            return connection, peer
        # The handshake is made by the thread that reads.
        wrap = self.context.wrap_socket
        return wrap(connection, server_side=True, do_handshake_on_connect=False), peer


@contextmanager
def http_sink(lab: Lab, address: str) -> Iterator[Sink]:
    """Takes whatever is sent to the address."""
    sink = Sink()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            kind, authorization = self.headers["Content-Type"], self.headers["Authorization"]
            peer = self.client_address[0]
            sink.taken.append(Request(self.command, self.path, peer, kind, authorization, body))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(sink.answer)

        do_GET = do_POST  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with _serving(lab, address, HTTP_PORT, Handler):
        yield sink


@contextmanager
def mail_sink(lab: Lab, address: str, certificate: Path) -> Iterator[Sink]:
    """Takes mail of whoever says a password, in TLS from the first byte on.

    `certificate` is made: of the server, in one file with its key.
    """
    sink, context = Sink(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail"]
    words += ["-addext", f"subjectAltName=IP:{address}", "-days", "2"]
    words += ["-keyout", str(certificate), "-out", str(certificate) + ".crt"]
    subprocess.run(words, check=True, capture_output=True)
    context.load_cert_chain(str(certificate) + ".crt", str(certificate))

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _talk(self, sink)

    with _serving(lab, address, SMTP_PORT, Handler, context):
        yield sink


def _talk(handler: socketserver.StreamRequestHandler, sink: Sink) -> None:
    """The server's part of SMTP (RFC 5321, 4954)."""
    sender, recipients, password = "", [], ""

    def say(text: str) -> None:
        handler.wfile.write(f"{text}\r\n".encode())

    say("220 sink")
    for line in handler.rfile:
        words = line.decode().split()
        match words[0].upper():
            case "EHLO":
                say("250-sink")
                say("250 AUTH PLAIN")
            case "AUTH":
                _, _, password = base64.b64decode(words[2]).decode().split("\0")
                say("235 good")
            case "MAIL":
                sender = words[1].partition(":")[2].strip("<>")
                say("250 good")
            case "RCPT":
                recipients.append(words[1].partition(":")[2].strip("<>"))
                say("250 good")
            case "DATA":
                say("354 go on")
                lines = list(iter(handler.rfile.readline, b".\r\n"))
                assert max(map(len, lines)) <= 1000
                message = message_from_bytes(b"".join(lines))
                sink.taken.append(Mail(sender, tuple(recipients), password, message))
                say("250 good")
            case "QUIT":
                say("221 good")
                return
            case _:
                say("500 what?")


@contextmanager
def _serving(
    lab: Lab,
    address: str,
    port: int,
    handler: type[socketserver.BaseRequestHandler],
    context: ssl.SSLContext | None = None,
) -> Iterator[None]:
    with lab.inside(INTERNET):
        server = _Server((address, port), handler)
    server.context = context
    with server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
