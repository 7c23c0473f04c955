"""What `doctor` says of real programs: route writers that run, and rules of iptables."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.box import POLICY, box, diagnosed, shell, troubles
from route_switcher.doctor.finding import Finding
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support import route_writers
from support.leased_line import LeasedLine
from support.route_writers import Client, default_routes, need
from support.running import eventually

pytestmark = [pytest.mark.kernel, pytest.mark.programs]

LEARNED = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: auto}
"""


def of_writers(lab: Lab, policy: Path) -> list[tuple[str, str, str]]:
    """Subject, verdict and text of what `doctor` says of them."""
    policy.write_text(LEARNED)
    words = [sys.executable, "-P", "-m", "route_switcher", "doctor", str(policy), "--json"]
    with lab.inside(ROUTER):
        process = lab.start(ROUTER, words, stdout=-1)
        told = json.loads(process.communicate(timeout=60)[0])
    return [
        (each["subject"], each["verdict"], each["text"])
        for each in told["findings"]
        if each["check"] == "writers"
    ]


@pytest.mark.parametrize(
    ("writer", "subject", "verdict", "says"),
    [
        (route_writers.udhcpc, "udhcpc at eth0", "pass", "its default route"),
        (route_writers.dhclient, "dhclient at eth0", "pass", "its default route"),
        (route_writers.dhcpcd, "dhcpcd", "pass", "its own default routes only"),
        (route_writers.networkd, "systemd-networkd", "warn", "removes our routes and rules"),
        (route_writers.network_manager, "NetworkManager", "pass", "leaves our routes"),
    ],
    ids=["udhcpc", "dhclient", "dhcpcd", "networkd", "NetworkManager"],
)
def test_a_real_writer_is_found(
    line: LeasedLine, writer: Client, subject: str, verdict: str, says: str, tmp_path: Path
) -> None:
    assert line.uplink.interface == "eth0"
    writer(line.lab, "eth0")
    eventually(lambda: default_routes(line.lab) != [], "a default route")
    told = of_writers(line.lab, tmp_path / "policy.yaml")
    its = [each for each in told if each[0] == subject]
    assert its, told
    assert all(each[1] == verdict and says in each[2] for each in its), its


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


@pytest.mark.parametrize("program", ["iptables-nft", "iptables-legacy"])
@pytest.mark.parametrize(
    ("rules", "fault"),
    [
        (["-t nat -A POSTROUTING -o eth0 -j MASQUERADE"], "nat/one-sided"),
        (["-t nat -A POSTROUTING -j SNAT --to-source 198.51.100.2"], "nat/foreign-address"),
        (
            [
                "-t nat -A POSTROUTING -j MASQUERADE",
                "-P FORWARD DROP",
                "-A FORWARD -m conntrack --ctstate ESTABLISHED -j ACCEPT",
                "-A FORWARD -i lan0 -o eth0 -j ACCEPT",
            ],
            "firewall/one-sided",
        ),
    ],
    ids=["one-sided", "foreign-address", "firewall"],
)
@pytest.mark.usefixtures("router")
def test_rules_of_iptables_are_read_and_mended(
    program: str,
    rules: list[str],
    fault: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    need(program)
    policy = tmp_path / "policy.yaml"
    policy.write_text(POLICY)

    def found() -> list[Finding]:
        each = troubles(diagnosed(policy, capsys)[1])
        return [f for f in each if f.check in ("nat", "firewall", "mtu")]

    shell("nft flush ruleset", *(f"{program} {rule}" for rule in rules))
    try:
        (trouble,) = found()
        assert (f"{trouble.check}/{trouble.fault}", trouble.subject) == (fault, "secondary")
        assert all(remedy.startswith(f"{program} ") for remedy in trouble.remedies)
        shell(*trouble.remedies)
        assert found() == []
    finally:
        shell(f"{program} -t nat -F", f"{program} -F", f"{program} -P FORWARD ACCEPT")
