"""A newcomer's way: draft a policy from the machine, and run it as it is."""

from pathlib import Path

import pytest

from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.hosts import CONNECTIONS_PACE
from support.running import Start, run_to_its_end
from support.tables import wait_for_our_routes, wait_until_taken, whole_table

pytestmark = pytest.mark.kernel

FIBRE_AND_LTE = {
    "routes": (
        "default via 198.51.100.1 metric 100 proto dhcp",
        "default via 203.0.113.1 metric 700 proto dhcp",
    )
}
WITHOUT_PRIVILEGES = ("setpriv", "--bounding-set", "-all", "--inh-caps", "-all")


@pytest.mark.parametrize("lab", [FIBRE_AND_LTE], indirect=True)
def test_the_draft_of_a_machine_with_two_lines_fails_over(
    lab: Lab, start: Start, tmp_path: Path
) -> None:
    before = whole_table(lab)
    file = tmp_path / "draft.yaml"
    done = run_to_its_end(lab, "init", "--output", str(file), wrapped_in=list(WITHOUT_PRIVILEGES))
    assert (done.returncode, done.stdout) == (0, "")
    assert "eth0 (eth0 via auto), eth1 (eth1 via auto)" in " ".join(done.stderr.split())
    assert "to do" not in done.stderr
    assert whole_table(lab) == before

    text = file.read_text()
    for target, ours in zip(("8.8.8.8", "1.1.1.1"), lab.targets_v4, strict=False):
        assert f"- {target}\n" in text
        text = text.replace(target, str(ours))
    text = text.replace(CONNECTIONS_PACE, "interval: 1s")
    engine = start(text)
    engine.wait_for_health("eth0", "eth1")
    wait_until_taken(lab, "eth0")
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", previous="eth0", selected="eth1", cause="failover")
    wait_until_taken(lab, "eth1")


@pytest.mark.parametrize("written", [True, False])
def test_a_gateway_outside_the_network_is_drafted_and_works(
    lab: Lab, start: Start, tmp_path: Path, written: bool
) -> None:
    """A provider that gives a single address, and says that the gateway is on the link."""
    eth0 = lab.uplinks[0]
    for command in (
        f"address add {eth0.address.ip}/32 dev eth0",
        f"address del {eth0.address} dev eth0",
        "route add default via 198.51.100.1 dev eth0 onlink metric 901",
        "route add default via 203.0.113.1 metric 902",
    ):
        lab.run(ROUTER, "ip", *command.split())
    file = tmp_path / "draft.yaml"
    assert run_to_its_end(lab, "init", "--output", str(file)).returncode == 0
    text = file.read_text()
    assert text.count("\n    onlink: true\n") == 1
    if not written:
        text = text.replace("    onlink: true\n", "")
    for target, ours in zip(("8.8.8.8", "1.1.1.1"), lab.targets_v4, strict=False):
        text = text.replace(target, str(ours))
    text = text.replace(CONNECTIONS_PACE, "interval: 1s")
    engine = start(text)
    engine.wait_for_health("eth0", "eth1")
    wait_for_our_routes(lab, ("eth0", 10), ("eth1", 20))
    wait_until_taken(lab, "eth0")
    # Selected first is who answers first. From the preferred one nothing has moved away.
    selected = [r.fields["selected"] for r in engine.said("decision")]
    assert selected in (["eth0"], ["eth1", "eth0"])
    if written:
        lab.run(ROUTER, "ip", "route", "del", "default", "metric", "901")
    FAULTS["blackhole"].inject(lab, eth0)
    engine.wait_for("decision", previous="eth0", selected="eth1", cause="failover")
    wait_for_our_routes(lab, ("eth0", 1010), ("eth1", 20))
    FAULTS["blackhole"].heal(lab, eth0)


def test_the_lan_is_offered_but_no_uplink_without_a_route(lab: Lab, tmp_path: Path) -> None:
    lab.run(ROUTER, "ip", "route", "add", "default", "via", "198.51.100.1")
    done = run_to_its_end(lab, "init")
    assert done.returncode == 0
    assert "\n  eth0:\n" in done.stdout
    for interface in ("eth1", "lan0"):
        assert f"\n  # {interface}:\n  #   interface: {interface}\n" in done.stdout
    assert "examples/dhcp-clients/lease-route" in done.stderr
