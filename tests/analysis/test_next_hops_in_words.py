"""What is said of next hops, tables, and uplinks that have two families."""

import json
from pathlib import Path

import pytest

from route_switcher.analysis.figures.policy_figures import figures_of
from route_switcher.analysis.lints.registry import lints_of
from route_switcher.analysis.prose.figures_in_words import figures_in_words
from route_switcher.analysis.prose.placement import table_in_words
from route_switcher.analysis.prose.sentences import explain
from route_switcher.cli import main
from route_switcher.policy.load import load_text, read_policy_text

BOTH = "gateway: auto, families: [ipv4, ipv6]"


def written(wan: str, lte: str = "gateway: 203.0.113.1", more: str = "") -> str:
    return (
        "version: 1\nuplinks:\n"
        f"  wan: {{interface: eth0, {wan}}}\n"
        f"  lte: {{interface: wwan0, {lte}}}\n{more}"
    )


def said(text: str) -> str:
    """All that is explained, on one line."""
    return " ".join(" ".join(explain(load_text(text, "it"))).split())


WRITTEN = "gateway: 198.51.100.1"


def test_it_says_that_traffic_is_refused_while_none_answers() -> None:
    text = written(WRITTEN, more="routes: {table: own, when_all_down: unreachable}\n")
    told = said(text)
    assert "the last route in table 115 is always of type unreachable" in told
    assert "The policy has no uplink of IPv6, so that traffic is not refused." in told
    assert "If none answers, the kernel refuses the traffic, and the engine" in told
    assert "refused" not in said(text.replace("unreachable", "stay"))
    assert "that traffic is not refused" not in said(text.replace(WRITTEN, BOTH))


def test_it_says_which_prefixes_move_too() -> None:
    text = written(WRITTEN, more="routes: {also: [198.18.0.0/15, 203.0.113.64/26]}\n")
    assert "198.18.0.0/15 and 203.0.113.64/26 move with the default route: the engine adds" in said(
        text
    )


def test_to_restore_and_to_refuse_is_doubtful() -> None:
    more = "routes: {table: own, when_all_down: unreachable}\non_exit: restore\n"
    problems = lints_of(read_policy_text(written(WRITTEN, more=more), "it")).problems
    assert "restore-lets-traffic-out" in {problem.code for problem in problems}


def test_it_says_what_becomes_of_the_routes_at_the_end() -> None:
    text = written(WRITTEN, more="on_exit: restore\n")
    assert "When somebody ends the engine, it removes our routes and rules" in said(text)
    assert "ends the engine" not in said(text.replace("restore", "keep"))


def test_it_says_through_whose_interfaces_gateways_are_learned() -> None:
    assert "other programs write through its interface, " in said(written("gateway: auto"))
    both = said(written("gateway: auto", "gateway: auto"))
    assert "other programs write through their interfaces, " in both


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (written(WRITTEN), "table main: every gateway is written"),
        (
            written("gateway: auto"),
            "table 115 of our own: the gateway of wan is not written",
        ),
        (
            written("gateway: auto", "gateway: none"),
            "table 115 of our own: the gateways of wan and lte are not written",
        ),
        (
            written("gateway: {ipv4: 198.51.100.1, ipv6: auto}"),
            "table 115 of our own: the gateway of wan (IPv6) is not written",
        ),
        (written(BOTH), "table 115 of our own: the gateway of wan is not written"),
        (
            written("gateway: auto", more="routes: {table: main}"),
            "table main: the policy says so, though the gateway of wan is not written",
        ),
        (
            written(WRITTEN, more="routes: {table: own}"),
            "table 115 of our own: the policy says so",
        ),
        (
            written("gateway: auto", more="routes: {table: 200}"),
            "table 200 of our own: the policy says so",
        ),
    ],
)
def test_which_table_it_is_and_why(text: str, words: str) -> None:
    assert table_in_words(load_text(text, "it")) == f"our routes are in {words}"
    assert f"Our routes are in {words}." in said(text)


def test_no_rule_is_told_of_where_none_is_made() -> None:
    text = said(written(WRITTEN))
    assert "The engine adds no routing rules." in text
    assert "ip rule" not in text
    assert "learned" not in text
    assert "without a next hop" not in text


def test_next_hops_that_are_learned_or_absent_are_explained() -> None:
    text = said(written("gateway: auto", "gateway: none"))
    assert "1. wan: eth0, by a learned gateway, at metric 10" in text
    assert "2. lte: wwan0, without a gateway, at metric 20" in text
    assert "The gateway of wan is learned from default routes that other programs write" in text
    assert "lte has no gateway: the routes name only the interface" in text
    assert "without a next hop or an address for a second fails, whatever its rules say" in text


