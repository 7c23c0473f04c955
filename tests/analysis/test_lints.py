"""Every doubt: a policy that raises it, where, and one that does not."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import route_switcher.analysis
from route_switcher.analysis.lints.registry import lints_of
from route_switcher.policy.load import read_policy, read_policy_text, shipped_policies
from route_switcher.policy.problems import PolicyProblems, Severity

WARNING, NOTE = Severity.WARNING, Severity.NOTE
FAMILIES = "[192.0.2.1, 192.0.2.2, '2001:db8::1', '2001:db8::2']"


def written(
    rules: str = "{name: r, fail: {failures: 3}}",
    probe: str = "targets: [192.0.2.1, 192.0.2.2]",
    *,
    uplinks: str = "",
    probes: str = "",
    more: str = "",
) -> str:
    """A policy of two uplinks and one probe; rules are separated by line breaks."""
    listed = "".join(f"  - {rule}\n" for rule in rules.splitlines())
    return (
        "version: 1\n"
        "uplinks:\n"
        f"  a: {{interface: eth0, gateway: 198.51.100.1}}\n"
        f"  b: {{interface: eth1, gateway: 203.0.113.1}}\n{uplinks}"
        f"probes:\n  p: {{type: icmp, {probe}}}\n{probes}"
        f"rules:\n{listed}{more}"
    )


def found(text: str) -> PolicyProblems:
    return lints_of(read_policy_text(text, "policy.yaml"))


@dataclass(frozen=True)
class Case:
    code: str
    severity: Severity
    raises: str
    """Raises it, and nothing else of this code."""
    at: str
    """What is underlined."""
    says: str
    """A part of the message, and it must have no other line."""
    fine: str = field(default_factory=written)
    """Does not raise it."""


def running(program: str) -> str:
    return written(more=f"hooks:\n  on_switch:\n    - run: [{program}, it]\n")


ALONE = "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 198.51.100.1}\n"
HELD_BACK = "hold_back: {min_stay: 5m}\n"

CASES = [
    Case(
        "nothing-to-hold-back",
        NOTE,
        f"{ALONE}{HELD_BACK}",
        at="hold_back",
        says="nothing is held back",
        fine=written(more=HELD_BACK),
    ),
    Case(
        "nothing-to-hold-back",
        NOTE,
        f"{ALONE}  b: {{interface: eth1, gateway: 203.0.113.1, enabled: false}}\n{HELD_BACK}",
        at="hold_back",
        says="that is switched on",
    ),
    Case(
        "alike-names",
        NOTE,
        written(uplinks="  A: {interface: eth2, gateway: 198.51.100.9}\n"),
        at="A",
        says="'A' and 'a' differ by case alone, and are two uplinks",
        fine=written(uplinks="  aa: {interface: eth2, gateway: 198.51.100.9}\n"),
    ),
    Case(
        "alike-names",
        NOTE,
        written("{name: r, fail: {failures: 3}}\n{name: R, fail: {loss: 50%, over: 1m}}"),
        at="R",
        says="and are two rules",
    ),
    Case(
        "alike-names",
        NOTE,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: P, fail: {failures: 3}}",
            probes="  P: {type: icmp, targets: [192.0.2.3, 192.0.2.4]}\n",
        ),
        at="P",
        says="and are two probes",
    ),
    Case(
        "says-nothing",
        NOTE,
        written("{name: r, fail: {any: [{failures: 3}, {failures: 5}]}}"),
        at="{failures: 5}",
        says="an easier one holds beside it",
        fine=written("{name: r, fail: {any: [{failures: 3}, {loss: 50%, over: 1m}]}}"),
    ),
    Case(
        "says-nothing",
        NOTE,
        written("{name: r, fail: {all: [{loss: 20%, over: 1m}, {loss: 50%, over: 1m}]}}"),
        at="{loss: 20%, over: 1m}",
        says="a harder one is asked for beside it",
        fine=written("{name: r, fail: {all: [{loss: 20%, over: 1m}, {loss: 50%, over: 30s}]}}"),
    ),
    Case(
        "says-nothing",
        NOTE,
        written("{name: r, fail: {any: [{failures: 3}, {failures: 3}]}}"),
        at="{failures: 3}",
        says="stands here twice",
        fine=written("{name: r, fail: {any: [{failures: 3}, {failures: 2, for: 1m}]}}"),
    ),
    Case(
        "shadowed",
        NOTE,
        written("{name: r, fail: {failures: 3}}\n{name: s, fail: {failures: 3}}"),
        at="fail",
        says="s has no effect: r asks for the same",
        fine=written(
            "{name: r, uplinks: [a], fail: {failures: 3}}\n"
            "{name: s, uplinks: [b], fail: {failures: 3}}"
        ),
    ),
    Case(
        "private-targets",
        NOTE,
        written(probe="targets: [10.0.0.1, 192.168.7.1]"),
        at="10.0.0.1",
        says="10.0.0.1 is a private address, and no probe asks another",
        fine=written(probe="targets: [10.0.0.1, 192.0.2.1]"),
    ),
    Case(
        "never-fails",
        WARNING,
        written("{name: r, fail: {any: [{failures: 3}, {latency: 2s, over: 1m}]}}"),
        at="2s",
        says="a latency above 2 s is never seen",
    ),
    Case(
        "low-port",
        WARNING,
        written(more="metrics: {listen: 127.0.0.1:900}\n"),
        at="127.0.0.1:900",
        says="only root may listen on port 900",
        fine=written(more="metrics: {listen: 127.0.0.1:1024}\n"),
    ),
    Case(
        "no-program",
        NOTE,
        running("/no/such/program"),
        at="/no/such/program",
        says="is not there on this machine",
        fine=running("/bin/sh"),
    ),
    Case(
        "no-program",
        NOTE,
        running("/etc/passwd"),
        at="/etc/passwd",
        says="is not executable",
        fine=running("/bin/sh"),
    ),
    Case(
        "no-program",
        NOTE,
        running("/bin"),
        at="/bin",
        says="is no file",
        fine=running("/bin/sh"),
    ),
    Case(
        "much-memory",
        NOTE,
        written(
            # The second looks at the window of the first.
            "{name: r, fail: {loss: 20%, over: 1h}}\n"
            "{name: s, fail: {latency: 1s, over: 1h}, recover: {loss: 2%, over: 1h, stable: 0s}}",
            "targets: [192.0.2.1, 192.0.2.2], interval: 20ms, timeout: 20ms",
        ),
        at="rules",
        says="37 MB",
        fine=written("{name: r, fail: {loss: 20%, over: 1h}}"),
    ),
    Case(
        "looks-back",
        NOTE,
        written(
            "{name: r, fail: {latency: 90ms, over: 30s},"
            " recover: {latency: 40ms, over: 1m, stable: 10s}}"
        ),
        "1m",
        "for 60 s after a failure, answers from before it count",
        written(
            "{name: r, fail: {latency: 90ms, over: 30s}, recover: {all: [{latency: 40ms,"
            " over: 1m}, {loss: 2%, over: 1m}], stable: 10s}}"
        ),
    ),
    Case(
        "says-nothing",
        NOTE,
        written("{name: r, fail: {failures: 3}, recover: {carrier: up, stable: 10s}}"),
        "up",
        "adds nothing",
        written("{name: r, fail: {failures: 3}, recover: {carrier: up, for: 9s, stable: 5s}}"),
    ),
    Case(
        "never-fails",
        WARNING,
        written("{name: r, fail: {any: [{failures: 3}, {latency: 2s, over: 30s}]}}"),
        "2s",
        "a latency above 2 s is never seen: answers that take longer than the timeout of 1 s",
        written("{name: r, fail: {any: [{failures: 3}, {latency: 900ms, over: 30s}]}}"),
    ),
    Case(
        "never-fails",
        WARNING,
        written(
            "{name: r, fail: {failures: 3}}\n"
            "{name: both, fail: {all: [{failures: 10}, {jitter: 100ms, over: 10s}]}}"
        ),
        "{jitter: 100ms, over: 10s}",
        "after 10 failed rounds nothing has answered for 10 s",
        written(
            "{name: r, fail: {failures: 3}}\n"
            "{name: both, fail: {all: [{failures: 10}, {jitter: 100ms, over: 12s}]}}"
        ),
    ),
    Case(
        "contradiction",
        WARNING,
        written("{name: r, fail: {loss: 20%, over: 30s}, recover: {loss: 30%, over: 30s}}"),
        "30%",
        "it fails above a loss of 20 % and recovers at up to 30 %",
        written("{name: r, fail: {loss: 20%, over: 30s}, recover: {loss: 10%, over: 30s}}"),
    ),
    Case(
        "no-margin",
        NOTE,
        written(
            "{name: r, fail: {failures: 3}}\n"
            "{name: s, fail: {latency: 90ms, over: 30s}, recover: {latency: 90ms, over: 9s}}"
        ),
        "90ms",
        "it fails and recovers at the same latency, 90 ms",
        written(
            "{name: r, fail: {failures: 3}}\n"
            "{name: s, fail: {latency: 90ms, over: 30s}, recover: {latency: 50ms, over: 9s}}"
        ),
    ),
    Case(
        "one-round-decides",
        WARNING,
        written("{name: r, fail: {loss: 10%, over: 5s}}"),
        "5s",
        "5 s hold 5 rounds, so one lost round is 20 %, above the limit of 10 %",
        written("{name: r, fail: {loss: 10%, over: 20s}}"),
    ),
    Case(
        "coarse-window",
        NOTE,
        written("{name: r, fail: {loss: 30%, over: 5s}}"),
        "5s",
        "5 s hold 5 rounds, so one lost round is 20 %",
        written("{name: r, fail: {loss: 30%, over: 10s}}"),
    ),
    Case(
        "coarse-window",
        NOTE,
        written("{name: r, fail: {loss: 30%, over: 30s}, recover: {loss: 2%, over: 20s}}"),
        "20s",
        "at most 2 % lost means none lost",
        written("{name: r, fail: {loss: 30%, over: 30s}, recover: {loss: 0%, over: 20s}}"),
    ),
    Case(
        "standby-too-sparse",
        WARNING,
        written(
            "{name: r, fail: {loss: 20%, over: 30s}}",
            "targets: [192.0.2.1, 192.0.2.2], standby_interval: 10s",
        ),
        "30s",
        "asked every 10 s: one lost round counts as 10 s of loss, above 20 %",
        written(
            "{name: r, fail: {loss: 20%, over: 30s}}",
            "targets: [192.0.2.1, 192.0.2.2], standby_interval: 5s",
        ),
    ),
    Case(
        "standby-too-sparse",
        WARNING,
        written(
            "{name: r, fail: {failures: 3}}\n{name: s, fail: {latency: 90ms, over: 20s}}",
            "targets: [192.0.2.1, 192.0.2.2], standby_interval: 30s",
        ),
        "20s",
        "a window of 20 s holds one round",
        written(
            "{name: r, fail: {failures: 3}}\n{name: s, fail: {latency: 90ms, over: 2m}}",
            "targets: [192.0.2.1, 192.0.2.2], standby_interval: 30s",
        ),
    ),
    Case(
        "fails-by-chance",
        WARNING,
        written("{name: r, fail: {failures: 1}}"),
        "fail",
        "at 1 % random loss r fails a working uplink 2",
        written("{name: r, fail: {failures: 2}}"),
    ),
    Case(
        "comes-back-at-once",
        WARNING,
        written("{name: r, fail: {failures: 3}, recover: {stable: 0s}}"),
        "0s",
        "r recovers with the first good round",
        written(
            "{name: r, fail: {failures: 3}, recover: {stable: 0s}}",
            more="hold_back: {min_stay: 2m}",
        ),
    ),
    Case(
        "hardly-recovers",
        WARNING,
        written("{name: r, fail: {failures: 3}, recover: {stable: 1h}}", "targets: [192.0.2.1]"),
        "1h",
        "60 min without a failed round take as good as never",
        written("{name: r, fail: {failures: 3}, recover: {stable: 1h}}"),
    ),
    Case(
        "hardly-recovers",
        WARNING,
        written(
            "{name: r, fail: {loss: 20%, over: 30s}, recover: {loss: 0%, over: 15m}}",
            "targets: [192.0.2.1]",
        ),
        "0%",
        "at 1 % random loss, at most 0 % over 15 min is kept 0.0",
        written(
            "{name: r, fail: {loss: 20%, over: 30s}, recover: {loss: 2%, over: 15m}}",
            "targets: [192.0.2.1]",
        ),
    ),
    Case(
        "shadowed",
        NOTE,
        written("{name: r, fail: {failures: 3}}\n{name: s, fail: {failures: 5}}"),
        "fail",
        "s has no effect: r always fails sooner",
        written(
            "{name: r, fail: {failures: 3}}\n{name: s, fail: {failures: 5}, recover: {stable: 5m}}"
        ),
    ),
    Case(
        "shadowed",
        NOTE,
        written(
            "{name: r, fail: {loss: 20%, over: 1m}}\n"
            "{name: s, uplinks: [b], fail: {loss: 30%, over: 1m}}"
        ),
        "fail",
        "s has no effect: r always fails sooner",
        written(
            "{name: r, uplinks: [a], fail: {loss: 20%, over: 1m}}\n"
            "{name: s, uplinks: [b], fail: {loss: 30%, over: 1m}}"
        ),
    ),
    Case(
        "one-target",
        NOTE,
        written(probe="targets: [8.8.8.8]"),
        "8.8.8.8",
        "8.8.8.8 is the only target through a and b",
    ),
    Case(
        "larger-than-ethernet",
        WARNING,
        written(probe="targets: [192.0.2.2, 192.0.2.3], size: 1473"),
        "1473",
        "over IPv4 that is a packet of 1501 bytes, and common lines take 1500",
        written(probe="targets: [192.0.2.2, 192.0.2.3], size: 1472"),
    ),
    Case(
        "unpinned-program",
        NOTE,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: q, fail: {failures: 3}}",
            probes="  q: {type: exec, run: [/bin/true]}\n",
        ),
        "/bin/true",
        "the engine cannot check if '/bin/true' uses the uplink that it runs for",
    ),
    Case(
        "first-hop-only",
        WARNING,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: q, fail: {failures: 3}}",
            probes="  q: {type: echo, timeout: 100ms}\n",
        ),
        "fail",
        "s asks the gateway alone",
    ),
    Case(
        "repeated-target",
        NOTE,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: q, fail: {failures: 3}}",
            probes="  q: {type: icmp, targets: [192.0.2.2, 192.0.2.3]}\n",
        ),
        "192.0.2.2",
        "192.0.2.2 is asked by p already",
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: q, fail: {failures: 3}}",
            "targets: [192.0.2.2], uplinks: [a]",
            probes="  q: {type: icmp, targets: [192.0.2.2, 192.0.2.3], uplinks: [b]}\n",
        ),
    ),
    Case(
        "gateway-as-target",
        WARNING,
        written(probe="targets: [192.0.2.1, 203.0.113.1]"),
        "203.0.113.1",
        "203.0.113.1 is the gateway of b: it answers though the internet behind it is gone",
    ),
    Case(
        "unused-speed",
        NOTE,
        written(
            "{name: r, fail: {loss: 20%, over: 30s}}",
            "targets: [192.0.2.1, 192.0.2.2], fast_interval: 300ms",
        ),
        "300ms",
        "the fast interval is never used: no rule counts its failures",
        written(probe="targets: [192.0.2.1, 192.0.2.2], fast_interval: 300ms"),
    ),
    Case(
        "unused-speed",
        NOTE,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: six, fail: {failures: 3}}",
            "targets: [192.0.2.1, 192.0.2.2], uplinks: [a, b]",
            uplinks="  c: {interface: eth2, gateway: 'fe80::1'}\n",
            probes="  six: {type: icmp, targets: ['2001:db8::1'], uplinks: [c],"
            " standby_interval: 5s}\n",
        ),
        "5s",
        "the standby interval is never used",
        written(probe="targets: [192.0.2.1, 192.0.2.2], standby_interval: 5s"),
    ),
    Case(
        "costly-standby",
        NOTE,
        written(uplinks="  lte: {interface: wwan0, gateway: 192.0.2.9}\n"),
        "lte",
        "on standby, the probes of lte take 456 MB a month",
        written(uplinks="  dsl: {interface: eth2, gateway: 192.0.2.9}\n"),
    ),
    Case(
        "costly-standby",
        NOTE,
        written(
            probe="targets: [192.0.2.1, 192.0.2.2, '2001:db8::1', '2001:db8::2']",
            uplinks="  lte: {interface: wwan0, gateway: auto, families: [ipv4, ipv6]}\n"
            "  six: {interface: eth5, gateway: auto, families: [ipv6]}\n",
        ),
        "lte",
        # In IPv6 it comes first, so there it does not stand by.
        "on standby, the probes of lte take 456 MB a month",
        written(
            probe="targets: [192.0.2.1, 192.0.2.2, '2001:db8::1', '2001:db8::2']",
            uplinks="  dsl: {interface: eth2, gateway: auto, families: [ipv4, ipv6]}\n",
        ),
    ),
    Case(
        "no-gateway-on-ethernet",
        WARNING,
        written(uplinks="  c: {interface: enp3s0, gateway: none}\n"),
        "none",
        "enp3s0 looks like an Ethernet",
        written(uplinks="  c: {interface: ppp0, gateway: none}\n"),
    ),
    Case(
        "no-gateway-on-ethernet",
        WARNING,
        written(
            probe="targets: [192.0.2.1, 192.0.2.2, '2001:db8::1', '2001:db8::2']",
            uplinks="  c: {interface: eth7, gateway: {ipv4: none, ipv6: none}}\n"
            "  d: {interface: eth8, gateway: {ipv4: auto, ipv6: auto}}\n",
        ),
        "{ipv4: none, ipv6: none}",
        "eth7 looks like an Ethernet",
    ),
    Case(
        "auto-on-point-to-point",
        NOTE,
        written(uplinks="  c: {interface: ppp0, gateway: auto}\n"),
        "auto",
        "ppp0 looks like a point-to-point link",
        written(uplinks="  c: {interface: eth2, gateway: auto}\n"),
    ),
    Case(
        "auto-on-point-to-point",
        NOTE,
        written(
            probe=f"targets: {FAMILIES}",
            uplinks="  c: {interface: wg0, gateway: {ipv4: none, ipv6: auto}}\n",
        ),
        "{ipv4: none, ipv6: auto}",
        "wg0 looks like a point-to-point link",
        written(
            probe=f"targets: {FAMILIES}",
            uplinks="  c: {interface: ppp0, gateway: {ipv4: none, ipv6: auto}}\n",
        ),
    ),
    Case(
        "learned-in-main",
        NOTE,
        written(uplinks="  c: {interface: eth2, gateway: auto}\n", more="routes: {table: main}\n"),
        "main",
        "the default routes from which the gateway of c is learned stand in main too",
        written(uplinks="  c: {interface: eth2, gateway: auto}\n"),
    ),
    Case(
        "restore-lets-traffic-out",
        WARNING,
        written(
            more="routes: {table: own, when_all_down: unreachable}\non_exit: restore\n",
        ),
        "restore",
        "while the engine is stopped, or restarts, traffic takes the default route of somebody",
        written(more="routes: {table: own, when_all_down: unreachable}\n"),
    ),
    Case(
        "one-family",
        NOTE,
        written(more="families_move: together\n"),
        "together",
        "no uplink has two families, so nothing moves together",
        written(),
    ),
    Case(
        "unused-source-rules",
        NOTE,
        written(more="routes: {source_rules: false}\n"),
        "source_rules",
        "'source_rules' has no effect: the routes stand in main",
        written(more="routes: {table: own, source_rules: false}\n"),
    ),
    Case(
        "table-of-others",
        NOTE,
        written(more="routes: {table: 51819}\n"),
        "51819",
        "our tables are 51819 to 51821, and wg-quick uses 51820",
        written(more="routes: {table: 51821}\n"),
    ),
    Case(
        "unwatched",
        WARNING,
        written("{name: r, uplinks: [a], fail: {failures: 3}}"),
        "b",
        "no rule judges b: nothing fails it but the loss of its link",
        written("{name: r, uplinks: [a, b], fail: {failures: 3}}"),
    ),
    Case(
        "blind",
        WARNING,
        written("{name: r, uplinks: [a], fail: {failures: 3}}\n{name: s, fail: {carrier: down}}"),
        "b",
        "no rule detects a silent outage of b",
        written("{name: r, fail: {failures: 3}}\n{name: s, fail: {carrier: down}}"),
    ),
    Case(
        "slow-detection",
        NOTE,
        written(
            "{name: r, uplinks: [a], fail: {failures: 70}}\n"
            "{name: s, uplinks: [b], fail: {failures: 3}}"
        ),
        "a",
        "a silent outage of a is detected after 70.5 s, at most 71 s",
        written("{name: r, fail: {failures: 50}}"),
    ),
    Case(
        "slow-detection",
        NOTE,
        written(
            "{name: r, probe: p, fail: {failures: 3}}\n{name: s, probe: q, fail: {failures: 3}}",
            "targets: [192.0.2.1, 192.0.2.2], uplinks: [a]",
            probes="  q: {type: icmp, uplinks: [b], targets: [192.0.2.1, 192.0.2.3],"
            " standby_interval: 30m}\n",
        ),
        "b",
        "an outage of b on standby is detected after up to 30 min 3 s",
    ),
    Case(
        "never-damped",
        WARNING,
        written(more="hold_back: {damping: {half_life: 1m, suppress: 3, reuse: 1}}"),
        "3",
        "no penalty gets above 3: an uplink can fail every 60.5 s at most",
        written(more="hold_back: {damping: {half_life: 10m, suppress: 3, reuse: 1}}"),
    ),
    Case(
        "small-budget",
        NOTE,
        written(more="hold_back: {switches_per_hour: 1}"),
        "1",
        "a failover is a switch too",
        written(more="hold_back: {switches_per_hour: 2}"),
    ),
    Case(
        "doubtful-interface",
        WARNING,
        written(uplinks="  c: {interface: eth2@if5, gateway: 192.0.2.1}\n"),
        "eth2@if5",
        "'eth2@if5' is two names",
    ),
    Case(
        "stable-decides",
        NOTE,
        written("{name: r, fail: {failures: 3}, recover: {successes: 3}}"),
        "3",
        "3 good rounds take 2 s, and the stable time, which is 60s if left out, is longer",
        written("{name: r, fail: {failures: 3}, recover: {successes: 3, stable: 0s}}"),
    ),
    Case(
        "stable-decides",
        NOTE,
        written(
            "{name: r, fail: {failures: 3}, recover: {all: [{successes: 3}, {loss: 2%, over: 2m}],"
            " stable: 30s}}"
        ),
        "3",
        "3 good rounds take 2 s, and the stable time is longer",
        written("{name: r, fail: {failures: 3}, recover: {successes: 90}}"),
    ),
    Case(
        "flaps",
        NOTE,
        written("{name: r, fail: {failures: 3}, recover: {stable: 5s}}"),
        "uplinks",
        "a line that flaps moves traffic up to 1,440 times an hour",
        written(
            "{name: r, fail: {failures: 3}, recover: {stable: 5s}}",
            more="hold_back: {damping: {half_life: 10m, suppress: 3, reuse: 1}}",
        ),
    ),
    Case(
        "flaps",
        NOTE,
        written(
            "{name: r, fail: {failures: 3}, recover: {stable: 0s}}",
            more="hold_back: {min_stay: 10s}",
        ),
        "hold_back",
        "a line that flaps moves traffic up to 720 times an hour",
        written(
            "{name: r, fail: {failures: 3}, recover: {stable: 0s}}",
            more="hold_back: {min_stay: 1m}",
        ),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{CASES.index(case)}")
def test_what_is_doubtful_is_told_once_and_where_it_stands(case: Case) -> None:
    doubts = found(case.raises)
    (doubt,) = [problem for problem in doubts.problems if problem.code == case.code]
    assert doubt.severity is case.severity
    assert doubt.span is not None
    line = case.raises.splitlines()[doubt.span.line - 1]
    assert line[doubt.span.column - 1 : doubt.span.end_column - 1] == case.at
    assert case.says in doubt.message
    assert "\n" not in doubt.message + doubt.hint
    assert doubt.hint


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.code}-{CASES.index(case)}")
def test_what_is_not_doubtful_is_not_told(case: Case) -> None:
    assert case.code not in [problem.code for problem in found(case.fine).problems]


def test_a_plain_policy_raises_no_doubt() -> None:
    assert found(written()).problems == ()


@pytest.mark.parametrize("name", shipped_policies())
def test_shipped_policies_raise_notes_at_most(name: str) -> None:
    severities = {problem.severity for problem in lints_of(read_policy(name)).problems}
    assert severities <= {NOTE}


def test_what_no_file_spells_out_is_told_at_the_uplinks() -> None:
    text = (
        "version: 1\nuplinks:\n"
        "  a: {interface: eth0, gateway: 198.51.100.1}\n"
        "  b: {interface: eth1, gateway: 203.0.113.1}\n"
    )
    (doubt,) = found(text).problems
    assert doubt.code == "one-target"
    assert doubt.span is not None
    assert doubt.span.line == 2


def test_every_code_is_tested() -> None:
    folder = Path(route_switcher.analysis.__path__[0])
    sources = "".join(file.read_text("utf-8") for file in (folder / "lints").glob("*.py"))
    codes = set(re.findall(r'context\.(?:warn|note)\(\s*"([a-z-]+)"', sources))
    assert codes == {case.code for case in CASES} | {"program-of-others"}


def test_a_program_that_others_may_change_is_warned_of(tmp_path: Path) -> None:
    program = tmp_path / "it"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    assert "program-of-others" not in codes_of(found(running(str(program))))
    program.chmod(0o777)
    (doubt,) = (p for p in found(running(str(program))).problems if p.code == "program-of-others")
    assert doubt.severity is WARNING
    assert f"every user may write {program}" in doubt.message
    assert doubt.hint == f"chmod o-w {program}"


def codes_of(problems: PolicyProblems) -> list[str]:
    return [problem.code for problem in problems.problems]


STANDBY = "targets: [192.0.2.1, 192.0.2.2], standby_interval: 30s"
LOSSY = "fail: {loss: 20%, over: 30s}"


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        (
            written(f"{{name: r, {LOSSY}}}", STANDBY),
            "write a 'standby_interval' of at most 6s, a longer window, a probe of its own for b"
            " ('uplinks: [b]') or 'uplinks' for the rule",
        ),
        (
            written(f"{{name: r, uplinks: [a, b], {LOSSY}}}", STANDBY),
            "write a 'standby_interval' of at most 6s, a longer window or a probe of its own for b"
            " ('uplinks: [b]')",
        ),
        (
            written(
                f"{{name: q, fail: {{failures: 3}}, probe: p}}\n{{name: r, probe: own, {LOSSY}}}",
                probes=f"  own: {{type: icmp, uplinks: [b], {STANDBY}}}\n",
            ),
            "write a 'standby_interval' of at most 6s or a longer window",
        ),
        (
            written(
                f"{{name: r, {LOSSY}}}",
                STANDBY,
                uplinks="  c: {interface: eth2, gateway: 192.0.2.9}\n",
            ),
            "write a 'standby_interval' of at most 6s, a longer window, a probe of their own for b"
            " and c ('uplinks: [b, c]') or 'uplinks' for the rule",
        ),
    ],
)
def test_what_stands_by_may_be_given_a_probe_of_its_own(text: str, hint: str) -> None:
    (problem,) = [p for p in found(text).problems if p.code == "standby-too-sparse"]
    assert problem.hint == hint


@pytest.mark.parametrize(
    ("probe", "hint"),
    [
        (
            "type: icmp, targets: [8.8.8.8]",
            "a second one, for example 'targets: [8.8.8.8, 1.1.1.1]'",
        ),
        # Others have neither this page nor, perhaps, this port open.
        (
            "type: http, url: 'http://www.example.net/'",
            "another probe beside it, for example 'type: icmp, targets: [1.1.1.1]'",
        ),
        (
            "type: tcp, port: 22, targets: [192.0.2.1]",
            "another probe beside it, for example 'type: icmp, targets: [1.1.1.1]'",
        ),
    ],
)
def test_a_second_target_is_one_that_can_answer(probe: str, hint: str) -> None:
    text = written().replace("type: icmp, targets: [192.0.2.1, 192.0.2.2]", probe)
    (problem,) = [p for p in found(text).problems if p.code == "one-target"]
    assert problem.hint == f"write {hint}"


@pytest.mark.parametrize(
    ("rules", "hint"),
    [
        ("{name: r, fail: {loss: 10%, over: 40m}}", "write 'failures'"),
        ("{name: r, fail: {loss: 90%, over: 40m}}", "write a shorter interval into the probe"),
        (
            "{name: r, fail: {failures: 3}, recover: {loss: 1%, over: 40m}}",
            "write 'loss: 0%' if that is meant, or a higher loss",
        ),
    ],
)
def test_no_window_is_recommended_that_a_policy_may_not_have(rules: str, hint: str) -> None:
    slow = "targets: [192.0.2.1, 192.0.2.2], interval: 10m"
    hints = [
        p.hint
        for p in found(written(rules, slow)).problems
        if "window" in p.code or "round" in p.code
    ]
    assert hints == [hint]


@pytest.mark.parametrize(
    ("name", "interface", "told"),
    [
        ("b", "wwan0", True),
        ("b", "wwx0123456789ab", True),
        ("b", "wws27u1i4", True),
        ("b", "lte0", True),
        ("b", "qmimux0", True),
        ("b", "enx0123456789ab", True),
        ("b", "usb0", True),
        ("lte", "eth1", True),
        ("5g", "eth1", True),
        ("backup-4G", "eth1", True),
        ("mobile_1", "eth1", True),
        ("sim2", "eth1", True),
        ("phone", "wlan0", True),
        ("hotspot", "wlan0", True),
        ("metered", "eth1", True),
        ("iridium", "eth1", True),
        ("b", "ccmni0", True),
        ("b", "mhi_hwip0", True),
        ("filter", "eth1", False),
        ("b", "eth1", False),
        ("dsl", "wlan0", False),
        ("simple", "enp3s0", False),
        ("cellar", "eth1", False),
    ],
)
def test_a_standby_that_costs_is_known_by_its_name_or_its_interface(
    name: str, interface: str, told: bool
) -> None:
    text = written().replace("b: {interface: eth1", f"{name}: {{interface: {interface}")
    assert ("costly-standby" in codes_of(found(text))) is told
