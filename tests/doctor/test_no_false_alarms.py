"""What is as people have it, beside an engine and without, gives no warning."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from doctor.box import (
    AUTO,
    OWN,
    POLICY,
    POLICY_V6,
    TARGETS,
    box,
    diagnosed,
    engine,
    shell,
    troubles,
)
from route_switcher.cli import EXIT_OK
from route_switcher.doctor.registry import CHECKS

pytestmark = pytest.mark.kernel

BOTH = POLICY.replace(
    "gateway: 198.51.100.1}", 'gateway: {ipv4: 198.51.100.1, ipv6: "2001:db8::1"}}'
).replace("203.0.113.10]", '"2001:db8:ffff::9"]')
TUNNEL = POLICY.replace(
    "{interface: eth1, gateway: 198.51.100.129}", "{interface: tun7, gateway: none}"
)
REFUSING = f"{POLICY}routes: {{table: own, when_all_down: unreachable, also: [198.18.0.0/15]}}\n"
ADVERTISED = AUTO.replace("auto}", "auto, families: [ipv6]}").replace(
    "[203.0.113.9]", '["2001:db8:ffff::9"]'
)

_DHCP = (
    "ip route add default via 198.51.100.1 dev eth0 metric 100 proto dhcp",
    "ip route add default via 198.51.100.129 dev eth1 metric 200 proto dhcp",
)
_VPN = (
    "ip link add wg0 type veth peer name wg1",
    "ip link set wg0 up",
    "ip link set wg1 up",
    "ip address add 10.99.0.2/32 dev wg0",
    "ip route add default dev wg0 table 51820",
    "ip rule add not fwmark 0xca6c lookup 51820 pref 32764",
    "ip rule add lookup main suppress_prefixlength 0 pref 32763",
)
_TUN = (
    "ip tuntap add tun7 mode tun",
    "ip address add 10.98.0.2 peer 10.98.0.1 dev tun7",
    "ip link set tun7 up",
)
_ROUTERS = tuple(
    f"ip -6 route add default via $(ip -n far -6 -br address show dev {far} scope link"
    f" | sed 's/.* \\(fe80[^/]*\\).*/\\1/') dev {near} metric {metric} proto ra"
    for near, far, metric in (("eth0", "isp0", 1024), ("eth1", "isp1", 1025))
)

HEALTHY: dict[str, tuple[str, tuple[str, ...]]] = {
    "IPv4": (POLICY, ()),
    "IPv6": (POLICY_V6, ()),
    "both families": (BOTH, ()),
    "own table": (OWN, ()),
    "IPv6, own table": (POLICY_V6 + "routes: {table: own}\n", ()),
    "by DHCP": (AUTO, _DHCP),
    "by router advertisements": (ADVERTISED, _ROUTERS),
    "a VPN": (POLICY, _VPN),
    "a VPN, own table": (OWN, _VPN),
    "a network of its own for containers": (
        POLICY,
        ("ip link add docker0 type bridge", "ip address add 172.17.0.1/16 dev docker0"),
    ),
    "a rule for some sources": (
        POLICY,
        (
            "ip route add default via 198.51.100.129 dev eth1 table 100",
            "ip rule add from 198.51.100.130 lookup 100 pref 100",
        ),
    ),
    "a gateway beyond its network, with a default route as DHCP writes it": (
        POLICY,
        (
            "ip address del 198.51.100.130/25 dev eth1",
            "ip address add 198.51.100.130/32 dev eth1",
            "ip -n far route replace 198.51.100.130 dev isp1",
            "ip route add default via 198.51.100.129 dev eth1 onlink metric 3000",
        ),
    ),
    "a VPN by two halves of the internet": (
        POLICY,
        (*_VPN[:4], "ip route add 0.0.0.0/1 dev wg0", "ip route add 128.0.0.0/1 dev wg0"),
    ),
    "a firewall that lets in what belongs to known connections": (
        POLICY,
        (
            "nft 'table inet home { chain own { type filter hook input priority 0; policy drop; "
            'ct state established,related accept; iif "lo" accept; tcp dport 22 accept; }; '
            "chain out { type filter hook output priority 0; tcp dport 25 drop; }; }'",
        ),
    ),
    "chains of devices and of ARP that drop what is no matter": (
        POLICY,
        (
            "nft 'table netdev home { chain own { type filter hook ingress device eth1 priority 0; "
            "tcp dport 25 drop; ip saddr 192.168.0.0/16 drop; }; }'",
            "nft 'table netdev lan { chain own { type filter hook ingress device lan0 priority 0; "
            "icmp type echo-reply drop; }; }'",
            "nft 'table arp home { chain own { type filter hook input priority 0; policy drop; "
            'iifname { "eth0", "eth1" } accept; }; }\'',
        ),
    ),
    "an interface that is a part of a bridge, and no uplink": (
        POLICY,
        (
            "ip link add br0 type bridge",
            "ip link add port0 type veth peer name port1",
            "ip link set port0 master br0",
            "ip link set br0 up",
        ),
    ),
    "strict filters, own table": (OWN, ("sysctl -qw net.ipv4.conf.all.rp_filter=1",)),
}


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


@pytest.mark.parametrize("runs", [False, True], ids=["no engine", "engine"])
@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_router_gives_no_warning(
    name: str, runs: bool, router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, commands = HEALTHY[name]
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    shell(*commands)
    with ExitStack() as running:
        if runs:
            running.enter_context(engine(policy))
        code, findings = diagnosed(policy, capsys)
    assert troubles(findings) == []
    assert code == EXIT_OK
    assert {f.check for f in findings} >= {check.name for check in CHECKS[:9]}
    # What an engine leaves behind is no fault either.
    assert troubles(diagnosed(policy, capsys)[1]) == []


def test_a_tunnel_as_an_uplink_is_only_said_to_have_no_carrier(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(TUNNEL)
    shell(*_TUN)
    _, findings = diagnosed(policy, capsys)
    # The router's firewall was not told of it.
    assert [(f.check, f.fault) for f in troubles(findings) if f.check != "nat"] == [
        ("link", "no-carrier")
    ]


def test_packets_with_a_mark_follow_the_engine_after_the_remedy(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(OWN)
    shell(
        "ip route add default via 198.51.100.129 dev eth1",
        "ip rule add fwmark 0x80000/0xff0000 lookup main pref 5210",
    )
    with engine(policy):
        assert _way("203.0.113.9", "0x80000") == "eth1"
        _, findings = diagnosed(policy, capsys)
        (found,) = troubles(findings)
        assert found.fault == "mark-to-main"
        shell(*found.remedies)
        assert _way("203.0.113.9", "0x80000") == "eth0"
        assert _way("203.0.113.130", "0x80000") == "lan0"
        assert troubles(diagnosed(policy, capsys)[1]) == []


def test_traffic_that_the_policy_wants_refused_is_no_fault_while_an_engine_runs(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(REFUSING)
    with engine(policy):
        assert troubles(diagnosed(policy, capsys)[1]) == []
        shell(
            *(f"ip -n far addr del {target} dev lo" for target in TARGETS[:2]),
            "until ip route show table 115 | grep -q '^unreachable default .* 1 ';"
            " do sleep 0.01; done",
        )
        _, findings = diagnosed(policy, capsys)
        assert troubles(findings) == []
        (way,) = [f for f in findings if f.check == "traffic-way"]
        assert way.text.startswith("traffic is refused, since no uplink answers")


def test_a_route_to_a_further_prefix_does_not_stand_for_the_default_route(
    router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(REFUSING)
    shell("ip route add 198.18.0.0/15 via 198.51.100.1 dev eth0 table 115 metric 10 proto 115")
    _, findings = diagnosed(policy, capsys)
    assert [f.text for f in findings if f.check == "our-route"] == ["no engine runs"] * 2


def _way(destination: str, mark: str) -> str:
    words = ["ip", "-j", "route", "get", destination, "mark", mark]
    (found,) = json.loads(subprocess.check_output(words))
    return str(found["dev"])
