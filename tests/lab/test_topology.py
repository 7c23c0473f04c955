import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path

import pytest
from icmplib import ping  # type: ignore[import-untyped]

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import UPLINKS
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.topology import Lab

pytestmark = pytest.mark.kernel

DOCUMENTATION = (
    IPv4Network("198.51.100.0/24"),
    IPv4Network("203.0.113.0/24"),
    IPv6Network("2001:db8::/32"),
)


def defaults(lab: Lab) -> list[str]:
    shown = [lab.run("router", "ip", f, "route", "show", "default") for f in ("-4", "-6")]
    return "".join(shown).splitlines()


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("family", Family)
def test_every_target_is_reached_through_every_uplink(count: int, family: Family) -> None:
    with Lab(uplinks=count) as lab:
        assert len(lab.uplinks) == count
        for uplink in lab.uplinks:
            gateway = str(uplink.gateway_of(family))
            leads = ["default", "via", gateway, "dev", uplink.interface, "metric", "5"]
            lab.run("router", "ip", "route", "add", *leads)
            for namespace in ("router", "client"):
                for target in lab.targets(family):
                    with lab.inside(namespace):
                        # A single packet may be lost while neighbours are asked for.
                        pings = (ping(str(target), count=1, timeout=10) for _ in range(5))
                        assert any(each.is_alive for each in pings)
            lab.run("router", "ip", "route", "delete", *leads)


def test_a_target_is_behind_the_gateway(lab: Lab, reaches: Callable[..., bool]) -> None:
    uplink, target = lab.uplinks[0], lab.targets_v4[0]
    assert reaches(uplink, target, 30)
    lab.run("router", "ip", "route", "replace", str(target), "dev", uplink.interface)
    with lab.inside("router"):
        assert not ping(str(target), count=1, timeout=0.2).is_alive


def test_the_router_starts_without_a_default_route(lab: Lab) -> None:
    assert defaults(lab) == []


def test_foreign_routes_are_there_on_request() -> None:
    foreign = ["default via 198.51.100.1 metric 5", "default via 2001:db8:1::1 metric 7"]
    with Lab(routes=foreign) as lab:
        assert [line.split(" metric ")[1].split()[0] for line in defaults(lab)] == ["5", "7"]


def test_reverse_paths_are_filtered_loosely(lab: Lab) -> None:
    with lab.inside("router"):
        for interface in ("all", "eth0", "eth1"):
            assert Path(f"/proc/sys/net/ipv4/conf/{interface}/rp_filter").read_text() == "2\n"


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("version", ["ipv4", "ipv6"])
def test_routes_without_carrier_are_ignored_on_request(ignored: bool, version: str) -> None:
    key = f"/proc/sys/net/{version}/conf/eth0/ignore_routes_with_linkdown"
    with Lab(ignore_routes_with_linkdown=ignored) as lab, lab.inside("router"):
        assert Path(key).read_text() == f"{int(ignored)}\n"


def test_only_documentation_addresses_are_used(lab: Lab) -> None:
    for namespace in lab.namespaces:
        for interface in json.loads(lab.run(namespace, "ip", "-j", "address")):
            for entry in interface["addr_info"]:
                address = ip_address(entry["local"])
                known = any(address in net for net in DOCUMENTATION)
                assert known or address.is_link_local or address.is_loopback


def test_no_two_networks_overlap() -> None:
    networks = [
        interface.network
        for uplink in UPLINKS
        for interface in (
            uplink.address,
            uplink.backbone,
            uplink.address_v6,
            uplink.backbone_v6,
        )
    ]
    four = [network for network in networks if isinstance(network, IPv4Network)]
    six = [network for network in networks if isinstance(network, IPv6Network)]
    assert not any(a.overlaps(b) for a in four for b in four if a is not b)
    assert not any(a.overlaps(b) for a in six for b in six if a is not b)


def test_a_command_runs_inside_whichever_thread_starts_it(lab: Lab) -> None:
    seen: list[str] = []

    def start() -> None:
        command = lab.command("client", ["ip", "-br", "address", "show", "eth0"])
        seen.append(subprocess.check_output(command, text=True))

    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
    assert "198.51.100.130/26" in seen[0]


def test_inside_comes_back_after_an_error(lab: Lab) -> None:
    before = os.readlink("/proc/thread-self/ns/net")
    with suppress(KeyError), lab.inside("router"):
        assert os.readlink("/proc/thread-self/ns/net") != before
        raise KeyError
    assert os.readlink("/proc/thread-self/ns/net") == before


def test_a_failing_program_is_an_error_with_its_words(lab: Lab) -> None:
    with pytest.raises(LabError, match=r'ip link show nowhere: Device "nowhere" does not exist'):
        lab.run("router", "ip", "link", "show", "nowhere")


def test_a_missing_program_is_named_with_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(LabError, match=r"ip is missing: apt install iproute2"), Lab():
        pass


def test_a_second_lab_is_refused_and_the_first_stays(lab: Lab) -> None:
    with pytest.raises(LabError, match="one lab at a time"), Lab():
        pass
    assert lab.run("router", "ip", "-br", "link", "show", "eth0")


def test_nothing_is_left_after_an_error() -> None:
    with suppress(KeyError), Lab() as lab:
        started = lab.start("router", ["sleep", "60"])
        stray = subprocess.Popen(lab.command("client", ["sleep", "60"]))
        while Path(f"/proc/{stray.pid}/comm").read_text() != "sleep\n":
            pass  # nsenter has not entered yet
        raise KeyError
    assert started.returncode == -signal.SIGTERM
    assert stray.wait(60) == -signal.SIGKILL
    assert not any(Path("/run/netns").iterdir())


def test_a_failed_build_leaves_nothing() -> None:
    with pytest.raises(LabError, match=r"ip -batch -: .*nonsense"), Lab(routes=["nonsense"]):
        pass
    assert not any(Path("/run/netns").iterdir())
