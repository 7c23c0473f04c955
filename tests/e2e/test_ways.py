"""What decides a packet's way besides our routes is found by asking the kernel, and named."""

import json
import re
import signal
import socket
import struct
from ipaddress import ip_address
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.addresses import CUSTOMER_PORT, ROUTER
from route_switcher.lab.faults import FAULTS
from route_switcher.lab.topology import Lab
from support.forked import altered
from support.running import Engine, Record, Start
from support.tables import wait_until_taken
from support.written_policy_files import policy_text

pytestmark = pytest.mark.kernel


def started(lab: Lab, start: Start, *targets: str, first: str = "") -> Engine:
    """An engine with both uplinks healthy, which asks these targets."""
    text = policy_text(lab)
    if targets:
        text = re.sub(r"targets: \[[^]]*\]", f"targets: [{', '.join(targets)}]", text)
    engine = start(text, first=first)
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


SECOND_ROUTER = "198.51.100.50"


def second_router(lab: Lab) -> None:
    """Another router on the primary's wire, with a MAC address of its own."""
    sysctls = ("net.ipv4.conf.all.arp_ignore=1", "net.ipv4.conf.all.rp_filter=0")
    lab.run("primary", "sysctl", "-w", *sysctls)
    macvlan = ["type", "macvlan", "mode", "bridge"]
    lab.run("primary", "ip", "link", "add", "second", "link", CUSTOMER_PORT, *macvlan)
    lab.run("primary", "ip", "address", "add", f"{SECOND_ROUTER}/26", "dev", "second")
    lab.run("primary", "ip", "link", "set", "second", "up")


def kill_gateway(lab: Lab) -> None:
    """The primary's gateway takes no packet; the second router does."""
    (link,) = json.loads(lab.run("primary", "ip", "-j", "link", "show", "dev", CUSTOMER_PORT))
    rules = f'table netdev dead {{ chain in {{ type filter hook ingress device "{CUSTOMER_PORT}"'
    rules += f" priority 0; ether daddr {link['address']} drop; }}; }}"
    lab.run("primary", "nft", "-f", "-", given=rules)


def mend_gateway(lab: Lab) -> None:
    lab.run("primary", "nft", "delete", "table", "netdev", "dead")


@pytest.mark.parametrize("when", ["before the start", "later"])
def test_a_route_through_a_living_router_does_not_make_a_dead_gateway_look_well(
    lab: Lab, start: Start, when: str
) -> None:
    second_router(lab)
    target = str(lab.targets(Family.IPV4)[0])
    route = f"route add {target}/32 via {SECOND_ROUTER} dev eth0"
    text = re.sub(r"targets: \[[^]]*\]", f"targets: [{target}]", policy_text(lab))
    if when == "before the start":
        ip(lab, route)
        kill_gateway(lab)
    engine = start(text, "--log-level", "debug")
    if when == "later":
        engine.wait_for_health("primary", "secondary")
        since = engine.now
        ip(lab, route)
        engine.wait_for("leave-out", uplink="primary", since=since)
        kill_gateway(lab)
    told = engine.wait_for("notice", "primary: probes to", since=0)
    engine.wait_for_health("secondary")
    # One that was sent before may still be good, or unknown since this machine was busy.
    nobody = {"uplink": "primary", "outcome": "unknown"}
    since = engine.wait_for("round", "it is not asked", since=0, **nobody).number
    rounds = [engine.wait_for("round", uplink="primary") for _ in range(20)]
    assert {each.fields["outcome"] for each in rounds} == {"unknown"}
    follow(lab, told)
    engine.wait_for("rule", uplink="primary", after="failed", since=since)
    wait_until_taken(lab, "eth1")


