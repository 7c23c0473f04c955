"""What a person can get wrong about rules, and about everything at once."""

import pytest

from support.told import ROUTER_HINT, check, with_uplink

FAILURES_HINT = "fail after this many failed rounds in a row: a whole number from 1 to 1000"


def a_rule(text: str) -> str:
    """A policy with a good rule, and in line 7 another."""
    return with_uplink(f"rules:\n  - {{name: good, fail: {{failures: 3}}}}\n  - {{{text}}}\n")


RULE = {
    "no name": (
        a_rule("fail: {failures: 3}"),
        [
            "7:5-26 missing-key: a rule needs the key 'name'",
            "write for example 'name: no-internet'",
        ],
    ),
    "a number as name": (
        a_rule("name: 4, fail: {failures: 3}"),
        ["7:12-13 bad-value: 4 is not a name", "put it in quotes to make it text: '4'"],
    ),
    "truth as name": (
        a_rule("name: true, fail: {failures: 3}"),
        ["7:12-16 bad-value: true is not a name", "put it in quotes to make it text: 'true'"],
    ),
    "a name twice": (
        a_rule("name: good, fail: {carrier: down}"),
        [
            "7:12-16 duplicate-name: a rule in line 6 has the name 'good' already",
            "give every rule a name of its own",
        ],
    ),
    "no fail condition": (
        a_rule("name: a"),
        [
            "7:5-14 missing-key: a rule needs the key 'fail'",
            "write for example 'fail: {failures: 3}'",
        ],
    ),
    "an empty fail condition": (
        a_rule("name: a, fail: {}"),
        ["7:21-23 bad-value: {} is not a fail condition", "write for example {failures: 3}"],
    ),
    "a number as fail condition": (
        a_rule("name: a, fail: 3"),
        ["7:21-22 bad-value: 3 is not a fail condition", "write for example {failures: 3}"],
    ),
    "two fail conditions": (
        a_rule("name: a, fail: {failures: 3, carrier: down}"),
        [
            "7:35-42 bad-value: a second condition in one mapping",
            "join them: 'any: [{…}, {…}]' or 'all: [{…}, {…}]'",
        ],
    ),
    "conditions that are not known": (
        a_rule("name: a, fail: {lost: 20%, mostly: []}"),
        [
            "7:22-26 unknown-key: unknown key 'lost'",
            "did you mean 'loss'?",
            "7:33-39 unknown-key: unknown key 'mostly'",
            "the keys known here: failures, loss, latency, jitter, over, carrier, any, all, for,"
            " probe",
        ],
    ),
    "no failures": (
        a_rule("name: a, fail: {failures: 0}"),
        ["7:32-33 bad-value: 0 is not a number of failures", FAILURES_HINT],
    ),
    "too many failures": (
        a_rule("name: a, fail: {failures: 1001}"),
        ["7:32-36 bad-value: 1001 is not a number of failures", FAILURES_HINT],
    ),
    "a carrier that is up": (
        a_rule("name: a, fail: {carrier: up}"),
        [
            "7:31-33 bad-value: 'up' is not a state of the carrier that an uplink fails by",
            "write 'down'",
        ],
    ),
    "a carrier with a probe": (
        a_rule("name: a, probe: internet, fail: {carrier: down}"),
        [
            "7:15-20 bad-value: a rule about the carrier has no probe",
            "remove 'probe': the interface tells of its carrier",
        ],
    ),
    "an empty recover condition": (
        a_rule("name: a, fail: {failures: 3}, recover: {}"),
        ["7:45-47 bad-value: {} is not a recover condition", "write for example {stable: 60s}"],
    ),
    "a stable time without its unit": (
        a_rule("name: a, fail: {failures: 3}, recover: {stable: 60}"),
        ["7:54-56 bad-value: 60 is not a duration", "a unit is missing: write 60s, or 60ms"],
    ),
    "a stable time too long": (
        a_rule("name: a, fail: {failures: 3}, recover: {stable: 31d}"),
        ["7:54-57 out-of-range: 31d is no stable time", "write 0s to 30d"],
    ),
    "two probes for one rule": (
        a_rule("name: a, probe: [a, b], fail: {failures: 3}"),
        [
            "7:22-28 bad-value: this list is not a name",
            "write one name; for another probe write a rule of its own",
        ],
    ),
    "several conditions that nothing joins": (
        a_rule("name: a, probe: internet, fail: [{failures: 3}, {failures: 4}]"),
        [
            "7:38-68 bad-value: this list is not a fail condition",
            "join several conditions: {any: [{…}, {…}]} or {all: [{…}, {…}]}",
        ],
    ),
    "a misspelt probe": (
        a_rule("name: a, probe: Intrnet, fail: {failures: 3}"),
        ["7:22-29 unknown-probe: there is no probe 'Intrnet'", "did you mean 'internet'?"],
    ),
    "only the carrier": (
        with_uplink("rules:\n  - {name: a, fail: {carrier: down}}\n"),
        [
            "5:1-6 unused-probe: no rule uses the probe 'internet'",
            "add a rule such as '{name: no-internet, probe: internet, fail: {failures: 3}}'",
        ],
    ),
    "a probe that nothing uses": (
        with_uplink(
            "probes:\n  p: {type: icmp}\n  q: {type: icmp}\n"
            "rules:\n  - {name: a, probe: p, fail: {failures: 3}}\n"
        ),
        [
            "7:3-4 unused-probe: no rule uses the probe 'q'",
            "add a rule such as '{name: no-q, probe: q, fail: {failures: 3}}', or remove it",
        ],
    ),
    "a rule that could mean either of two probes": (
        with_uplink(
            "probes:\n  p: {type: icmp}\n  q: {type: icmp}\n"
            "rules:\n  - name: a\n    fail: {failures: 3}\n"
        ),
        [
            "9:5-9 missing-key: a rule about rounds needs the key 'probe'"
            " where there are several probes",
            "write one of: p, q",
        ],
    ),
    "probes that are not known are not missed": (
        with_uplink(
            "probe:\n  p: {type: icmp}\nrules:\n  - {name: a, probe: p, fail: {failures: 3}}\n"
        ),
        ["5:1-6 unknown-key: unknown key 'probe'", "did you mean 'probes'?"],
    ),
}


