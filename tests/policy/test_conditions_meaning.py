"""What conditions mean: the tree that is built, and the uplinks and probes that it is about."""

import pytest

from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    Measure,
    Within,
)
from route_switcher.core.vocabulary.policy import Damping, HoldBack, Policy, Recover
from route_switcher.policy.load import load_text
from support.told import with_uplink

LOSS, LATENCY, JITTER = Measure.LOSS, Measure.LATENCY, Measure.JITTER


def the_policy(text: str) -> Policy:
    return load_text(text, "policy.yaml")


def a_rule(keys: str) -> Policy:
    """A policy with one rule about its one probe `p`, and another so that it is used."""
    return the_policy(
        with_uplink(
            "probes: {p: {type: icmp}}\n"
            f"rules:\n  - {{name: a, {keys}}}\n  - {{name: b, fail: {{failures: 3}}}}\n"
        )
    )


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("failures: 3", ConsecutiveFailures("p", 3)),
        ("failures: 3, for: 2s", ConsecutiveFailures("p", 3, 2.0)),
        ("loss: 20%, over: 30s", Beyond(LOSS, "p", 0.2, 30.0)),
        ("over: 1h, loss: 0.1%, for: 1m", Beyond(LOSS, "p", 0.001, 3600.0, 60.0)),
        ("loss: 99.9%, over: 1s", Beyond(LOSS, "p", 0.999, 1.0)),
        ("latency: 250ms, over: 30s, probe: p", Beyond(LATENCY, "p", 0.25, 30.0)),
        ("jitter: 1ms, over: 2m", Beyond(JITTER, "p", 0.001, 120.0)),
        ("carrier: down", CarrierDown()),
        ("carrier: down, for: 24h", CarrierDown(86_400.0)),
        ("any: [{carrier: down}]", AnyOf((CarrierDown(),))),
        (
            "for: 3s, all: [{failures: 2, for: 1s}, {any: [{carrier: down}, {failures: 9}]}]",
            AllOf(
                (
                    ConsecutiveFailures("p", 2, 1.0),
                    AnyOf((CarrierDown(), ConsecutiveFailures("p", 9))),
                ),
                3.0,
            ),
        ),
    ],
)
def test_a_fail_condition(written: str, meant: Condition) -> None:
    assert a_rule(f"fail: {{{written}}}").rules[0].fail == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("stable: 5s", Recover(5.0)),
        ("successes: 5", Recover(60.0, ConsecutiveSuccesses("p", 5))),
        ("loss: 0%, over: 60s, stable: 0s", Recover(0.0, Within(LOSS, "p", 0.0, 60.0))),
        ("latency: 100ms, over: 1m, for: 2s", Recover(60.0, Within(LATENCY, "p", 0.1, 60.0, 2.0))),
        ("jitter: 20ms, over: 1m", Recover(60.0, Within(JITTER, "p", 0.02, 60.0))),
        ("carrier: up, stable: 10s", Recover(10.0, CarrierUp())),
        (
            "stable: 9s, all: [{successes: 2}, {any: [{carrier: up, for: 1s}]}]",
            Recover(9.0, AllOf((ConsecutiveSuccesses("p", 2), AnyOf((CarrierUp(1.0),))))),
        ),
    ],
)
def test_a_recover_condition(written: str, meant: Recover) -> None:
    assert a_rule(f"fail: {{failures: 3}}, recover: {{{written}}}").rules[0].recover == meant


def test_a_rule_about_the_carrier_may_recover_by_its_probe() -> None:
    rule = a_rule("probe: p, fail: {carrier: down}, recover: {successes: 2}").rules[0]
    assert (rule.fail, rule.recover) == (
        CarrierDown(),
        Recover(60.0, ConsecutiveSuccesses("p", 2)),
    )


THREE = """\
version: 1
uplinks:
  fibre: {interface: eth0, gateway: 192.0.2.1}
  lte: {interface: eth1, gateway: 192.0.2.1}
  sat: {interface: eth2, gateway: 192.0.2.1}
probes:
  everywhere: {type: icmp}
  wired: {type: icmp, uplinks: [lte, fibre]}
  slow: {type: icmp, uplinks: [sat, lte]}
rules:
  - {name: x, probe: everywhere, fail: {any: [{failures: 3}, {failures: 1, probe: wired}]}}
  - {name: y, probe: slow, fail: {failures: 3}}
"""


def test_a_condition_may_name_its_own_probe() -> None:
    fail = the_policy(THREE).rules[0].fail
    assert fail == AnyOf((ConsecutiveFailures("everywhere", 3), ConsecutiveFailures("wired", 1)))


@pytest.mark.parametrize(
    ("rule", "judged"),
    [
        ("fail: {carrier: down}", None),
        ("uplinks: [sat], fail: {carrier: down}", ("sat",)),
        ("probe: everywhere, fail: {failures: 3}", None),
        ("probe: wired, fail: {failures: 3}", ("fibre", "lte")),
        ("uplinks: [sat, fibre], probe: everywhere, fail: {failures: 3}", ("fibre", "sat")),
        ("probe: wired, fail: {failures: 3}, recover: {successes: 2, probe: slow}", ("lte",)),
        ("fail: {any: [{failures: 3, probe: slow}, {carrier: down}]}", ("lte", "sat")),
    ],
)
def test_a_rule_judges_the_uplinks_it_names_or_those_of_all_its_probes(
    rule: str, judged: tuple[str, ...] | None
) -> None:
    policy = the_policy(f"{THREE}  - {{name: z, {rule}}}\n")
    assert policy.rules[-1].uplinks == judged


def test_the_uplinks_of_a_probe_stand_in_order_of_preference() -> None:
    probes = the_policy(THREE).probes
    assert [probe.uplinks for probe in probes] == [None, ("fibre", "lte"), ("lte", "sat")]


def test_a_probe_asks_targets_of_the_families_that_its_uplinks_have() -> None:
    policy = the_policy(
        "version: 1\nuplinks:\n"
        "  a: {interface: eth0, gateway: 192.0.2.1}\n"
        "  b: {interface: eth0, gateway: fe80::1}\n"
        "probes:\n"
        "  p: {type: icmp, uplinks: [b]}\n"
        "  q: {type: icmp, uplinks: [a], targets: [198.51.100.1, 198.51.100.2], quorum: 2}\n"
    )
    assert [[str(target) for target in probe.targets] for probe in policy.probes] == [
        ["2001:4860:4860::8888"],
        ["198.51.100.1", "198.51.100.2"],
    ]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("min_stay: 0s", HoldBack()),
        ("min_stay: 90s", HoldBack(90.0)),
        ("switches_per_hour: 1", HoldBack(0.0, 1)),
        (
            "damping: {half_life: 15m, suppress: 2, reuse: 1}",
            HoldBack(0.0, None, Damping(900.0, 2, 1, 3600.0)),
        ),
    ],
)
def test_what_holds_back(written: str, meant: HoldBack) -> None:
    assert the_policy(with_uplink(f"hold_back: {{{written}}}")).hold_back == meant


def test_nothing_holds_back_unless_it_is_written() -> None:
    assert the_policy(with_uplink("")).hold_back == HoldBack()