def test_the_small_tables_and_rules_stand_in_their_order() -> None:
    text = said(written(BOTH, "gateway: none", "routes: {table: 200}"))
    assert "201 (wan) and 202 (lte)" in text
    rules = text[text.index("1. all packets: table main") :]
    order = ["except its default routes", "bound to eth0", "bound to wwan0"]
    order += ["an address of eth0", "an address of wwan0", "6. everything else"]
    places = [rules.index(words) for words in order]
    assert places == sorted(places)
    assert "table 200" in rules
    without = said(written(BOTH, "gateway: none", "routes: {source_rules: false}"))
    assert "an address of eth0" not in without
    assert "4. everything else, from the first selection on: table 115" in without


def test_main_beside_clients_is_explained_with_what_may_happen() -> None:
    text = said(written("gateway: auto", more="routes: {table: main}"))
    assert "One with a lower metric than ours takes the traffic" in text


def test_families_whose_uplinks_are_equal_are_told_once() -> None:
    text = said(written(BOTH, BOTH))
    assert text.count("by a learned gateway, at metric 10") == 1
    assert "IPv4 and IPv6 traffic leaves through the first of these that is healthy:" in text
    apart = said(written("gateway: {ipv4: auto, ipv6: none}", BOTH))
    assert "IPv4 traffic leaves through the first of these" in apart
    assert "IPv6 traffic leaves through the first of these" in apart


def test_a_name_with_two_families_is_named_once_in_a_sentence() -> None:
    text = said(written(BOTH, f"{BOTH}, carrier: ignore"))
    assert "are pinged through both uplinks, each by its own family" in text
    assert "The engine ignores the carrier of lte" in text
    three = written(BOTH, BOTH) + (
        "  dsl: {interface: eth2, gateway: auto}\n"
        "rules: [{name: r, uplinks: [wan, lte], fail: {failures: 3}},"
        " {name: s, uplinks: [dsl], fail: {failures: 5}}]\n"
    )
    assert "r: wan or lte fails when 3 rounds" in said(three)


def test_figures_of_two_families_carry_the_family_where_a_name_has_both() -> None:
    policy = load_text(written(BOTH, "gateway: none"), "it")
    lines = figures_in_words(policy, figures_of(policy))
    words = [line.split("  ")[0] for line in lines]
    begin = words.index("uplink")
    assert words[begin : begin + 4] == [
        "uplink",
        "wan (IPv4)",
        "wan (IPv6)",
        "lte",
    ]
    assert [(f.id.name, f.bytes_a_month) for f in figures_of(policy).uplinks] == [
        ("wan", 228_096_000),
        ("wan", 331_776_000),
        ("lte", 228_096_000),
    ]


def test_a_policy_that_two_families_share_has_the_times_of_one() -> None:
    one, both = (
        figures_of(load_text(written(keys, "gateway: auto"), "it")).rules
        for keys in ("gateway: auto", BOTH)
    )
    assert one == both


def test_times_without_a_formula_are_found_where_the_gateway_is_learned() -> None:
    more = (
        "probes: {a: {type: icmp}, b: {type: icmp, interval: 3s}}\n"
        "rules: [{name: r, fail: {all: [{failures: 2, probe: a}, {failures: 2, probe: b}]}}]\n"
    )
    learned, fixed = (
        figures_of(load_text(written(keys, more=more), "it")).rules
        for keys in ("gateway: auto", WRITTEN)
    )
    assert learned == fixed
    assert not learned[0].fails.bound


def test_doubts_about_a_name_are_told_once() -> None:
    text = written(BOTH, BOTH) + (
        "probes: {p: {type: icmp}}\n"
        "rules: [{name: r, probe: p, uplinks: [wan], fail: {failures: 3}}]\n"
    )
    codes = [problem.code for problem in lints_of(read_policy_text(text, "it")).problems]
    assert codes.count("unwatched") == 1


def test_json_says_which_table_and_which_family(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(written(BOTH, "gateway: none"), "utf-8")
    assert main(["validate", "--format", "json", str(file)]) == 0
    (checked,) = json.loads(capsys.readouterr().out)["files"]
    assert checked["routes"] == {
        "table": 115,
        "why": "the gateways of wan and lte are not written",
        "small_tables": {"wan": 116, "lte": 117},
        "source_rules": True,
    }
    assert [(u["uplink"], u["family"]) for u in checked["figures"]["uplinks"]] == [
        ("wan", "IPv4"),
        ("wan", "IPv6"),
        ("lte", "IPv4"),
    ]