@pytest.mark.parametrize("case", RULE.values(), ids=RULE)
def test_a_rule(case: tuple[str, list[str]]) -> None:
    check(*case)


def test_problems_of_every_kind_come_at_once_and_in_order() -> None:
    check(
        """\
        version: 1
        uplinks:
          a: {interface: eth0, gateway: 127.0.0.1}
          b: {interface: eth1, gatway: 192.0.2.1}
          b: {interface: eth2, gateway: 192.0.2.2}
        probes:
          p: {type: icmp, interval: 10ms, timeout: 1s, targets: [1.1]}
        rules:
          - {name: a, probe: q, fail: {failures: three}}
        """,
        [
            "3:33-42 bad-address: '127.0.0.1' is a loopback address, this machine itself",
            ROUTER_HINT,
            "4:24-30 unknown-key: unknown key 'gatway'",
            "did you mean 'gateway'?",
            "5:3-4 duplicate-key: duplicate key 'b'",
            "it is in line 4 already: keep one of the two",
            "7:44-46 timeout-above-interval: the timeout 1s is longer than the interval 10ms",
            "rounds must not overlap: write at most 10ms, or a longer interval",
            "7:58-61 bad-address: '1.1' is not an IP address",
            "write the address or name of a host that answers pings",
            "9:22-23 unknown-probe: there is no probe 'q'",
            "the probes are: p",
            "9:42-47 bad-value: 'three' is not a number of failures",
            "write 3",
        ],
    )
