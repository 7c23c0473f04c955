"""What a sound policy means: the model that is built, with every default filled in."""

import json
from dataclasses import replace
from ipaddress import ip_address

import pytest

from route_switcher.analysis.figures.flapping import USUAL
from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy, Recover, Rule
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.policy.load import load, load_text, shipped_policies
from support.pinging import pinging, target
from support.told import with_uplink

V4, V6 = target("8.8.8.8"), target("2001:4860:4860::8888")


def the_policy(text: str) -> Policy:
    return load_text(text, "policy.yaml")


def test_nothing_but_uplinks_behaves_as_the_seed() -> None:
    assert the_policy(
        "version: 1\n"
        "uplinks:\n"
        "  primary: {interface: eth0, gateway: 192.168.1.1}\n"
        "  secondary: {interface: eth1, gateway: 192.168.2.1}\n"
    ) == Policy(
        uplinks=(
            Uplink("primary", "eth0", ip_address("192.168.1.1"), 10, Family.IPV4),
            Uplink("secondary", "eth1", ip_address("192.168.2.1"), 20, Family.IPV4),
        ),
        probes=(pinging("internet", V4),),
        rules=(Rule("no-internet", ConsecutiveFailures("internet", 3), Recover(60.0)),),
        ignore_linkdown=False,
    )


def test_the_shipped_dual_wan_policy_writes_out_the_default_rules_and_damps() -> None:
    text = shipped_policies()["dual-wan"].read_text("utf-8")
    before, _, after = text.partition("\nrules:\n")
    _, hold_back, after = after.partition("\nhold_back:\n")
    written, left_out = load("dual-wan"), the_policy(before + hold_back + after)
    assert written.every_rule == left_out.every_rule
    assert replace(written, rules=()) == replace(left_out, rules=())
    assert written.hold_back.damping == USUAL


UNPLUGGED = Rule("unplugged", CarrierDown(), Recover(60.0))


@pytest.mark.parametrize(
    ("rules", "about_the_link"),
    [
        ("", (UNPLUGGED,)),
        ("{name: r, fail: {failures: 3}}", (UNPLUGGED,)),
        (
            "{name: r, fail: {failures: 3}, recover: {stable: 9s}}, {name: s, fail: {failures: 9},"
            " recover: {stable: 20s}}",
            (replace(UNPLUGGED, recover=Recover(20.0)),),
        ),
        ("{name: r, fail: {failures: 3}}, {name: s, fail: {carrier: down, for: 2s}}", ()),
        ("{name: r, fail: {any: [{failures: 3}, {all: [{carrier: down}]}]}}", ()),
        (
            "{name: r, fail: {failures: 3}},"
            " {name: unplugged, uplinks: [a], fail: {carrier: down}}",
            (Rule("unplugged-2", CarrierDown(), Recover(60.0), ("b",)),),
        ),
        (
            "{name: r, uplinks: [a], fail: {failures: 3}, recover: {stable: 9s}}",
            (
                Rule("unplugged", CarrierDown(), Recover(9.0), ("a",)),
                Rule("unplugged", CarrierDown(), Recover(60.0), ("b",)),
            ),
        ),
    ],
)
def test_a_link_is_judged_whatever_rules_are_written(
    rules: str, about_the_link: tuple[Rule, ...]
) -> None:
    uplinks = "a: {interface: eth0, gateway: 192.0.2.1}, b: {interface: eth1, gateway: 192.0.2.2}"
    section = f"rules: [{rules}]\n" if rules else ""
    assert the_policy(f"version: 1\nuplinks: {{{uplinks}}}\n{section}").link_rules == about_the_link


def test_an_uplink_may_ignore_its_carrier() -> None:
    uplinks = "a: {interface: eth0, gateway: 192.0.2.1, carrier: ignore}"
    assert the_policy(f"version: 1\nuplinks: {{{uplinks}}}\n").uplinks[0].ignore_carrier


