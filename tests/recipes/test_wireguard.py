"""A WireGuard tunnel whose endpoint follows the active uplink, as docs/hook-recipes.md says.

In user space (wireguard-go), for not every kernel has WireGuard; wg(8) is the real one.
"""

import subprocess
from pathlib import Path

import pytest

from route_switcher.lab.addresses import INTERNET, ROUTER, TARGETS
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hook_recipes import INSTALLED, installed, policy, shown
from support.route_writers import need
from support.running import Start, eventually

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

FIBRE, LTE = f"{TARGETS[1]}:51820", f"{TARGETS[2]}:51820"
NEAR, FAR = "198.18.0.1", "198.18.0.2"


@pytest.fixture
def peer(lab: Lab, tmp_path: Path) -> str:
    """The tunnel, with an end in the internet; its public key."""
    need("wg", "wireguard-go", "ping")
    if not Path("/dev/net/tun").exists():
        pytest.skip("/dev/net/tun is missing")
    Path("/run/wireguard").mkdir(exist_ok=True)
    keys = {}
    for namespace, interface in ((ROUTER, "wg0"), (INTERNET, "wg1")):
        lab.start(namespace, ["wireguard-go", "--foreground", interface])
        eventually(lambda: _is_there(lab, namespace, interface), f"{interface} is there")  # noqa: B023
        secret = lab.run(namespace, "wg", "genkey")
        (tmp_path / interface).write_text(secret)
        keys[interface] = lab.run(namespace, "wg", "pubkey", given=secret).strip()
    for namespace, interface, other, address, more in (
        (ROUTER, "wg0", "wg1", NEAR, ["endpoint", FIBRE]),
        (INTERNET, "wg1", "wg0", FAR, []),
    ):
        words = ["wg", "set", interface, "listen-port", "51820", "private-key"]
        words += [str(tmp_path / interface), "peer", keys[other]]
        lab.run(namespace, *words, "allowed-ips", "198.18.0.0/30", *more)
        lab.run(namespace, "ip", "address", "add", f"{address}/30", "dev", interface)
        lab.run(namespace, "ip", "link", "set", interface, "up")
    return keys["wg1"]


def _is_there(lab: Lab, namespace: str, interface: str) -> bool:
    """Whether it takes orders: the file of its socket is there a moment before."""
    words = lab.command(namespace, ["wg", "show", interface])
    return subprocess.run(words, capture_output=True).returncode == 0


def answers(lab: Lab) -> bool:
    """Whether the other end does, through the tunnel."""
    words = lab.command(ROUTER, ["ping", "-c", "1", "-W", "1", "-I", NEAR, FAR])
    return subprocess.run(words, capture_output=True).returncode == 0


@pytest.mark.usefixtures("peer")
def test_a_tunnel_survives_a_switch_by_itself(lab: Lab, start: Start) -> None:
    engine = start(policy(lab, "", {}))
    engine.wait_for_health("fibre", "lte")
    eventually(lambda: answers(lab), "the other end answers")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", selected="lte")
    eventually(lambda: answers(lab), "it answers by the spare line")


def test_the_endpoint_follows_the_active_uplink(
    lab: Lab, start: Start, peer: str, tmp_path: Path
) -> None:
    places = {
        INSTALLED: str(installed(tmp_path)),
        "PEER-PUBLIC-KEY": peer,
        "198.51.100.7:51820": FIBRE,
        "vpn.example.org:51820": LTE,
    }
    engine = start(policy(lab, shown("A WireGuard tunnel")[0], places))
    engine.wait_for_health("fibre", "lte")

    def endpoint() -> str:
        return lab.run(ROUTER, "wg", "show", "wg0", "endpoints").split()[1]

    for act, expected in (
        (None, FIBRE),
        (FAULTS["blackhole"].inject, LTE),
        (FAULTS["blackhole"].heal, FIBRE),
    ):
        if act:
            act(lab, lab.uplinks[0])
        eventually(lambda: endpoint() == expected, f"the endpoint {expected}")  # noqa: B023
        eventually(lambda: answers(lab), "the other end answers through the tunnel")
    engine.wait_for("hook", "done in")
