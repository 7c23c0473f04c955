"""Eight faults, one after the other: `status` and the log name the layer that is broken."""

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from route_switcher.lab.addresses import BACKBONE_PORT, INTERNET
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.certificates import NAME, Authority, Certificate
from support.page_server import Secured
from support.running import Start, eventually, run_to_its_end

pytestmark = pytest.mark.kernel

RIGHT, WRONG = 8443, 8444
"""Ports of servers whose certificates have the right name, and a wrong one."""
ADDRESS = "203.0.113.77"


class _Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing is printed."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, certificate: Certificate) -> None:
        super().__init__(("0.0.0.0", port), _Page)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.sslsocket_class = Secured
        self._context.load_cert_chain(certificate.chain, certificate.key)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """A connection that is reset is no news."""
        with suppress(OSError), self._context.wrap_socket(request, server_side=True) as stream:
            _Page(stream, client_address, self)


@contextmanager
def serving(lab: Lab, port: int, certificate: Certificate) -> Iterator[None]:
    with lab.inside(INTERNET):
        server = _Server(port, certificate)
    with server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()


def resolver(lab: Lab, place: int, address: str) -> None:
    words = "dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file"
    words += f" --bind-interfaces --listen-address={lab.targets_v4[place]}"
    words += f" --address=/{NAME}/{address} --user=root"
    lab.start(INTERNET, words.split())


def policy(lab: Lab) -> str:
    one = lab.targets_v4[0]
    uplinks = "".join(
        f"  {u.name}: {{interface: {u.interface}, gateway: '{u.gateway}'}}\n" for u in lab.uplinks
    )
    fast = "interval: 300ms, timeout: 300ms"
    probes = {
        "gateway": f"type: neighbour, {fast}",
        "back": f"type: echo, {fast}",
        "pings": f"type: icmp, targets: ['{one}'], {fast}",
        "names": f"type: dns, name: {NAME}, value: {ADDRESS}, targets: ['{one}'], {fast}",
        "connections": f"type: tcp, port: {RIGHT}, targets: ['{one}'], {fast}",
        "pages": f"type: http, url: 'https://{NAME}:{RIGHT}/', targets: ['{one}'],"
        " interval: 1s, timeout: 1s",
        "full": f"type: icmp, size: 1472, targets: ['{one}'], {fast}",
    }
    # By the time that the others fail, the gateway has said what is broken, though a busy machine
    # may have kept a round of it back. The pages are asked more rarely anyway.
    counts = dict.fromkeys(probes, 6) | {"gateway": 3, "pages": 3}
    rules = "".join(
        f"  - {{name: no-{name}, probe: {name}, fail: {{failures: {count}}},"
        " recover: {stable: 200ms}}\n"
        for name, count in counts.items()
    )
    written = "".join(f"  {name}: {{{keys}}}\n" for name, keys in probes.items())
    return f"version: 1\nuplinks:\n{uplinks}probes:\n{written}rules:\n{rules}"


class Faults:
    """Of the first uplink of a lab, each until the next."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._primary = lab.uplinks[0]
        self.heal: Callable[[], object] = lambda: None

    def named(self, name: str) -> None:
        FAULTS[name].inject(self._lab, self._primary)
        self.heal = lambda: FAULTS[name].heal(self._lab, self._primary)

    def not_forwarding(self) -> None:
        self._forwards(0)
        self.heal = lambda: self._forwards(1)

    def dropping(self, what: str) -> None:
        self._rules(f"forward priority 0; oifname {BACKBONE_PORT} {what} drop", "filter")

    def leading_astray(self, what: str, to: str) -> None:
        self._rules(f"prerouting priority -100; {what} dnat ip to {to}", "nat")

    def _forwards(self, yes: int) -> None:
        self._lab.run(self._primary.name, "sysctl", "-qw", f"net.ipv4.conf.all.forwarding={yes}")

    def _rules(self, rules: str, kind: str) -> None:
        text = f"table ip fault {{\nchain c {{ type {kind} hook {rules}; }}\n}}\n"
        self._lab.run(self._primary.name, "nft", "-f", "-", given=text)
        words = ("nft", "delete", "table", "ip", "fault")
        self.heal = lambda: self._lab.run(self._primary.name, *words)


def test_each_of_eight_faults_is_named_by_the_layer_that_is_broken(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    resolver(lab, 0, ADDRESS)
    resolver(lab, 1, "203.0.113.66")
    faults, (one, liar) = Faults(lab), lab.targets_v4[:2]
    every: dict[str, Callable[[], None]] = {
        "link fails": lambda: faults.named("carrier"),
        "gateway fails": lambda: faults.named("dead-gateway"),
        "forwarding fails, gateway works": faults.not_forwarding,
        "ping fails, gateway, forwarding": lambda: faults.dropping("icmp type echo-request"),
        "DNS fails, gateway, forwarding, ping": lambda: faults.leading_astray(
            f"ip daddr {one} udp dport 53", str(liar)
        ),
        "TCP fails, gateway, forwarding, ping, DNS": lambda: faults.dropping("meta l4proto tcp"),
        "TLS fails, gateway, forwarding, ping, DNS, TCP": lambda: faults.leading_astray(
            f"tcp dport {RIGHT}", f"{one}:{WRONG}"
        ),
        "full size fails, gateway, forwarding, ping, DNS, TCP": lambda: faults.dropping(
            "meta length > 1450"
        ),
    }
    with (
        serving(lab, RIGHT, authority.certificate()),
        serving(lab, WRONG, authority.certificate(name="portal.example")),
    ):
        engine = start(policy(lab), SSL_CERT_FILE=str(authority.file))
        engine.wait_for_health("primary", "secondary", rules=["no-pages", "no-full", "no-back"])
        for words, inject in every.items():
            broken = engine.now
            inject()
            moved = engine.wait_for("decision", since=broken, selected="secondary")
            if not words.startswith("link"):
                assert words.split(",")[0] in str(moved.fields["evidence"])
            eventually(lambda: said(lab).startswith(words), f"{words!r} in status")  # noqa: B023
            healed = engine.now
            faults.heal()
            engine.wait_for("decision", since=healed, selected="primary")
            eventually(lambda: well(lab), f"well after {words!r}")


def status(lab: Lab) -> dict[str, Any]:
    document = json.loads(run_to_its_end(lab, "status", "--json").stdout)
    family: dict[str, Any] = document["families"][0]
    return family


def said(lab: Lab) -> str:
    uplink = next(each for each in status(lab)["uplinks"] if each["name"] == "primary")
    return str(uplink["broken"])


def well(lab: Lab) -> bool:
    family = status(lab)
    healthy = all(each["state"] == "healthy" for each in family["uplinks"])
    return healthy and family["active"] == "primary"
