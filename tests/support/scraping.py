"""Reads the metrics of an engine, as Prometheus does."""

import socket
from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab

PORT = 9000
LISTEN = f"metrics: {{listen: '127.0.0.1:{PORT}'}}\n"
GET = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"


def connected(lab: Lab) -> socket.socket:
    """A connection to the engine of the router."""
    with lab.inside(ROUTER):
        return socket.create_connection(("127.0.0.1", PORT), timeout=60)


def scrape(lab: Lab) -> str:
    """The metrics of the engine of the router."""
    with connected(lab) as connection:
        return body_of(connection)


def body_of(connection: socket.socket) -> str:
    """What is answered to a request; raises AssertionError if it is not the metrics."""
    connection.sendall(GET)
    data = b""
    while more := connection.recv(1 << 16):
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK"), head
    return body.decode()


def samples(text: str) -> Iterator[tuple[str, Mapping[str, str], float]]:
    """Name, labels and value of each series, as Prometheus's own parser reads them."""
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            yield sample.name.removeprefix("route_switcher_"), sample.labels, sample.value


def value(text: str, name: str, **labels: str) -> float:
    """The value of the only series of this name that has these labels."""
    (found,) = [
        each for its, has, each in samples(text) if its == name and labels.items() <= has.items()
    ]
    return found
