"""The environment behaves as its README tells, in real containers."""

import json
import re
from dataclasses import dataclass

import pytest

from compose import seed
from compose.podman import Podman
from compose.quick_policy import STABLE
from compose.router_log import RouterLog

pytestmark = pytest.mark.compose

# Quicker than by podman-compose, which the README's own commands need.
ROUTER = "podman exec route-switcher_route-switcher_1"
PRIMARY = "podman exec route-switcher_primary_1"
CLIENT_ASKS = "podman exec route-switcher_client_1 ping -c 10 -i 0.2 -W 2 203.0.113.220"
"""It ends well if one answer comes."""

NET_ADMIN_AND_NET_RAW = f"{1 << 12 | 1 << 13:016x}"


@dataclass(frozen=True, slots=True)
class Fault:
    """A way in which the primary uplink breaks, how it is mended, and the rule that notices."""

    name: str
    breaks: str
    mends: str
    rule: str = "no-internet"


FAULTS = (
    Fault("the ISP's line goes down, as in the README", seed.BREAK, seed.MEND),
    Fault(
        "the ISP is up, the internet gone",
        f"{PRIMARY} ip route add blackhole 203.0.113.192/26",
        f"{PRIMARY} ip route delete blackhole 203.0.113.192/26",
    ),
    Fault("the ISP stops", "podman-compose stop primary", "podman-compose start primary"),
    Fault(
        "the router's cable is pulled",
        "ip link set {cable} down",
        "ip link set {cable} up",
        rule="unplugged",
    ),
)


def cable(podman: Podman) -> str:
    """The other end of the router's eth0, here where podman's bridges are."""
    index = podman.run(f"{ROUTER} cat /sys/class/net/eth0/iflink").strip()
    links = podman.run("ip -oneline link show")
    found = re.search(rf"^{index}: ([^@:]+)", links, re.MULTILINE)
    assert found is not None, links
    return found[1]


def default_interface(podman: Podman) -> str:
    """The interface of the router's best default route."""
    routes = json.loads(podman.run(f"{ROUTER} ip -json route show default"))
    return str(min(routes, key=lambda route: route["metric"])["dev"])


def test_the_engine_is_an_ordinary_user_with_two_capabilities(
    podman: Podman, log: RouterLog
) -> None:
    # `cat` fails if one has ended since the shell found it.
    text = podman.run(f"{ROUTER} sh -c 'cat /proc/[0-9]*/status || true'")
    processes = [
        dict(line.split(":\t", 1) for line in lines.splitlines() if ":\t" in line)
        for lines in re.split(r"^(?=Name:)", text, flags=re.MULTILINE)[1:]
    ]
    assert "route-switcher" in {process["Name"] for process in processes}
    for process in processes:
        assert "0" not in process["Uid"].split()
        for kind in ("CapEff", "CapPrm", "CapBnd"):
            assert process[kind] == NET_ADMIN_AND_NET_RAW
        assert process["NoNewPrivs"] == "1"


@pytest.mark.parametrize("flag", ["-4", "-6"])
def test_no_routing_rule_is_made_and_no_table_but_main_is_used(
    podman: Podman, log: RouterLog, flag: str
) -> None:
    rules = podman.run(f"{ROUTER} ip {flag} rule show")
    assert "115" not in rules
    routes = podman.run(f"{ROUTER} ip {flag} route show table all proto 115")
    assert " table " not in routes


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_it_fails_over_and_back(podman: Podman, log: RouterLog, fault: Fault) -> None:
    end = cable(podman)
    since = log.now
    podman.run(fault.breaks.format(cable=end))
    log.wait_for(f"primary: rule {fault.rule}: ok -> failed", since)
    moved = log.wait_for(
        "IPv4: secondary selected instead of primary: the active uplink failed", since
    )
    log.wait_for("routes changed", moved.number)
    assert default_interface(podman) == "eth1"
    podman.run(CLIENT_ASKS)

    since = log.now
    podman.run(fault.mends.format(cable=end))
    better = log.wait_for(f"primary: rule {fault.rule}: failed -> recovering", since)
    back = log.wait_for(
        "IPv4: primary selected instead of secondary: healthy and preferred", better.number
    )
    good = log.wait_for(f"primary: rule {fault.rule}: recovering -> ok: good rounds", better.number)
    (seconds,) = re.findall(r"good rounds for ([0-9.]+) s", good.text)
    assert float(seconds) >= STABLE
    log.wait_for("routes changed", back.number)
    assert default_interface(podman) == "eth0"
    podman.run(CLIENT_ASKS)


def test_down_leaves_nothing(podman: Podman, log: RouterLog) -> None:
    podman.run(seed.DOWN)
    assert podman.left() == {"containers": [], "networks": ["podman"], "interfaces": ["lo"]}