def test_a_foreign_default_on_the_wire_does_not_bring_traffic_back_to_a_dead_gateway(
    lab: Lab, start: Start, policy_file: Path
) -> None:
    second_router(lab)
    ip(lab, f"route add default via {SECOND_ROUTER} dev eth0 metric 200")
    engine = start(policy_text(lab), "--log-level", "debug")
    told = engine.wait_for("notice", "primary: probes to", since=0)
    engine.wait_for("decision", since=0, selected="secondary")
    follow(lab, told)
    engine.wait_for("decision", selected="primary")

    def reload(stable: str) -> None:
        policy_file.write_text(policy_text(lab, stable=stable))
        engine.send(signal.SIGHUP)
        engine.wait_for("reload", "the policy was read again")

    # Until the foreign route below is seen, which takes a moment, the other router answers probes.
    reload(stable="1h")
    kill_gateway(lab)
    engine.wait_for("decision", selected="secondary")
    since = engine.now
    ip(lab, f"route add default via {SECOND_ROUTER} dev eth0 metric 200")
    told = engine.wait_for("notice", "primary: probes to", since=since)
    for _ in range(30):
        engine.wait_for("round", uplink="primary")
    follow(lab, told)
    engine.wait_for("notice", "primary: probes go the right way again")
    mend_gateway(lab)
    engine.wait_for("round", uplink="primary", outcome="good")
    reload(stable="300ms")
    engine.wait_for("decision", selected="primary")
    assert [each.fields["selected"] for each in engine.said("decision", since)] == ["primary"]


@pytest.mark.parametrize("scope", ["all", "eth1"])
def test_a_strict_filter_that_is_set_while_the_engine_runs_is_named(
    lab: Lab, start: Start, scope: str
) -> None:
    engine = started(lab, start)
    since = engine.now
    values = {"all": 0, "eth0": 0, "eth1": 0} | {scope: 1}
    settings = [f"net.ipv4.conf.{name}.rp_filter={value}" for name, value in values.items()]
    lab.run(ROUTER, "sysctl", "-w", *settings)
    told = engine.wait_for("notice", "rp_filter is strict", since=since)
    assert told.message.startswith("secondary: the kernel drops what")
    follow(lab, told)
    engine.wait_for("notice", "secondary: probes go the right way again", since=since)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("decision", since=since, selected="secondary")


def test_a_firewall_that_drops_the_probes_of_the_active_uplink_is_an_error(
    lab: Lab, start: Start
) -> None:
    soon = altered("route_switcher.core.probing.pace.SILENCE", 5)
    engine = started(lab, start, first=soon)
    since = engine.now
    rules = "table ip own { chain out { type filter hook output priority 0;"
    rules += ' oifname "eth0" ip protocol icmp drop; }; }'
    lab.run(ROUTER, "nft", "-f", "-", given=rules)
    told = engine.wait_for("notice", "primary: nothing is known of it", since=since)
    assert told.level == "error"
    assert told.message.endswith("nft list ruleset")


def test_in_a_table_of_our_own_traffic_and_probes_are_right_and_a_rule_before_ours_is_named(
    lab: Lab, start: Start
) -> None:
    engine = start(policy_text(lab) + "routes: {table: own}\n")
    engine.wait_for_health("primary", "secondary")
    engine.wait_for("notice", "the kernel sends the traffic through primary", since=0)
    FAULTS["blackhole"].inject(lab, lab.uplinks[0])
    engine.wait_for("notice", "the kernel sends the traffic through secondary")
    assert told_of(engine, "is selected, but", 0) == []
    assert told_of(engine, "probes to", 0) == []
    since = engine.now
    ip(
        lab,
        f"route add default via {lab.uplinks[0].gateway} dev eth0 table 100",
        "rule add lookup 100 priority 100",
    )
    told = engine.wait_for("notice", "traffic leaves through primary", since=since)
    follow(lab, told)
    engine.wait_for("notice", "the kernel sends the traffic through secondary", since=since)
    wait_until_taken(lab, "eth1")


@pytest.mark.parametrize("kind", ["unreachable", "blackhole", "prohibit"])
@pytest.mark.parametrize("family", list(Family), ids=str)
def test_in_a_table_of_our_own_a_default_of_main_that_lets_nothing_through_is_named(
    lab: Lab, start: Start, family: Family, kind: str
) -> None:
    """The rule that skips the defaults of main skips none of these."""
    engine = start(policy_text(lab, [family]) + "routes: {table: own}\n")
    name = "primary" if family is Family.IPV4 else "primary-v6"
    engine.wait_for("notice", f"the kernel sends the traffic through {name}", since=0)
    since = engine.now
    ip(lab, f"-{family.value} route add {kind} default metric 5")
    told = engine.wait_for("notice", "traffic goes nowhere", since=since)
    assert told.level == "warning"
    assert f"the route {kind} default table main" in told.message
    follow(lab, told)
    engine.wait_for("notice", f"the kernel sends the traffic through {name}", since=since)
    wait_until_taken(lab, "eth0", family)