def test_every_key_reaches_the_model() -> None:
    policy = the_policy(
        "version: 1\n"
        "uplinks:\n"
        "  lte: {interface: wwan0, gateway: 198.51.100.1, metric: 5}\n"
        "  sat: {interface: eth1, gateway: 198.51.100.2}\n"
        "probes:\n"
        "  office:\n"
        "    type: icmp\n"
        "    targets: [203.0.113.1, 203.0.113.2]\n"
        "    quorum: all\n"
        "    interval: 2m\n"
        "    timeout: 1.5s\n"
        "    fast_interval: 10s\n"
        "    down_interval: 3m\n"
        "    standby_interval: 4m\n"
        "  sky: {type: icmp, targets: [203.0.113.3], uplinks: [sat]}\n"
        "rules:\n"
        "  - {name: gone, probe: office, fail: {failures: 7}, recover: {stable: 1h}}\n"
        "  - {name: pulled, uplinks: [lte], fail: {carrier: down}, recover: {stable: 0s}}\n"
        "  - {name: cloudy, probe: sky, fail: {failures: 2}}\n"
        "hold_back:\n"
        "  min_stay: 2m\n"
        "  switches_per_hour: 6\n"
        "  damping: {half_life: 10m, suppress: 3, reuse: 1, max_hold: 30m}\n"
        "ignore_linkdown: true\n"
    )
    assert policy == Policy(
        uplinks=(
            Uplink("lte", "wwan0", ip_address("198.51.100.1"), 5, Family.IPV4),
            Uplink("sat", "eth1", ip_address("198.51.100.2"), 20, Family.IPV4),
        ),
        probes=(
            pinging(
                "office",
                target("203.0.113.1"),
                target("203.0.113.2"),
                quorum="all",
                interval=120.0,
                timeout=1.5,
                fast=10.0,
                down=180.0,
                standby=240.0,
            ),
            pinging("sky", target("203.0.113.3"), uplinks=("sat",)),
        ),
        rules=(
            Rule("gone", ConsecutiveFailures("office", 7), Recover(3600.0)),
            Rule("pulled", CarrierDown(), Recover(0.0), ("lte",)),
            Rule("cloudy", ConsecutiveFailures("sky", 2), Recover(60.0), ("sat",)),
        ),
        ignore_linkdown=True,
        hold_back=HoldBack(120.0, 6, Damping(600.0, 3, 1, 1800.0)),
    )


def test_a_fast_interval_takes_the_default_timeout_down_with_it() -> None:
    policy = the_policy(
        "version: 1\n"
        "uplinks: {a: {interface: eth0, gateway: 198.51.100.1}}\n"
        "probes: {internet: {type: icmp, fast_interval: 250ms}}\n"
    )
    (probe,) = policy.probes
    assert (probe.interval, probe.timeout, probe.fast_interval) == (1.0, 0.25, 0.25)


def test_default_metrics_count_within_a_family() -> None:
    policy = the_policy(
        "version: 1\n"
        "uplinks:\n"
        "  a: {interface: eth0, gateway: 192.0.2.1}\n"
        "  a6: {interface: eth0, gateway: fe80::1}\n"
        "  b6: {interface: eth1, gateway: fe80::1}\n"
        "  b: {interface: eth1, gateway: 192.0.2.2}\n"
        "  c: {interface: eth2, gateway: 192.0.2.3, metric: 300}\n"
    )
    assert {uplink.name: uplink.metric for uplink in policy.uplinks} == {
        "a": 10,
        "a6": 10,
        "b6": 20,
        "b": 20,
        "c": 300,
    }


@pytest.mark.parametrize(
    ("gateways", "targets"),
    [
        (("192.0.2.1",), (V4,)),
        (("fe80::1",), (V6,)),
        (("fe80::1", "192.0.2.1"), (V4, V6)),
    ],
)
def test_default_targets_are_of_the_families_in_use(
    gateways: tuple[str, ...], targets: tuple[object, ...]
) -> None:
    uplinks = "".join(
        f"  u{i}: {{interface: e{i}, gateway: {g}}}\n" for i, g in enumerate(gateways)
    )
    for probes in ("", "probes: {p: {type: icmp}}\n"):
        policy = the_policy(f"version: 1\nuplinks:\n{uplinks}{probes}")
        assert [probe.targets for probe in policy.probes] == [targets]


@pytest.mark.parametrize(
    ("interval", "timeout"), [("10ms", 0.01), ("500ms", 0.5), ("1s", 1.0), ("1h", 1.0)]
)
def test_the_default_timeout_is_a_second_or_the_interval(interval: str, timeout: float) -> None:
    policy = the_policy(with_uplink(f"probes: {{p: {{type: icmp, interval: {interval}}}}}"))
    assert policy.probes[0].timeout == timeout


