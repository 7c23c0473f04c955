"""Whatever a file holds, what comes out is a policy or a list of problems that can be printed."""

import json

from hypothesis import given
from hypothesis import strategies as st

from route_switcher.core.vocabulary.policy import Policy
from route_switcher.text.durations import format_duration, parse_duration
from support.promises import check, outcome
from support.written_policies import Written, sound_policies, spoilt_policies, text_of

WORDS = st.sampled_from(
    [
        *("version", "uplinks", "probes", "rules", "interface", "gateway", "metric", "type"),
        *("icmp", "targets", "quorum", "interval", "timeout", "name", "probe", "fail", "recover"),
        *("failures", "carrier", "down", "stable", "any", "all", "eth0", "192.0.2.1", "fe80::1"),
        *("loss", "latency", "jitter", "over", "for", "successes", "uplinks", "hold_back", "20%"),
        *("8.8.8.8", "::1", "1s", "60s", "0.5h", "internet", "a", "b", "<<", "", "~", "true", "1"),
    ]
)
SCALARS = WORDS | st.integers(-2, 1100) | st.none() | st.booleans() | st.text(max_size=5)
TREES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
"""Policies that are nearly right: known words in unexpected places."""

LIKELY = {
    "uplinks": st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.fixed_dictionaries(
            {
                "interface": st.sampled_from(["eth0", "eth1", "eth2"]),
                "gateway": st.sampled_from(["192.0.2.1", "fe80::1", "::1", "auto", "none", "dhcp"]),
            },
            optional={
                "metric": st.integers(0, 1100),
                "families": st.lists(st.sampled_from(["ipv4", "ipv6", "ipv5"]), max_size=3),
                "onlink": st.booleans(),
            },
        ),
        max_size=3,
    ),
    "probes": st.dictionaries(
        st.sampled_from(["internet", "q"]),
        st.fixed_dictionaries(
            {"type": st.just("icmp")},
            optional={
                "targets": st.lists(
                    st.sampled_from(["8.8.8.8", "1.1.1.1", "2001:db8::1"]), max_size=3
                ),
                "quorum": st.sampled_from(["any", "all", 1, 2]),
                "interval": st.sampled_from(["10ms", "1s", "5m", "9h"]),
                "timeout": st.sampled_from(["1ms", "1s", "5m"]),
            },
        ),
        max_size=2,
    ),
    "rules": st.lists(
        st.fixed_dictionaries(
            {
                "name": st.sampled_from(["r", "s"]),
                "fail": st.sampled_from([{"failures": 3}, {"carrier": "down"}, {}]),
            },
            optional={"probe": st.sampled_from(["internet", "q", "x"])},
        ),
        max_size=2,
    ),
}
FRAGMENTS = st.lists(
    WORDS | st.sampled_from([*":-?[]{},&*!|>'\"%@`#\n\t\r ", ": ", "- ", "\n  ", "\\U", "\x85"]),
    max_size=30,
).map("".join)


@given(st.text())
def test_any_text(text: str) -> None:
    check(text)


@given(FRAGMENTS)
def test_any_pieces_of_yaml(text: str) -> None:
    check(text)


@given(TREES)
def test_any_tree_of_known_words(tree: object) -> None:
    check(json.dumps(tree, ensure_ascii=False))


@given(st.fixed_dictionaries({"version": st.just(1)}, optional=LIKELY))
def test_any_policy_that_is_nearly_right(tree: object) -> None:
    check(json.dumps(tree))


@given(sound_policies())
def test_a_policy_of_the_whole_language_is_understood_whole(data: Written) -> None:
    policy = outcome(text_of(data))
    assert isinstance(policy, Policy), str(policy)
    check(text_of(data))
    assert list(policy.names) == list(data["uplinks"])
    assert [probe.name for probe in policy.probes] == list(data.get("probes", ["internet"]))
    for name, written in data["uplinks"].items():
        gateway, stated = written["gateway"], written.get("families")
        families = stated or list(gateway if isinstance(gateway, dict) else ["ipv4"])
        if isinstance(gateway, str) and ":" in gateway:
            families = ["ipv6"]
        assert [f"ipv{f.value}" for f in policy.families_of(name)] == sorted(families)
    if "rules" in data:
        assert [rule.name for rule in policy.rules] == [rule["name"] for rule in data["rules"]]


@given(spoilt_policies())
def test_a_policy_with_mistakes_is_refused_in_words_or_keeps_its_promises(data: Written) -> None:
    check(text_of(data))


@given(st.binary())
def test_any_bytes(raw: bytes) -> None:
    check(raw)


@given(st.integers(0, 10**10))
def test_a_duration_survives_being_written_and_read(milliseconds: int) -> None:
    text = format_duration(milliseconds / 1000)
    if len(text) < 10:
        assert parse_duration(text) == milliseconds / 1000


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h"]))
def test_a_duration_is_written_as_the_least_number_of_its_length(number: int, unit: str) -> None:
    text = f"{number}{unit}"
    assert parse_duration(format_duration(parse_duration(text))) == parse_duration(text)
    assert len(format_duration(parse_duration(text))) <= max(len(text), 2)
