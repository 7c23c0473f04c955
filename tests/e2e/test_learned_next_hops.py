"""Policies that name no router: `gateway: auto` and `gateway: none`, with real DHCP and real
router advertisements."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.policy import OWN_TABLE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER, LabUplink
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.advertised_line import advertised_line
from support.hosts import CONNECTIONS_PACE
from support.route_writers import LEASES, default_routes, dnsmasq, logs_shown, udhcpc
from support.running import Engine, Start, eventually, run_to_its_end
from support.tables import (
    forwarded_by,
    rules,
    wait_for_our_routes,
    wait_until_led,
    wait_until_taken,
    whole_table,
)
from support.tunnel_line import TUNNEL, tunnel_line
from support.written_policy_files import DUAL_STACK, learning_policy_text

pytestmark = pytest.mark.kernel

V4, V6 = (Family.IPV4,), (Family.IPV6,)
LINES = ("primary", "secondary")


def keys(interface: str, families: Sequence[Family], gateway: str = "auto") -> str:
    """Of an uplink of the policy; IPv4 alone is what is meant if nothing is said."""
    names = ", ".join(str(family).lower() for family in families)
    more = "" if tuple(families) == V4 else f", families: [{names}]"
    return f"interface: {interface}, gateway: {gateway}{more}"


def both(lab: Lab, families: Sequence[Family]) -> str:
    uplinks = {each.name: keys(each.interface, families) for each in lab.uplinks}
    return learning_policy_text(lab, uplinks, families)


def lease_by_dnsmasq(lab: Lab, uplink: LabUplink) -> None:
    """The ISP gives addresses; udhcpc asks for one and writes its route with metric 0."""
    lab.run(ROUTER, "ip", "-4", "address", "flush", "dev", uplink.interface)
    lowest = uplink.gateway + 19
    router = f"--dhcp-option=3,{uplink.gateway}"
    dnsmasq(lab, uplink.name, CUSTOMER_PORT, f"{lowest},{lowest + 9},2m", options=[router])
    udhcpc(lab, uplink.interface)


@pytest.fixture
def leased(lab: Lab) -> Iterator[None]:
    """Both lines, the primary first: the route of its client is the one in main."""
    with logs_shown():
        for count, uplink in enumerate(lab.uplinks, 1):
            lease_by_dnsmasq(lab, uplink)
            eventually(lambda n=count: len(default_routes(lab, LEASES)) == n, "the lease")  # type: ignore[misc]
        yield


@pytest.fixture
def advertised(lab: Lab) -> Iterator[None]:
    """Both lines."""
    with ExitStack() as lines:
        for uplink in lab.uplinks:
            lines.enter_context(advertised_line(lab, uplink))
        yield


def await_health(engine: Engine, families: Sequence[Family]) -> None:
    for family in families:
        engine.wait_for_health(*LINES, family=family)


def await_way(lab: Lab, families: Sequence[Family], interface: str, *ours: tuple[str, int]) -> None:
    """Our own packets and those of the LAN leave by it, and our routes are these."""
    for family in families:
        wait_for_our_routes(lab, *ours, family=family, table=OWN_TABLE)
        wait_until_led(lab, family)
        wait_until_taken(lab, interface, family)
        assert forwarded_by(lab, family) == interface


def fails_over_and_back(
    lab: Lab, engine: Engine, families: Sequence[Family], first: str = "eth0"
) -> None:
    await_way(lab, families, first, (first, 10), ("eth1", 20))
    # If the secondary answered first, a switch to the primary that is still verified is undone.
    for act, causes, selected, interface, metric in (
        (FAULTS["blackhole"].inject, {"failover", "undone"}, "secondary", "eth1", 1010),
        (FAULTS["blackhole"].heal, {"preference"}, "primary", first, 10),
    ):
        since = engine.now
        act(lab, lab.uplinks[0])
        for family in families:
            told = {"family": str(family), "selected": selected}
            assert engine.wait_for("decision", since=since, **told).fields["cause"] in causes
        await_way(lab, families, interface, (first, metric), ("eth1", 20))


def test_two_dhcp_lines_fail_over_and_back(lab: Lab, start: Start, leased: None) -> None:
    theirs = default_routes(lab)
    assert [route.metric for route in theirs] == [0]
    engine = start(both(lab, V4))
    await_health(engine, V4)
    fails_over_and_back(lab, engine, V4)
    assert default_routes(lab) == theirs


def test_two_advertised_lines_fail_over_and_back(lab: Lab, start: Start, advertised: None) -> None:
    engine = start(both(lab, V6))
    await_health(engine, V6)
    fails_over_and_back(lab, engine, V6)
    assert {r.interface for r in default_routes(lab, family=Family.IPV6)} == {"eth0", "eth1"}


@pytest.mark.long
def test_a_setting_by_which_no_next_hop_is_learned_is_named_with_a_remedy_that_works(
    lab: Lab, start: Start, advertised: None
) -> None:
    lab.run(ROUTER, "sysctl", "-qw", "net.ipv6.conf.eth1.forwarding=0")
    lab.run(ROUTER, "sysctl", "-qw", "net.ipv6.conf.eth1.accept_ra=1")
    engine = start(both(lab, V6))
    await_health(engine, V6)
    assert engine.said("ipv6") == []
    since = engine.now
    # As a program does that turns the machine into a router: the kernel drops what it has learned.
    lab.run(ROUTER, "sysctl", "-qw", "net.ipv6.conf.eth1.forwarding=1")
    told = engine.wait_for("ipv6", "ignores router advertisements at eth1", since=since)
    assert told.level == "warning"
    engine.wait_for("rule", since=since, uplink="secondary", rule="no-next-hop", after="failed")
    lab.run(ROUTER, "sh", "-c", told.message[told.message.index("sysctl -w") :])
    engine.wait_for("rule", since=since, uplink="secondary", rule="no-next-hop", after="ok")
    assert len(engine.said("ipv6")) == 1


def test_lines_with_both_families_fail_over_and_back(
    lab: Lab, start: Start, leased: None, advertised: None
) -> None:
    engine = start(both(lab, DUAL_STACK))
    await_health(engine, DUAL_STACK)
    fails_over_and_back(lab, engine, DUAL_STACK)


@pytest.mark.parametrize("families", [V4, DUAL_STACK], ids=["IPv4", "both"])
def test_a_line_without_a_gateway_fails_over_and_back(
    lab: Lab, start: Start, families: Sequence[Family]
) -> None:
    standby = lab.uplinks[1]
    written = ", ".join(f"{str(f).lower()}: '{standby.gateway_of(f)}'" for f in families)
    uplinks = {
        "primary": keys(TUNNEL, families, "none"),
        "secondary": f"interface: {standby.interface}, gateway: {{{written}}}",
    }
    # The wire is a program, which a busy machine may run late.
    text = learning_policy_text(lab, uplinks, families).replace("50ms", "200ms")
    with tunnel_line(lab, lab.uplinks[0]) as line:
        engine = start(text)
        await_health(engine, families)
        fails_over_and_back(lab, engine, families, first=TUNNEL)
        since = engine.now
        line.lose_the_peer()
        for family in families:
            engine.wait_for("decision", since=since, family=str(family), selected="secondary")
        await_way(lab, families, "eth1", (TUNNEL, 1010), ("eth1", 20))
        since = engine.now
        line.join()
        for family in families:
            engine.wait_for("decision", since=since, family=str(family), selected="primary")
        await_way(lab, families, TUNNEL, (TUNNEL, 10), ("eth1", 20))


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_moves_nothing_and_cleanup_takes_all_back(
    lab: Lab, start: Start, leased: None, end: signal.Signals
) -> None:
    before = (rules(lab), whole_table(lab))
    engine = start(both(lab, V4))
    await_health(engine, V4)
    await_way(lab, V4, "eth0", ("eth0", 10), ("eth1", 20))
    running = (rules(lab), whole_table(lab))
    engine.end(end)
    assert (rules(lab), whole_table(lab)) == running
    engine = start(both(lab, V4))
    await_health(engine, V4)
    assert not engine.said("routes")
    assert (rules(lab), whole_table(lab)) == running
    engine.end(signal.SIGTERM)
    assert run_to_its_end(lab, "cleanup").returncode == 0
    assert (rules(lab), whole_table(lab)) == before


def test_from_nothing_to_failover_with_two_dhcp_lines(
    lab: Lab, start: Start, leased: None, tmp_path: Path
) -> None:
    """What a newcomer does: `init`, `validate`, `run`."""
    before = (rules(lab), whole_table(lab))
    file = tmp_path / "draft.yaml"
    done = run_to_its_end(lab, "init", "--output", str(file))
    assert (done.returncode, done.stdout) == (0, "")
    assert "to do" not in done.stderr
    assert (rules(lab), whole_table(lab)) == before
    text = file.read_text()
    assert text.count("\n    gateway: auto") == 2
    for target, ours in zip(("8.8.8.8", "1.1.1.1"), lab.targets_v4, strict=False):
        assert f"- {target}\n" in text
        text = text.replace(target, str(ours))
    text = text.replace(CONNECTIONS_PACE, "interval: 1s")
    file.write_text(text)
    done = run_to_its_end(lab, "validate", str(file))
    assert done.returncode == 0, done.stdout + done.stderr
    engine = start(text)
    engine.wait_for_health("eth0", "eth1")
    await_way(lab, V4, "eth0", ("eth0", 10), ("eth1", 20))
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", previous="eth0", selected="eth1", cause="failover")
    await_way(lab, V4, "eth1", ("eth0", 1010), ("eth1", 20))
