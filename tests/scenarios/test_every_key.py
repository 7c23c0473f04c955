"""Every key of the policy does something: with another value, something else happens."""

import json
import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
import yaml

from route_switcher.core.engine import Engine
from route_switcher.core.vocabulary.events import LinkState, Start
from route_switcher.core.vocabulary.next_hops import LearnedHop, NextHop
from route_switcher.core.vocabulary.policy import MAIN_TABLE
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems
from support.keys_shown import BASE, CASES, written_policy
from support.written_scenarios import Folder

TOP = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((TOP / "schemas" / "policy.schema.json").read_text("utf-8"))

CONDITIONS = SCHEMA["definitions"]["fail"]["properties"].keys()

PLANNED = {
    "uplink.interface": ("interface: eth0", "interface: eth7", "via 192.0.2.1 dev eth7 metric 10"),
    "uplink.gateway": (
        "gateway: 192.0.2.1",
        "gateway: 192.0.2.7",
        "via 192.0.2.7 dev eth0 metric 10",
    ),
    "uplink.metric": (
        "{interface: eth0",
        "{metric: 7, interface: eth0",
        "via 192.0.2.1 dev eth0 metric 7",
    ),
    "uplink.onlink": (
        "{interface: eth0",
        "{onlink: true, interface: eth0",
        "via 192.0.2.1 dev eth0 metric 10 onlink",
    ),
}
"""What is replaced in `BASE`, and the route that follows: scenarios do not see routes."""

LED = {
    "uplink.families": (
        "{interface: eth0, gateway: 192.0.2.1",
        "{families: [ipv6], interface: eth0, gateway: auto",
        "IPv6 default via fe80::1 dev eth0 table 115 metric 10",
    ),
    "gateways.ipv4": (
        "gateway: 192.0.2.1",
        "gateway: {ipv4: none, ipv6: auto}",
        "IPv4 default dev eth0 table 115 metric 10",
    ),
    "gateways.ipv6": (
        "gateway: 192.0.2.1",
        "gateway: {ipv4: none, ipv6: auto}",
        "IPv6 default via fe80::1 dev eth0 table 115 metric 10",
    ),
    "policy.routes": (
        "version: 1",
        "version: 1\nroutes: {table: own}",
        "IPv4 rule oif eth0 lookup 116 pref 32765 protocol 115",
    ),
    "routes.table": (
        "version: 1",
        "version: 1\nroutes: {table: 200}",
        "IPv4 rule oif eth0 lookup 201 pref 32765 protocol 115",
    ),
    "routes.source_rules": (
        "version: 1\nroutes: {table: own, source_rules: false}",
        "version: 1\nroutes: {table: own}",
        "IPv4 rule from 192.0.2.2/32 lookup 116 pref 32765 protocol 115",
    ),
    "routes.also": (
        "version: 1\nroutes: {table: own}",
        "version: 1\nroutes: {table: own, also: [198.18.0.0/15]}",
        "IPv4 198.18.0.0/15 via 198.51.100.1 dev eth1 table 115 metric 20",
    ),
    "routes.when_all_down": (
        "version: 1\nroutes: {table: own}",
        "version: 1\nroutes: {table: own, when_all_down: unreachable}",
        "IPv4 unreachable default table 115 metric 4294967295",
    ),
}
"""What is replaced in `BASE` without its probes, and the route or rule that follows, where routers
advertise and every interface has an address."""

ONE_VALUE = {
    "policy.version": ("version: 1", "version: 2", "version"),
    "probe.type": ("type: icmp", "type: pigeon", "type"),
}
"""There is one value to write; another one is refused."""

