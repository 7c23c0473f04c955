"""An uplink says what is otherwise when a probe goes through it."""

import pytest

from route_switcher.analysis.figures.traffic import bytes_a_month
from route_switcher.analysis.lints.registry import lints_of
from route_switcher.analysis.prose.sentences import explain
from route_switcher.core.vocabulary.checks import IcmpEcho
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.policy.load import load_text, read_policy_text
from support.told import told

BASE = """\
version: 1
uplinks:
  fibre: {{interface: eth0, gateway: 192.0.2.1}}
  lte: {{interface: wwan0, gateway: 198.51.100.1, probes: {{{override}}}}}
probes:
  internet: {{type: icmp, targets: [203.0.113.1, 203.0.113.2], quorum: all, timeout: 500ms}}
  other: {{type: icmp, targets: [203.0.113.9], uplinks: [fibre]}}
rules:
  - {{name: brown, probe: internet, fail: {{loss: 20%, over: 30s}}}}
  - {{name: dead, probe: internet, fail: {{failures: 3}}}}
  - {{name: office, probe: other, fail: {{failures: 3}}}}
"""


def through(override: str, uplink: str = "lte") -> Probe:
    policy = load_text(BASE.format(override=override), "it")
    (probe,) = (p for p in policy.probes_through(uplink) if p.name == "internet")
    return probe


def test_what_is_not_overridden_is_as_the_probe_says() -> None:
    probe = through("internet: {interval: 10s}")
    assert (probe.interval, probe.timeout, probe.down_interval) == (10.0, 0.5, 10.0)
    assert (probe.quorum, [t.name for t in probe.targets]) == (
        "all",
        ["203.0.113.1", "203.0.113.2"],
    )
    assert through("internet: {interval: 10s}", "fibre").interval == 1.0


def test_the_timeout_of_an_echo_follows_an_interval_that_is_overridden() -> None:
    text = BASE.format(override="internet: {interval: 200ms}")
    asked = "type: icmp, targets: [203.0.113.1, 203.0.113.2], quorum: all, timeout: 500ms"
    policy = load_text(text.replace(asked, "type: echo"), "it")
    timeouts = [p.timeout for p in policy.probes if p.name == "internet"]
    assert sorted(timeouts) == [0.1, 0.5]


@pytest.mark.parametrize(
    ("override", "key", "value"),
    [
        ("timeout: 200ms", "timeout", 0.2),
        ("fast_interval: 600ms", "fast_interval", 0.6),
        ("down_interval: 20s", "down_interval", 20.0),
        ("standby_interval: 20s", "standby_interval", 20.0),
        ("quorum: any", "quorum", "any"),
        ("targets: [203.0.113.7]", "targets", ["203.0.113.7"]),
    ],
)
def test_each_key_may_be_overridden(override: str, key: str, value: object) -> None:
    probe, other = through(f"internet: {{{override}}}"), through("internet: {timeout: 499ms}")
    found = [t.name for t in probe.targets] if key == "targets" else getattr(probe, key)
    assert found == value
    assert getattr(other, key) != getattr(probe, key)


def test_the_size_of_pings_may_be_overridden_and_no_other() -> None:
    assert through("internet: {size: 1400}").check == IcmpEcho(1400)
    text = BASE.replace("internet: {{type: icmp,", "internet: {{type: tcp, port: 7,")
    assert told(text.format(override="internet: {size: 1400}")) == [
        "4:70-74 bad-value: the probe 'internet' has no size | only a probe of type icmp has one"
    ]


def test_every_probe_of_every_uplink_is_there_once() -> None:
    policy = load_text(BASE.format(override="internet: {interval: 10s}"), "it")
    names = [[p.name for p in policy.probes_through(name)] for name in policy.names]
    assert names == [["internet", "other"], ["internet"]]
    assert len(policy.rules) == 3


def test_the_default_rules_are_one_for_each_name() -> None:
    text = BASE.format(override="internet: {interval: 10s}")
    policy = load_text(text[: text.index("rules:")], "it")
    assert [rule.name for rule in policy.rules] == ["no-internet", "no-other"]
    assert policy.rules[0].uplinks is None


def test_bytes_a_month_and_the_sentences_follow() -> None:
    policy = load_text(
        BASE.format(override="internet: {interval: 10s, targets: [203.0.113.7], quorum: any}"), "it"
    )
    fibre, lte = policy.uplinks
    assert bytes_a_month(policy, lte) * 30 == bytes_a_month(policy, fibre)
    said = "\n".join(explain(policy))
    assert "internet: every second, 203.0.113.1 and 203.0.113.2 are pinged through fibre" in said
    assert "internet: every 10 s, 203.0.113.7 is pinged through lte" in said


PROBLEMS = {
    "a probe that there is not": (
        "intranet: {interval: 10s}",
        ["4:59-67 unknown-probe: there is no probe 'intranet'", "did you mean 'internet'?"],
    ),
    "a probe that goes elsewhere": (
        "other: {interval: 10s}",
        [
            "4:59-64 not-probed: the probe 'other' does not go through the uplink 'lte'",
            "add the uplink to its 'uplinks', or remove 'other' here",
        ],
    ),
    "an interval below the timeout": (
        "internet: {interval: 300ms}",
        [
            "4:59-67 timeout-above-interval: the timeout 500ms is longer than the interval 300ms",
            "rounds must not overlap: write at most 300ms, or a longer interval",
        ],
    ),
    "a quorum above the targets": (
        "internet: {quorum: 3}",
        [
            "4:78-79 quorum-above-targets: 3 is more than there are IPv4 targets (2)",
            "write all, or at most 2, or add targets",
        ],
    ),
    "targets of another family": (
        "internet: {targets: [2001:db8::1]}",
        [
            "4:70-77 wrong-family: there is no IPv4 target for the IPv4 uplink 'lte'",
            "add one, for example 8.8.8.8",
            "4:80-91 wrong-family: '2001:db8::1' is an IPv6 target, and no uplink of the probe is"
            " IPv6",
            "remove it, or name an uplink of that family",
        ],
    ),
    "an interval above a window": (
        "internet: {interval: 1m}",
        [
            "4:80-82 window-below-interval: the interval 1m is longer than the window 30s of the"
            " rule 'brown'",
            "nothing can be measured in less than one interval: write at most 30s, or a rule for"
            " this uplink alone",
        ],
    ),
    "nothing": (
        "",
        [
            "4:58-60 bad-value: {} is not a mapping of probes",
            "write for example {internet: {interval: 30s}}",
        ],
    ),
    "a key that cannot differ": (
        "internet: {type: icmp}",
        [
            "4:70-74 unknown-key: unknown key 'type'",
            "write 'type' in a probe",
        ],
    ),
}


@pytest.mark.parametrize("name", PROBLEMS)
def test_what_cannot_be_overridden_so(name: str) -> None:
    override, expected = PROBLEMS[name]
    pairs = zip(expected[::2], expected[1::2], strict=True)
    assert told(BASE.format(override=override)) == [f"{p} | {hint}" for p, hint in pairs]


def test_a_note_about_an_overridden_target_stands_at_its_place() -> None:
    override = "internet: {targets: [192.0.2.1], quorum: any}"
    loaded = read_policy_text(BASE.format(override=override), "it")
    (lint,) = (each for each in lints_of(loaded).problems if each.code == "gateway-as-target")
    assert lint.span is not None
    assert lint.span.line == 4
