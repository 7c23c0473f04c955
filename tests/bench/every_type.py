"""Probes of every type with a server for each, in one lab."""

import os
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.running import eventually
from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab
from support.certificates import CHAIN, NAME, Authority
from support.page_server import pages

_PLAIN, _SECURE = 8080, 8443
_RESOLVER = "dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file"


@contextmanager
def served() -> Iterator[tuple[Lab, Mapping[str, str]]]:
    """A lab, and the keys of a probe of each type, without its times, by the name of its type."""
    with tempfile.TemporaryDirectory(prefix="route-switcher-bench-") as folder, Lab() as lab:
        target = lab.targets_v4[0]
        authority = Authority(Path(folder))
        os.environ["SSL_CERT_FILE"] = str(authority.file)
        words = f"{_RESOLVER} --bind-interfaces --user=root --listen-address={target}"
        lab.start(INTERNET, [*words.split(), f"--host-record={NAME},203.0.113.7"])
        sockets = ("cat", "/proc/net/udp")
        eventually(lambda: ":0035 " in lab.run(INTERNET, *sockets), "the resolver")
        with (
            pages(lab, INTERNET, _PLAIN),
            pages(lab, INTERNET, _SECURE, authority.certificate(size=CHAIN)),
        ):
            yield lab, _probes(f"targets: [{target}]")


def policy(lab: Lab, probes: Collection[str], times: str) -> str:
    """Both uplinks are asked by these."""
    lines = ["version: 1", "uplinks:"]
    lines += [
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway}}}" for u in lab.uplinks
    ]
    lines.append("probes:")
    lines += [f"  p{n}: {{{keys}, {times}}}" for n, keys in enumerate(probes)]
    lines.append("rules:")
    judged = "fail: {failures: 9}, recover: {stable: 1s}"
    lines += [f"  - {{name: r{n}, probe: p{n}, {judged}}}" for n in range(len(probes))]
    return "\n".join([*lines, ""])


def _probes(asked: str) -> dict[str, str]:
    return {
        "icmp": f"type: icmp, {asked}",
        "icmp, size 1472": f"type: icmp, size: 1472, {asked}",
        "neighbour": "type: neighbour",
        "echo": "type: echo",
        "tcp": f"type: tcp, port: {_PLAIN}, {asked}",
        "dns": f"type: dns, name: {NAME}, {asked}",
        "http": f"type: http, url: 'http://{NAME}:{_PLAIN}/', {asked}",
        "https": f"type: http, url: 'https://{NAME}:{_SECURE}/', {asked}",
        "exec": "type: exec, run: [/bin/true]",
    }