ELSEWHERE = {
    "policy.ignore_linkdown": (
        "the kernel's own doing: a sysctl is written, and packets take another way",
        "tests/daemon/test_interfaces.py",
        "test_ignore_linkdown_is_set_each_time_the_interface_appears",
    ),
    "policy.control": (
        "it changes no decision: it says who may ask and order",
        "tests/daemon/test_control_socket.py",
        "test_the_group_of_the_policy_may_ask",
    ),
    "control.group": (
        "it changes no decision: it says who may ask and order",
        "tests/daemon/test_control_socket.py",
        "test_the_group_of_the_policy_may_ask",
    ),
    "policy.metrics": (
        "it changes no decision: it says where metrics are given",
        "tests/daemon/metrics/test_serving.py",
        "test_a_reload_turns_it_on_moves_it_and_turns_it_off",
    ),
    "metrics.listen": (
        "it changes no decision: it says where metrics are given",
        "tests/daemon/metrics/test_serving.py",
        "test_a_reload_turns_it_on_moves_it_and_turns_it_off",
    ),
    "policy.on_exit": (
        "it changes no decision: it counts at the end",
        "tests/e2e/test_leaving.py",
        "test_where_a_foreign_default_remains_ours_go",
    ),
    "policy.track_file": (
        "it changes no decision: it tells keepalived of it",
        "tests/daemon/test_track_file.py",
        "test_it_has_the_number_of_healthy_uplinks",
    ),
    "policy.journal": (
        "it changes no decision: it says how much is remembered",
        "tests/daemon/test_recording.py",
        "test_whole_old_days_are_dropped",
    ),
    "journal.size": (
        "it changes no decision: it says how much is remembered",
        "tests/daemon/test_recording.py",
        "test_whole_old_days_are_dropped",
    ),
    "policy.after_switch": (
        "it changes no decision: it ends connections",
        "tests/e2e/test_ending_connections.py",
        "test_connections_follow_the_switch_as_the_policy_says",
    ),
    "after_switch.conntrack": (
        "it changes no decision: it ends connections",
        "tests/e2e/test_ending_connections.py",
        "test_connections_follow_the_switch_as_the_policy_says",
    ),
    "hook.timeout": (
        "it changes no decision: it ends a program",
        "tests/daemon/test_programs.py",
        "test_what_hangs_is_ended_at_the_end_of_its_time",
    ),
    "hook.attempts": (
        "it changes no decision: how often a program is run again",
        "tests/core/test_hooks.py",
        "test_what_fails_is_tried_again_and_given_up",
    ),
    "hook.run": (
        "it changes no decision: it is the program that is run",
        "tests/e2e/test_hooks.py",
        "test_a_failover_and_the_way_back_are_told_of",
    ),
    "icmp_probe.resolver": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_names.py",
        "test_the_resolver_of_the_policy_is_asked",
    ),
    "http_probe.url": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_http.py",
        "test_the_server_is_told_what_the_url_says",
    ),
    "http_probe.status": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_http.py",
        "test_what_a_page_is_like_decides",
    ),
    "http_probe.body": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_http.py",
        "test_what_a_page_is_like_decides",
    ),
    "http_probe.header": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_http.py",
        "test_what_a_page_is_like_decides",
    ),
    "tcp_probe.port": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_tcp.py",
        "test_only_the_port_of_the_policy_is_asked",
    ),
    "tcp_probe.refused": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_tcp.py",
        "test_a_refused_connection_counts_as_the_policy_says",
    ),
    "icmp_probe.size": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_full_size.py",
        "test_what_is_too_big_on_the_way_has_failed_and_the_reason_says_where",
    ),
    "echo_probe.timeout": (
        "as `icmp_probe.timeout`, except for what counts where nothing is written",
        "tests/policy/test_policy_meaning.py",
        "test_an_echo_is_waited_for_half_an_interval_unless_the_policy_says_otherwise",
    ),
    "exec_probe.run": (
        "scenarios run no programs: they say what becomes of a target",
        "tests/probes/test_exec.py",
        "test_the_exit_code_decides",
    ),
    "dns_probe.name": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_dns.py",
        "test_a_resolver_that_answers_rightly_is_good",
    ),
    "dns_probe.record": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_dns.py",
        "test_each_type_of_record_has_its_values",
    ),
    "dns_probe.value": (
        "it is about packets: scenarios say what becomes of a target",
        "tests/probes/test_dns.py",
        "test_a_wrong_answer_is_told_in_words",
    ),
    "rule.name": (
        "it changes no decision: it is what logs and scenarios call the rule",
        "tests/scenarios/test_every_key.py",
        "test_a_rule_is_called_by_its_name",
    ),
}
"""Why no case shows it, and the test that does."""


