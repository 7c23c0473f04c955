"""TCP segments that fit the spare line, as docs/hook-recipes.md says."""

import shlex
import socket

import pytest

from route_switcher.doctor.firewall.commands import clamping
from route_switcher.lab.addresses import CLIENT, CUSTOMER_PORT, INTERNET, ROUTER, TARGETS
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hook_recipes import policy, shown
from support.running import Start, eventually

pytestmark = pytest.mark.kernel

(RULES,) = shown("Segments that fit the spare line", "")
MTU = 1400
HEADERS = 40


def segment(lab: Lab) -> int:
    """The largest segment that a server sends to the client on a new connection; 0: none."""
    place = (str(TARGETS[0]), 8080)
    with lab.inside(INTERNET):
        listening = socket.create_server(place)
    with lab.inside(CLIENT):
        asking = socket.socket()
    with listening, asking:
        asking.settimeout(1)
        listening.settimeout(1)
        try:
            asking.connect(place)
            accepted, _ = listening.accept()
        except OSError:
            return 0
        with accepted:
            return accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)


def test_segments_fit_the_line_that_is_active(lab: Lab, start: Start) -> None:
    fibre, lte = lab.uplinks
    lab.run(ROUTER, "ip", "link", "set", lte.interface, "mtu", str(MTU))
    lab.run(lte.name, "ip", "link", "set", CUSTOMER_PORT, "mtu", str(MTU))
    engine = start(policy(lab, "", {}))
    engine.wait_for_health("fibre", "lte")
    lab.run(ROUTER, "nft", "-f", "-", given=RULES)
    eventually(lambda: segment(lab) > MTU, "large segments by the first line")
    FAULTS["blackhole"].inject(lab, fibre)
    engine.wait_for("decision", selected="lte")
    eventually(lambda: 0 < segment(lab) <= MTU - HEADERS, "segments that fit the spare line")
    lab.run(ROUTER, "nft", "delete", "table", "inet", "uplink_mss")
    eventually(lambda: segment(lab) > MTU - HEADERS, "larger ones without the rule")


def test_doctor_recommends_the_same_rule(lab: Lab) -> None:
    for command in clamping():
        _, words = shlex.split(command)
        lab.run(ROUTER, "nft", words)
    recommended = lab.run(ROUTER, "nft", "list", "ruleset")
    lab.run(ROUTER, "nft", "delete", "table", "inet", "uplink_mss")
    lab.run(ROUTER, "nft", "-f", "-", given=RULES)
    assert lab.run(ROUTER, "nft", "list", "ruleset") == recommended
