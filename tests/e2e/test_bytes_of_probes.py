"""The bytes of probes at the ISP are those that `validate` computes; test_nginx.py has pages."""

import signal
import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

import pytest

from route_switcher.analysis.figures.traffic import bytes_of_target
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import INTERNET
from route_switcher.lab.topology import Lab
from route_switcher.policy.load import load_text
from support.isp_counters import Key, counting
from support.running import NotInTimeError, Start, eventually
from support.written_policy_files import DUAL_STACK, name_of

pytestmark = pytest.mark.kernel

NAME = "www.example.net"
PORT = 8080
ROUNDS = 20


def policy(lab: Lab) -> str:
    uplink = lab.uplinks[0]
    fast = "interval: 100ms, timeout: 100ms"
    hosts = ", ".join(f"'{lab.targets(family)[0]}'" for family in DUAL_STACK)
    probes = {
        "icmp": f"type: icmp, targets: [{hosts}], {fast}",
        "full": f"type: icmp, size: 1400, targets: [{hosts}], {fast}",
        "tcp": f"type: tcp, port: {PORT}, targets: [{hosts}], {fast}",
        "dns": f"type: dns, name: {NAME}, targets: [{hosts}], {fast}",
        "neighbour": f"type: neighbour, {fast}",
        "echo": f"type: echo, {fast}",
    }
    lines = ["version: 1", "uplinks:"]
    for family in DUAL_STACK:
        keys = f"interface: {uplink.interface}, gateway: '{uplink.gateway_of(family)}'"
        lines.append(f"  {name_of(uplink, family)}: {{{keys}}}")
    lines.append("probes:")
    lines += [f"  {name}: {{{keys}}}" for name, keys in probes.items()]
    lines.append("rules:")
    lines += [f"  - {{name: no-{name}, probe: {name}, fail: {{failures: 9}}}}" for name in probes]
    return "\n".join(lines) + "\n"


@contextmanager
def listening(lab: Lab) -> Iterator[None]:
    """The kernel accepts connections. No program takes them: it would be late on a busy machine."""
    with ExitStack() as servers:
        for family, kind in ((Family.IPV4, socket.AF_INET), (Family.IPV6, socket.AF_INET6)):
            with lab.inside(INTERNET):
                server = servers.enter_context(socket.socket(kind, socket.SOCK_STREAM))
            server.bind((str(lab.targets(family)[0]), PORT))
            server.listen(4096)
        yield


def test_the_bytes_at_the_isp_are_those_that_are_computed(lab: Lab, start: Start) -> None:
    words = "dnsmasq --keep-in-foreground --conf-file=/dev/null --no-resolv --no-hosts --pid-file"
    words += f" --bind-interfaces --host-record={NAME},203.0.113.7 --user=root"
    addresses = [f"--listen-address={lab.targets(family)[0]}" for family in DUAL_STACK]
    lab.start(INTERNET, [*words.split(), *addresses])
    text = policy(lab)
    probes: dict[str, Probe] = {probe.name: probe for probe in load_text(text, "it").probes}
    computed = {
        (name, family): bytes_of_target(probe.check, family)
        for name, probe in probes.items()
        for family in DUAL_STACK
    }
    with (
        listening(lab),
        counting(lab, lab.uplinks[0], {PORT: "tcp", 53: "dns"}) as counters,
    ):
        engine = start(text, "--log-level", "debug")

        def enough() -> bool:
            volumes = counters.volumes()
            return all(key in volumes and volumes[key].rounds > ROUNDS for key in computed)

        def each_round() -> dict[Key, float]:
            return {key: volume.bytes_a_round for key, volume in counters.volumes().items()}

        eventually(enough, "rounds of every probe")
        with suppress(
            NotInTimeError
        ):  # the latest rounds are under way, the more on a busy machine
            eventually(lambda: each_round() == computed, "the bytes of a round")
        assert each_round() == computed
        others = counters.others()
        engine.end(signal.SIGTERM)
    # An answer that comes too late is answered with an error: its socket is closed.
    late = [r for r in engine.said("round", probe="dns") if r.fields["outcome"] != "good"]
    # No probe sends or brings about anything else, round by round.
    assert others < ROUNDS + len(late)
