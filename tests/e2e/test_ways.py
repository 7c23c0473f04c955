"""What decides a packet's way besides our routes is found by asking the kernel, and named."""

import re

import pytest

from route_switcher.core.vocabulary.policy import Family
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.running import Engine, Record, Start
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def started(lab: Lab, start: Start, *targets: str) -> Engine:
    """An engine with both uplinks healthy, which asks these targets."""
    text = policy_text(lab)
    if targets:
        text = re.sub(r"targets: \[[^]]*\]", f"targets: [{', '.join(targets)}]", text)
    engine = start(text)
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("notice", "the kernel sends the traffic through primary", since=0)
    return engine


def ip(lab: Lab, *commands: str) -> None:
    for command in commands:
        lab.run(ROUTER, "ip", *command.split())


def follow(lab: Lab, told: Record) -> None:
    """Run the command that the line ends with, as it is printed."""
    lab.run(ROUTER, "sh", "-c", told.message.partition("To remove it: ")[2])


def told_of(engine: Engine, text: str, since: int) -> list[Record]:
    return [each for each in engine.said("notice", since) if text in each.message]


@pytest.mark.parametrize("family", list(Family), ids=str)
def test_a_rule_before_main_is_named_and_no_switch_is_told_as_if_traffic_followed(
    lab: Lab, start: Start, family: Family
) -> None:
    engine = start(policy_text(lab, [family]))
    names = ("primary", "secondary") if family is Family.IPV4 else ("primary-v6", "secondary-v6")
    engine.wait_for_health(*names)
    since = engine.now
    flag, gateway = f"-{family.value}", lab.uplinks[0].gateway_of(family)
    ip(lab, f"{flag} route add default via {gateway} dev eth0 table 100")
    ip(lab, f"{flag} rule add lookup 100 priority 100")
    told = engine.wait_for("notice", "goes by table 100", since=since)
    assert told.level == "warning"
    assert f"{names[0]} is selected, but traffic goes by table 100" in told.message
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    decision = engine.wait_for("decision", since=since, selected=names[1])
    assert "until now traffic goes by table 100" in decision.message
    assert f"{names[0]} -> {names[1]}" not in decision.message
    told = engine.wait_for("notice", f"traffic leaves through {names[0]}", since=since)
    assert f"{names[1]} is selected, but traffic" in told.message
    wait_until_taken(lab, "eth0", family)
    follow(lab, told)
    wait_until_taken(lab, "eth1", family)
    engine.wait_for("notice", f"the kernel sends the traffic through {names[1]}", since=since)


def test_rules_for_some_sources_and_those_of_a_vpn_are_no_warning(lab: Lab, start: Start) -> None:
    engine = started(lab, start)
    since = engine.now
    lan, primary = "198.51.100.128/26", lab.uplinks[0]
    ip(
        lab,
        f"route add default via {primary.gateway} dev eth0 table 100",
        "rule add from 10.9.9.0/24 lookup 100 priority 100",
        f"rule add from {primary.address.ip} lookup 100 priority 101",
        f"rule add from {lan} lookup 100 priority 102",
        "tuntap add mode tun name wg0",
        "address add 10.9.9.1/24 dev wg0",
        "link set wg0 up",
        "route add default dev wg0 table 51820",
        "rule add not fwmark 51820 lookup 51820 priority 32764",
        "rule add lookup main suppress_prefixlength 0 priority 32763",
    )
    told = engine.wait_for("notice", "wg0, which is no uplink", since=since)
    assert told.level == "info"
    FAULTS["blackhole"].inject(lab, primary)
    engine.wait_for("decision", since=since, selected="secondary")
    ip(lab, "rule del priority 32764")
    engine.wait_for("notice", "the kernel sends the traffic through secondary", since=since)
    assert all(each.level == "info" for each in engine.said("notice", since))


@pytest.mark.parametrize(
    "route",
    [
        "{target}/32 via 198.51.100.50 dev eth0",
        "blackhole {target}/32",
        "prohibit {target}/32",
        "throw {target}/32",
        "unreachable 198.51.100.192/26",
        "{target}/32 dev eth0",
        "{target}/32 nhid 77",
        "{target}/32 nexthop via 198.51.100.50 dev eth0 nexthop via 203.0.113.50 dev eth1",
    ],
)
def test_a_route_to_the_target_is_named_and_moves_nothing(
    lab: Lab, start: Start, route: str
) -> None:
    target = str(lab.targets(Family.IPV4)[0])
    engine = started(lab, start, target)
    since = engine.now
    ip(lab, "nexthop add id 77 via 198.51.100.50 dev eth0")
    ip(lab, f"route add {route.format(target=target)}")
    told = engine.wait_for("notice", "primary: probes to", since=since)
    assert told.level == "warning"
    follow(lab, told)
    engine.wait_for("notice", "primary: probes go the right way again", since=since)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", since=since, selected="secondary")
    assert len(told_of(engine, "primary: probes to", since)) == 1