@pytest.mark.parametrize(
    ("times", "timeout"),
    [
        ("interval: 20ms", 0.01),
        ("interval: 10ms", 0.01),
        ("interval: 1h", 1.0),
        ("interval: 500ms", 0.25),
        ("interval: 500ms, fast_interval: 100ms", 0.05),
        ("interval: 20ms, timeout: 20ms", 0.02),
    ],
)
def test_an_echo_is_waited_for_half_an_interval_unless_the_policy_says_otherwise(
    times: str, timeout: float
) -> None:
    policy = the_policy(with_uplink(f"probes: {{p: {{type: echo, {times}}}}}"))
    assert policy.probes[0].timeout == timeout


@pytest.mark.parametrize(("written", "quorum"), [("any", "any"), ("all", "all"), ("2", 2)])
def test_a_quorum_is_a_word_or_a_count(written: str, quorum: object) -> None:
    policy = the_policy(
        with_uplink(
            f"probes: {{p: {{type: icmp, targets: [8.8.8.8, 1.1.1.1], quorum: {written}}}}}"
        )
    )
    assert policy.probes[0].quorum == quorum


def test_without_rules_every_probe_gets_one() -> None:
    policy = the_policy(
        with_uplink("probes:\n  p: {type: icmp}\n  q: {type: icmp, uplinks: [a]}\n")
    )
    recover = Recover(60.0)
    assert policy.rules == (
        Rule("no-p", ConsecutiveFailures("p", 3), recover),
        Rule("no-q", ConsecutiveFailures("q", 3), recover, ("a",)),
    )
    assert policy.link_rules == (Rule("unplugged", CarrierDown(), recover),)


@pytest.mark.parametrize("probes", ["", "probes: {office: {type: icmp}}\n"])
def test_a_rule_needs_not_name_the_only_probe(probes: str) -> None:
    policy = the_policy(with_uplink(f"{probes}rules: [{{name: r, fail: {{failures: 2}}}}]\n"))
    assert policy.rules == (
        Rule("r", ConsecutiveFailures(policy.probes[0].name, 2), Recover(60.0)),
    )


@pytest.mark.parametrize("word", ["no", "on", "2001-01-01", "1.5", "0x1F", "1e3", "010", "1_0"])
def test_words_that_yaml_1_1_turns_into_something_else_stay_text(word: str) -> None:
    policy = the_policy(
        f"version: 1\nuplinks:\n  a: {{interface: {word}, gateway: 192.0.2.1}}\n"
        f"rules:\n  - {{name: {word}, fail: {{failures: 3}}}}\n"
    )
    assert policy.uplinks[0].interface == policy.rules[0].name == word


def test_keys_are_text() -> None:
    policy = the_policy(
        "version: 1\nuplinks:\n"
        "  1: {interface: eth0, gateway: 192.0.2.1}\n"
        "  true: {interface: eth1, gateway: 192.0.2.1}\n"
        "  'null': {interface: eth2, gateway: 192.0.2.1}\n"
    )
    assert [uplink.name for uplink in policy.uplinks] == ["1", "true", "null"]


def test_json_is_a_way_to_write_a_policy() -> None:
    data = {"version": 1, "uplinks": {"a": {"interface": "eth0", "gateway": "fe80::1"}}}
    assert the_policy(json.dumps(data)).uplinks[0].gateway == ip_address("fe80::1")


@pytest.mark.parametrize("text", ["\ufeff", "---\n", "%YAML 1.2\n---\n", "# first\n\n"])
def test_what_may_stand_before_a_policy(text: str) -> None:
    assert the_policy(text.removeprefix("\ufeff") + with_uplink("")) == the_policy(with_uplink(""))


def test_windows_line_ends_change_nothing() -> None:
    assert the_policy(with_uplink("").replace("\n", "\r\n")) == the_policy(with_uplink(""))


def test_a_hundred_uplinks_need_no_metrics() -> None:
    lines = "".join(f"  u{i}: {{interface: e{i}, gateway: 192.0.2.1}}\n" for i in range(100))
    policy = the_policy(f"version: 1\nuplinks:\n{lines}")
    assert max(uplink.metric for uplink in policy.uplinks) < policy.uplinks[0].demoted_metric
