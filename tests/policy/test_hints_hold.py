"""A hint that names what to write names something that is not refused next.

A policy that has nearly every key is spoilt at one place. Each value that a hint names is written
there; then nothing may be wrong with that place.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from route_switcher.policy.load import load_text
from route_switcher.policy.problems import PolicyProblems, Problem, Severity

TYPES: dict[str, dict[str, Any]] = {
    "p": {"type": "icmp", "targets": ["8.8.8.8", "2001:db8::8"], "size": 1400, "quorum": "any"},
    "t": {"type": "tcp", "targets": ["8.8.8.8"], "port": 443, "refused": "good", "uplinks": ["a"]},
    "h": {
        "type": "http",
        "url": "http://www.example.net/x",
        "status": 204,
        "body": "ok",
        "resolver": ["9.9.9.9", "2620:fe::fe"],
        "header": "Server: nginx",
    },
    "d": {
        "type": "dns",
        "uplinks": ["a"],
        "targets": ["8.8.8.8"],
        "name": "example.net",
        "record": "A",
        "value": ["203.0.113.1"],
    },
    "n": {"type": "neighbour"},
    "e": {"type": "echo", "interval": "20ms", "timeout": "20ms"},
    "x": {"type": "exec", "run": ["/bin/true"], "interval": "10s", "timeout": "5s"},
}
TIMES: dict[str, Any] = {
    "interval": "1s",
    "timeout": "500ms",
    "fast_interval": "500ms",
    "down_interval": "5s",
    "standby_interval": "10s",
}
POLICY: dict[str, Any] = {
    "version": 1,
    "uplinks": {
        "a": {
            "interface": "eth0",
            "gateway": "198.51.100.1",
            "metric": 10,
            "carrier": "ignore",
            "enabled": True,
            "onlink": True,
            "probes": {"p": {"targets": ["9.9.9.9"], "quorum": "any", "size": 1200, **TIMES}},
        },
        "b": {"interface": "eth1", "gateway": "auto", "families": ["ipv4", "ipv6"]},
        "c": {"interface": "eth2", "gateway": {"ipv4": "203.0.113.1", "ipv6": "2001:db8::1"}},
    },
    "probes": {**TYPES, "p": {**TYPES["p"], **TIMES, "uplinks": ["a", "b", "c"]}},
    "rules": [
        {
            "name": "r",
            "probe": "p",
            "uplinks": ["a", "b"],
            "fail": {"failures": 3},
            "recover": {"successes": 3, "stable": "0s"},
        },
        {
            "name": "l",
            "probe": "p",
            "fail": {
                "any": [
                    {"loss": "20%", "over": "1m", "for": "5s"},
                    {"latency": "200ms", "over": "1m"},
                    {"jitter": "50ms", "over": "1m"},
                ]
            },
            "recover": {"loss": "5%", "over": "1m", "stable": "60s"},
        },
        *({"name": f"no-{name}", "probe": name, "fail": {"failures": 3}} for name in "thdnex"),
        {"name": "k", "fail": {"carrier": "down", "for": "2s"}, "recover": {"carrier": "up"}},
    ],
    "routes": {
        "table": "own",
        "source_rules": True,
        "also": ["198.18.0.0/15"],
        "when_all_down": "unreachable",
    },
    "hold_back": {
        "min_stay": "3m",
        "switches_per_hour": 4,
        "fail_back": "automatic",
        "damping": {"half_life": "15m", "suppress": 3, "reuse": 1, "max_hold": "1h"},
    },
    "after_switch": {"conntrack": "previous"},
    "hooks": {
        "on_switch": [{"run": ["/bin/true", "x"], "timeout": "30s", "attempts": 3}],
        "on_uplink_down": [{"run": ["/bin/true"]}],
    },
    "control": {"group": "adm"},
    "families_move": "separately",
    "metrics": {"listen": "127.0.0.1:9000"},
    "on_exit": "keep",
    "journal": {"size": "64MB"},
    "track_file": "/run/it",
    "ignore_linkdown": False,
}
ODD = [
    *("1 day", "1.5h", "90 s", "P1D", "1:30", "1h 30m", "0.5d", "1w", "90", "1.5", "0", "1e3"),
    *("'1,5s'", "500 ms", "5S", "1M", "-5s", "1m30", "365d", "2 weeks", "'3'", "3600"),
    "1 min 30 s",
    *("64MB", "64 MB", "64M", "64MiB", "500K", "1g", "none", "off", "on", "yes", "no", "~", "true"),
    *("false", "''", "auto", "any", "Any", "both", "all", "4", "6", "v4", "IPv6", "dual", "ping"),
    *("https", "arp", "script", "flush", "drop", "never", "main", "254", "20", "0.2", "20 %"),
    *("120%", "20,5%", "8.8.8.8", "'8.8.8.8, 1.1.1.1'", "9.9.9.10:53", "8.8.8.8/32", "a", "'a, b'"),
    *("[]", "[a]", "{a: 1}", "eth0", "eth0:1", "' eth1'", "a b", "/bin/true", "'/bin/it now'"),
    *("PT1M", "00:01:30", "1_000", "010", "infinity", "unlimited", "500us", "1 y", "half a minute"),
    *("'>20%'", "1/5", "3 of 4", "3.0", "'>3'", "three", "[3]", "1 times", "0x10", "[1s]", "[20%]"),
    *("http://www.example.net", "'[2001:db8::9]'", "'::ffff:8.8.4.4'", "8.8.8.08", "fe80::9%eth0"),
    *("'via 198.51.100.9'", "bücher.example", "www.example.net/x", "[9.9.9.11]", "eth0.", "lo:0"),
    *("198.18.0.1/15", "10.0.0.0/8", "127.0.0.1:9000", "0.0.0.0:9000", "9000", "Server nginx"),
]
POLICY_OF_ONE = """\
version: 1
uplinks: {NAME: {interface: eth0, gateway: 198.51.100.1}}
probes: {p: {type: icmp, uplinks: 1 day}}
"""
_TOKEN = "@@"
_FIT = r"(?:[\[{].*[\]}]|[^\s,()\[\]{}…]+|'[^']+')"
_WRITE = re.compile(
    rf"(?:a unit is missing: |no shell reads it: )?write ({_FIT}(?:,? or {_FIT})*)"
    r"(?:, without (?:quotes|spaces)| alone)?\Z"
)
# A section or an entry of it is an example for a whole file, not for what stands beside it here.
_EXAMPLE = re.compile(r"write for example ([^'{].*(?<!\}\]))\Z")
_MEANT = re.compile(r"did you mean '([^']+)'\?")


def _places(node: object, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    entries: Iterator[tuple[str | int, object]] = iter(())
    if isinstance(node, dict):
        entries = iter(node.items())
    elif isinstance(node, list):
        entries = iter(enumerate(node))
    for key, inner in entries:
        yield (*at, key)
        yield from _places(inner, (*at, key))


PLACES = list(_places(POLICY))


def _errors(text: str) -> list[Problem]:
    try:
        load_text(text, "policy.yaml")
    except PolicyProblems as problems:
        return [p for p in problems.problems if p.severity is Severity.ERROR]
    return []


def _spoilt(place: tuple[str | int, ...]) -> str:
    """The policy with a token in place of the value there."""
    tree = json.loads(json.dumps(POLICY))
    node = tree
    for step in place[:-1]:
        node = node[step]
    node[place[-1]] = _TOKEN
    return json.dumps(tree)


def _named(hint: str) -> list[str]:
    """The values that a hint names."""
    if (meant := _MEANT.match(hint)) is not None:
        return [meant[1]]
    if (example := _EXAMPLE.match(hint)) is not None:
        return [example[1]]
    match = _WRITE.match(hint)
    if match is None:
        return []
    named = re.split(r",? or ", match[1])
    return [text[1:-1] if re.fullmatch(r"'[a-z_]+'", text) else text for text in named]


def _refused_next(place: tuple[str | int, ...], value: str) -> list[str]:
    """The hints for `value` at `place` that name something that is refused there too."""
    spoilt = _spoilt(place)
    begin = spoilt.index(f'"{_TOKEN}"')
    found = []
    for problem in _errors(spoilt.replace(f'"{_TOKEN}"', value)):
        span = problem.span
        if span is None or not begin <= span.column - 1 <= begin + len(value):
            continue
        for named in _named(problem.hint or ""):
            text = spoilt.replace(f'"{_TOKEN}"', value)
            mended = text[: span.column - 1] + named + text[span.end_column - 1 :]
            end = span.column - 1 + len(named)
            after = [
                p for p in _errors(mended) if p.span and span.column - 1 <= p.span.column - 1 <= end
            ]
            found += [f"{value}: {problem.hint}; {named}: {p.message}" for p in after]
    return found


def test_the_policy_itself_is_sound() -> None:
    assert _errors(json.dumps(POLICY)) == []


def test_an_example_names_what_the_file_has() -> None:
    spoilt = _spoilt(("rules", 0)).replace(f'"{_TOKEN}"', "1")
    (told,) = [p.hint for p in _errors(spoilt) if "for example" in p.hint]
    assert "probe: p" in told


@pytest.mark.parametrize("name", ["Büro", "'1'", "my fibre", "'yes'"])
def test_an_example_names_nothing_that_is_refused_or_needs_quotes(name: str) -> None:
    text = POLICY_OF_ONE.replace("NAME", name)
    hints = [p.hint for p in _errors(text) if "for example" in p.hint]
    assert hints == ["write for example [primary]"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("rules", 0, "uplinks"), "1 day"),
        (("rules",), "[a]"),
        (("probes", "p", "size"), "'3'"),
        (("probes", "p", "quorum"), "[3]"),
        (("probes", "p", "quorum"), "'>3'"),
        (("probes", "h", "status"), "'3'"),
        (("probes", "d", "targets"), "1.5h"),
        (("probes", "d", "targets"), "www.example.net"),
        (("uplinks", "a", "probes", "d"), "{targets: www.example.net}"),
    ],
)
def test_these_were_refused_next(place: tuple[str | int, ...], value: str) -> None:
    assert _refused_next(place, value) == []


@given(st.sampled_from(PLACES), st.sampled_from(ODD))
@settings(max_examples=250, deadline=None)
def test_what_a_hint_names_is_not_refused_next(place: tuple[str | int, ...], value: str) -> None:
    # One of two families is a list of one, and these times depend on each other: the hint does not
    # know what stands beside.
    if place[-2:-1] != ("families",) and place[-1] not in ("max_hold", "reuse"):
        assert _refused_next(place, value) == []
