"""What gateways, families and tables mean: the uplinks that a name becomes, and their table."""

from ipaddress import ip_address
from pathlib import Path

import pytest

from route_switcher.core.vocabulary.policy import Placement, Policy
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode, Uplink
from route_switcher.policy.load import load, load_text
from support.pinging import target

V4, V6 = Family.IPV4, Family.IPV6
AUTO, NONE = GatewayMode.AUTO, GatewayMode.NONE
ADDRESS, ADDRESS6 = ip_address("192.0.2.1"), ip_address("fe80::1")
TOP = Path(__file__).parents[2]


def policy(keys: str, more: str = "") -> Policy:
    return load_text(f"version: 1\nuplinks:\n  a: {{interface: eth0, {keys}}}\n{more}", "it")


@pytest.mark.parametrize(
    ("keys", "gateways"),
    [
        ("gateway: 192.0.2.1", {V4: ADDRESS}),
        ("gateway: 'fe80::1'", {V6: ADDRESS6}),
        ("gateway: 192.0.2.1, families: [ipv4]", {V4: ADDRESS}),
        ("gateway: 'fe80::1', families: [ipv6]", {V6: ADDRESS6}),
        ("gateway: auto", {V4: AUTO}),
        ("gateway: none", {V4: NONE}),
        ("gateway: auto, families: [ipv6]", {V6: AUTO}),
        ("gateway: auto, families: [ipv6, ipv4]", {V4: AUTO, V6: AUTO}),
        ("gateway: none, families: [ipv4, ipv6]", {V4: NONE, V6: NONE}),
        ("gateway: {ipv6: none, ipv4: auto}", {V4: AUTO, V6: NONE}),
        ("gateway: {ipv4: 192.0.2.1, ipv6: 'fe80::1'}", {V4: ADDRESS, V6: ADDRESS6}),
        ("gateway: {ipv4: 192.0.2.1, ipv6: auto}", {V4: ADDRESS, V6: AUTO}),
        ("gateway: {ipv6: auto}", {V6: AUTO}),
        ("gateway: {ipv4: auto, ipv6: auto}, families: [ipv6, ipv4]", {V4: AUTO, V6: AUTO}),
    ],
)
def test_a_name_becomes_an_uplink_in_each_of_its_families(
    keys: str, gateways: dict[Family, object]
) -> None:
    uplinks = policy(keys).uplinks
    assert {u.family: u.gateway for u in uplinks} == gateways
    assert {(u.name, u.interface, u.metric) for u in uplinks} == {("a", "eth0", 10)}


def test_metrics_go_by_the_position_in_the_family() -> None:
    found = policy(
        "gateway: auto",
        "  b: {interface: eth1, gateway: auto, families: [ipv4, ipv6]}\n"
        "  c: {interface: eth2, gateway: {ipv4: none, ipv6: auto}}\n",
    )
    assert {(u.name, u.family): u.metric for u in found.uplinks} == {
        ("a", V4): 10,
        ("b", V4): 20,
        ("b", V6): 10,
        ("c", V4): 30,
        ("c", V6): 20,
    }
    assert found.names == ("a", "b", "c")
    assert [found.label(u.id) for u in found.uplinks] == [
        "a",
        "b (IPv4)",
        "b (IPv6)",
        "c (IPv4)",
        "c (IPv6)",
    ]


def test_a_written_metric_is_that_of_both_families() -> None:
    found = policy("gateway: auto, families: [ipv4, ipv6], metric: 7, carrier: ignore")
    assert [(u.metric, u.ignore_carrier) for u in found.uplinks] == [(7, True), (7, True)]


def test_onlink_is_about_the_written_gateway() -> None:
    found = policy("gateway: {ipv4: 192.0.2.1, ipv6: auto}, onlink: true")
    assert [u.onlink for u in found.uplinks] == [True, None]


def test_a_probe_without_targets_asks_one_of_each_family() -> None:
    (probe,) = policy("gateway: auto, families: [ipv4, ipv6]").probes
    assert probe.targets == (target("8.8.8.8"), target("2001:4860:4860::8888"))


OWN, MAIN = Placement(115), Placement()


@pytest.mark.parametrize(
    ("keys", "routes", "placement"),
    [
        ("gateway: 192.0.2.1", "", MAIN),
        ("gateway: auto", "", OWN),
        ("gateway: none", "", OWN),
        ("gateway: {ipv4: 192.0.2.1, ipv6: auto}", "", OWN),
        ("gateway: 192.0.2.1", "routes: {table: own}", OWN),
        ("gateway: auto", "routes: {table: main}", MAIN),
        ("gateway: auto", "routes: {table: own}", OWN),
        ("gateway: 192.0.2.1", "routes: {table: 200}", Placement(200)),
        ("gateway: auto", "routes: {table: 4294967294}", Placement(4294967294)),
        ("gateway: auto", "routes: {source_rules: false}", Placement(115, source_rules=False)),
        ("gateway: 192.0.2.1", "routes: {source_rules: false}", Placement(source_rules=False)),
        ("gateway: none", "routes: {table: 9, source_rules: true}", Placement(9)),
    ],
)
def test_the_text_decides_in_which_table_the_routes_stand(
    keys: str, routes: str, placement: Placement
) -> None:
    assert policy(keys, routes).placement == placement


def test_one_uplink_that_is_learned_decides_for_the_whole_policy() -> None:
    assert policy("gateway: 192.0.2.1", "  b: {interface: e1, gateway: none}\n").placement == OWN


WRITTEN = [
    file
    for folder in ("policies", "examples")
    for file in sorted((TOP / folder).glob("*.yaml"))
    if "auto" not in file.read_text("utf-8") and "none" not in file.read_text("utf-8")
]


@pytest.mark.parametrize("file", WRITTEN, ids=lambda file: file.stem)
def test_written_gateways_mean_what_they_always_meant(file: Path) -> None:
    found = load(str(file))
    assert found.placement == Placement(254)
    for each in found.uplinks:
        address = each.gateway
        assert not isinstance(address, GatewayMode)
        family = Family(address.version)
        assert each == Uplink(each.name, each.interface, address, each.metric, family)
    assert len(found.names) == len(found.uplinks)