def keys_of_the_schema() -> set[str]:
    """Every key that may be written, as `definition.key`; one that types of probes share, once.

    The key `type` of a probe chooses the definition.
    """
    mappings = {"policy": SCHEMA, **SCHEMA["definitions"]}
    found: dict[str, str] = {}
    for name, schema in mappings.items():
        for key, inner in schema.get("properties", {}).items():
            if "not" not in resolved(inner) and not (name.endswith("_probe") and key == "type"):
                (said,) = inner.get("allOf", [inner])
                shared = said.get("$ref") if name.endswith("_probe") else None
                found.setdefault(shared or f"{name}.{key}", f"{name}.{key}")
    return set(found.values())


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, or the definition that it refers to."""
    if "$ref" not in schema:
        return schema
    definition: dict[str, Any] = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    return definition


def key_of(case: str) -> str:
    """The key that a case is about."""
    return re.split("[, ]", case)[0]


def test_every_key_of_the_schema_is_shown_to_do_something() -> None:
    shown = {key_of(case) for case in CASES}
    for table in (PLANNED, LED, ONE_VALUE, ELSEWHERE):
        shown |= table.keys()
    assert shown == keys_of_the_schema()


@pytest.mark.parametrize("name", CASES)
def test_another_value_does_something_else(name: str, folder: Folder) -> None:
    case = CASES[name]
    events = f"events: [{case.events}]\n" if case.events else ""
    scenario = f"rounds: {case.rounds}\n{events}expect: [{case.expect}]\n"
    folder.write("policy.yaml", written_policy(case.policy, 0))
    assert folder.mismatches(scenario) == []
    folder.write("policy.yaml", written_policy(case.policy, 1))
    assert [failure.split(", but ")[1] for failure in folder.mismatches(scenario)] == [case.seen]


@pytest.mark.parametrize("name", CASES)
def test_a_case_changes_one_key(name: str) -> None:
    key = key_of(name).split(".")[1]
    one, other = (yaml.safe_load(written_policy(CASES[name].policy, number)) for number in (0, 1))
    paths = list(differences(one, other))
    (place,) = {path[: path.index(key)] for path in paths if key in path}
    assert {path[: len(place)] for path in paths} == {place}
    changed = {path[len(place)] for path in paths}
    # Of conditions that exclude each other, one may stand for another.
    assert changed == {key} or (changed - {key} < CONDITIONS and {key} < CONDITIONS)


def differences(
    one: Any, other: Any, path: tuple[object, ...] = ()
) -> Iterator[tuple[object, ...]]:
    """The path of every difference, as far inside as it can be told."""
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        one, other = dict(enumerate(one)), dict(enumerate(other))
    if isinstance(one, dict) and isinstance(other, dict):
        for key in one.keys() | other.keys():
            yield from differences(one.get(key), other.get(key), (*path, key))
    elif one != other:
        yield path


@pytest.mark.parametrize("key", PLANNED)
def test_another_uplink_is_another_route(key: str) -> None:
    before, after, route = PLANNED[key]
    assert route not in routes(written_policy("", 0))
    assert route in routes(written_policy("", 0).replace(before, after, 1))


def routes(text: str) -> str:
    """The routes that the engine wants at first, a line for each."""
    policy = load_text(text, "it")
    engine = Engine(policy)
    engine.handle(Start(0.0, tuple(LinkState(u.interface) for u in policy.uplinks), ()))
    return "".join(f"{wanted.route}\n" for plan in engine.plans() for wanted in plan.routes)


@pytest.mark.parametrize("key", LED)
def test_another_next_hop_or_table_is_another_route_or_rule(key: str) -> None:
    before, after, entry = LED[key]
    text = f"{BASE['version']}\n{BASE['uplinks']}\n"
    one = text.replace("version: 1", before, 1) if "routes" in before else text
    other = one.replace(before, after, 1)
    assert one != other
    assert entry not in entries(one)
    assert entry in entries(other)


def entries(text: str) -> list[str]:
    """The routes and rules that the engine wants, a line for each."""
    policy = load_text(text, "it")
    names = dict.fromkeys(u.interface for u in policy.uplinks)
    links = [
        LinkState(name, addresses=frozenset({ip_address("192.0.2.2") + n}))
        for n, name in enumerate(names)
    ]
    router = NextHop(ip_address("fe80::1"))
    hops = [LearnedHop(Family.IPV6, name, router, MAIN_TABLE, 1024, 9) for name in names]
    engine = Engine(policy)
    engine.handle(Start(0.0, tuple(links), (), next_hops=tuple(hops)))
    lines = []
    for plan in engine.plans():
        lines += [f"{wanted.route.family} {wanted.route}" for wanted in plan.routes]
        lines += [f"{rule.family} rule {rule}" for rule in plan.rules]
    return lines


@pytest.mark.parametrize("key", ONE_VALUE)
def test_there_is_one_value_to_write(key: str) -> None:
    before, after, place = ONE_VALUE[key]
    load_text(written_policy("", 0), "it")
    with pytest.raises(PolicyProblems) as caught:
        load_text(written_policy("", 0).replace(before, after), "it")
    (problem,) = caught.value.problems
    assert place in problem.message


@pytest.mark.parametrize("key", ELSEWHERE)
def test_what_no_case_shows_has_a_test(key: str) -> None:
    _, file, name = ELSEWHERE[key]
    assert f"def {name}(" in (TOP / file).read_text("utf-8")


def test_a_rule_is_called_by_its_name(folder: Folder) -> None:
    scenario = "rounds: {primary: lost}\nexpect: [{at: 10s, rules: {dead: {primary: failed}}}]\n"
    rules = "rules: [{name: <dead|silent>, fail: {failures: 3}}]"
    folder.write("policy.yaml", written_policy(rules, 0))
    assert folder.mismatches(scenario) == []
    folder.write("policy.yaml", written_policy(rules, 1))
    indented = scenario.replace("\n", "\n  ")
    (problem,) = folder.problems(f"- name: it\n  {indented}")
    assert "unknown-rule" in problem