def redirect(lab: Lab, target: str, other: str) -> None:
    """The primary's gateway says that `target` is reached through `other` (RFC 792)."""
    primary = lab.uplinks[0]
    ours, gateway = primary.address.ip, primary.gateway
    began = struct.pack(">BBHHHBBH", 0x45, 0, 28, 0, 0, 64, socket.IPPROTO_ICMP, 0)
    began += ours.packed + ip_address(target).packed + struct.pack(">BBHHH", 8, 0, 0, 0, 0)
    sum_of = checksum(struct.pack(">BBH", 5, 1, 0) + ip_address(other).packed + began)
    message = struct.pack(">BBH", 5, 1, sum_of) + ip_address(other).packed + began
    with (
        lab.inside(primary.name),
        socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw,
    ):
        raw.bind((str(gateway), 0))
        raw.sendto(message, (str(ours), 0))


def checksum(data: bytes) -> int:
    """That of RFC 1071."""
    total: int = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_an_icmp_redirect_is_named_and_forgotten_by_the_command(lab: Lab, start: Start) -> None:
    lab.run(
        ROUTER,
        *("sysctl", "-qw", "net.ipv4.conf.all.forwarding=0"),
        *("net.ipv4.conf.all.accept_redirects=1", "net.ipv4.conf.eth0.secure_redirects=0"),
    )
    other = "198.51.100.50"
    ip(lab, f"neigh add {other} lladdr 02:00:00:00:00:50 dev eth0 nud permanent")
    engine = started(lab, start)
    since = engine.now
    target = str(lab.targets(Family.IPV4)[0])
    redirect(lab, target, other)
    ip(lab, "route add 203.0.113.99/32 dev eth0")  # news, so that the kernel is asked at once
    told = engine.wait_for("notice", "an ICMP redirect leads to", since=since)
    assert f"probes to {target} would go through another gateway" in told.message
    follow(lab, told)
    ip(lab, "route del 203.0.113.99/32 dev eth0")
    engine.wait_for("notice", "primary: probes go the right way again", since=since)


def test_an_icmpv6_redirect_is_named_and_forgotten_by_the_command(lab: Lab, start: Start) -> None:
    settings = ("net.ipv6.conf.all.forwarding=0", "net.ipv6.conf.eth0.accept_redirects=1")
    lab.run(ROUTER, "sysctl", "-qw", *settings)
    shown = lab.run("primary", "ip", "-6", "-j", "address", "show", "dev", CUSTOMER_PORT)
    told = [each for link in json.loads(shown) for each in link["addr_info"]]
    gateway = next(each["local"] for each in told if each["scope"] == "link")
    text = policy_text(lab, [Family.IPV6])
    engine = start(text.replace(str(lab.uplinks[0].gateway_of(Family.IPV6)), gateway))
    engine.wait_for_health("primary-v6", "secondary-v6")
    engine.wait_for("notice", "the kernel sends the traffic through primary", since=0)
    since = engine.now
    target, other = lab.targets(Family.IPV6)[0], "fe80::50"
    # RFC 4861, 4.5: where to, for whom, and the link-layer address of that router.
    message = struct.pack("!BBHI", 137, 0, 0, 0) + ip_address(other).packed + target.packed
    message += bytes((2, 1)) + bytes.fromhex("020000000050")
    with (
        lab.inside("primary"),
        socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6) as raw,
    ):
        index = socket.if_nametoindex(CUSTOMER_PORT)
        raw.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS, 255)
        raw.bind((gateway, 0, 0, index))
        raw.sendto(message, (str(lab.uplinks[0].address_v6.ip), 0, 0, index))
    ip(lab, "-6 route add 2001:db8:99::/64 dev eth0")  # news, so that the kernel is asked at once
    named = engine.wait_for("notice", f"an ICMP redirect leads to {other}", since=since)
    assert f"probes to {target} would go through another gateway" in named.message
    follow(lab, named)
    ip(lab, "-6 route del 2001:db8:99::/64 dev eth0")
    engine.wait_for("notice", "primary-v6: probes go the right way again", since=since)
