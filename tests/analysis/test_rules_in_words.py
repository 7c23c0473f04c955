"""The rules that `explain` lists are those that the core makes, in the same order."""

import re
from ipaddress import ip_address

import pytest

from route_switcher.analysis.prose import placement
from route_switcher.core.routing.rule_list import leads_all, leaves_defaults_out
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.policy.load import load_text
from support.world import World

ADDRESSES = {
    "eth0": ("198.51.100.201", "2001:db8:1::2"),
    "wwan0": ("203.0.113.7", "2001:db8:2::2"),
    "ppp0": ("203.0.113.9", "2001:db8:3::2"),
}
UPLINKS = (
    "uplinks:\n"
    "  wan: {interface: eth0, gateway: auto, families: [ipv4, ipv6]}\n"
    "  lte: {interface: wwan0, gateway: auto, families: [ipv4, ipv6]}\n"
    "  dsl: {interface: ppp0, gateway: none, families: [ipv4, ipv6]}\n"
)


def beginning(rule: RoutingRule) -> str:
    """How the sentence about a rule of ours begins."""
    if leaves_defaults_out(rule):
        return "all packets: table main, except its default routes"
    if leads_all(rule):
        return f"everything else, from the first selection on: table {rule.table}"
    if rule.out_interface is not None:
        return f"packets of a socket that is bound to {rule.out_interface}: table {rule.table}"
    assert rule.source is not None
    address = str(rule.source.network_address)
    (interface,) = (name for name, its in ADDRESSES.items() if address in its)
    return f"packets from an address of {interface}: table {rule.table}"


def shortened(said: str) -> str:
    """The packets and the table of a sentence, without its reasons."""
    return re.sub(r" \(.*?\)|, so that .*(?=: )", "", said)


@pytest.mark.parametrize(
    "placed", ["", "routes: {table: 200}", "routes: {source_rules: false}", "routes: {table: main}"]
)
def test_the_rules_that_are_explained_are_those_that_are_made(placed: str) -> None:
    policy = load_text(f"version: 1\n{UPLINKS}{placed}\n", "it")
    links = [
        LinkState(name, addresses=frozenset(map(ip_address, its)))
        for name, its in ADDRESSES.items()
    ]
    made = World(policy, links=links).run(10.0).table.rules.ours
    said = [shortened(line) for line in placement.rules(policy)]
    for family in policy.families:
        assert [beginning(rule) for rule in made if rule.family is family] == said
    assert bool(said) is policy.placement.own
