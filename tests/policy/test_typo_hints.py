"""Values that are nearly right: the hint is what must be written, and that is then taken."""

import pytest

from route_switcher.policy.load import load_text
from route_switcher.policy.schema import typo_hints
from route_switcher.text.durations import parse_duration
from support.told import AUTO_HINT, DURATION_HINT, KEYS_HINT, check, told, with_uplink

FAILURES_HINT = "fail after this many failed rounds in a row: a whole number from 1 to 1000"
PERCENTAGE_HINT = "a percentage is a number with at most one decimal, and '%', such as 20% or 0.5%"
UPLINKS = "version: 1\nuplinks: {lte: {interface: wwan0, gateway: 192.0.2.1}}\n"


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        (1, "a unit is missing: write 1s, or 1ms"),
        ("1.5", "a unit is missing: write 1.5s, or 1.5ms"),
        ("1sec", "write 1s"),
        ("10 m", "write 10m"),
        ("5 Minutes", "write 5m"),
        ("250msec", "write 250ms"),
        ("1S", "write 1s"),
        ("1 d", "write 1d"),
        ("0.5 days", "write 0.5d"),
        ("90 min", "write 90m"),
        ("1 h 30 min", "write 90m"),
        ("1 hour and 30 minutes", "write 90m"),
        ("1 day, 12 hours", "write 36h"),
        ("30m1h", "write 90m"),
        ("1,5s", "write 1.5s"),
        ("2 weeks", "write 14d"),
        ("1w", "write 7d"),
        ("1h30", "write 90m"),
        ("1m30", "write 90s"),
        ("PT1M", "write 1m"),
        ("pt1h30m", "write 90m"),
        ("P1D", "write 1d"),
        ("1:30", "write 90s, or 90m"),
        ("00:01:30", "write 90s"),
        ("1_000", "a unit is missing: write 1000s, or 1000ms"),
        ("010", "a unit is missing: write 10s, or 10ms"),
        ("0", "write 0s"),
        (0, "write 0s"),
        (">= 5 sec", "write 5s"),
        ("60sec.", "write 60s"),
        ("one minute", "write 1m"),
        ("half an hour", "write 0.5h"),
        ("1.2345s", "write 1234ms"),
        ("1\u00a0s", "write 1s"),
        ("3 months", "write 90d"),
        ("500us", None),
        ("1 day and 2 parsecs", None),
        ("P", None),
        ("1:99", None),
        ("2 fortnights", None),
        ("1h 30 parsecs", None),
        ("soon", None),
        (True, None),
        (-1, None),
        (None, None),
        (["1s"], None),
    ],
)
def test_a_duration_is_given_its_unit(value: object, hint: str | None) -> None:
    assert typo_hints.duration(value) == hint
    if hint:
        parse_duration(hint.removeprefix("a unit is missing: ").split()[1].rstrip(","))


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("hold_back: {min_stay: 1 year}", "write 0s to 30d"),
        ("hold_back: {min_stay: 1000000000000}", "write 0s to 30d"),
        ("hold_back: {min_stay: -5s}", "write 0s to 30d"),
        ("hold_back: {min_stay: off}", "write 0s"),
        ("probes: {p: {type: icmp, timeout: none}}", "write 10ms to 1s"),
        ("probes: {p: {type: icmp, interval: infinity}}", "a time ends: write 1h at most"),
        *(
            (
                f"hold_back: {{min_stay: {word}}}",
                "to stay until an operator orders the way back, write 'fail_back: manual' instead",
            )
            for word in ("never", "forever", "infinity", ".inf", "unlimited")
        ),
        ("hold_back: {min_stay: 40 days}", "write 0s to 30d"),
        ("hold_back: {min_stay: 9 weeks}", "write 0s to 30d"),
        ("probes: {p: {type: icmp, interval: 2 hours}}", "write 10ms to 1h"),
        ("probes: {p: {type: icmp, interval: 5000}}", "a unit is missing: write 5000ms"),
        ("probes: {p: {type: icmp, interval: 0}}", "write 10ms to 1h"),
        ("hooks: {on_switch: [{run: [/bin/true], timeout: 5}]}", "a unit is missing: write 5s"),
    ],
)
def test_a_hint_recommends_no_time_that_is_refused_next(written: str, hint: str) -> None:
    (line,) = told(f"{UPLINKS}{written}\n")
    assert line.endswith(f" | {hint}")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("20", "write 20%"),
        ("20 %", "write 20%"),
        ("20 percent", "write 20%"),
        ("20pct", "write 20%"),
        ("'>20%'", "write 20%"),
        ("'%20'", "write 20%"),
        ("20%%", "write 20%"),
        ("020%", "write 20%"),
        ("'20,5%'", "write 20.5%"),
        ("0.2", "write 20%, or 0.2%"),
        ("1/5", "write 20%"),
        ("5 of 10", "write 50%"),
        ("0", "write 0.1% to 99.9%"),
        ("120", "write 0.1% to 99.9%"),
        ("-5%", "write 0.1% to 99.9%"),
        ("0.01%", "write 0.1% to 99.9%"),
        ("1/0", PERCENTAGE_HINT),
        ("high", PERCENTAGE_HINT),
        ("true", PERCENTAGE_HINT),
    ],
)
def test_a_share_is_told_as_it_must_be_written(written: str, hint: str) -> None:
    rule = f"rules: [{{name: r, fail: {{loss: {written}, over: 30s}}}}]"
    line = next(line for line in told(f"{UPLINKS}{rule}\n") if "bad-value" in line)
    assert line.endswith(f" | {hint}")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("3.0", "write 3"),
        ("3 times", "write 3"),
        ("3x", "write 3"),
        ("three", "write 3"),
        ("'>3'", "write 3"),
        ("[3]", "write 3"),
        ("03", "write 3"),
        ("1_000", "write 1000"),
        ("010", FAILURES_HINT),
        ("2000 times", FAILURES_HINT),
        ("3.5", FAILURES_HINT),
        ("-3", FAILURES_HINT),
        ("some", FAILURES_HINT),
        ("true", FAILURES_HINT),
    ],
)
def test_a_whole_number_is_told_as_it_must_be_written(written: str, hint: str) -> None:
    (line,) = told(f"{UPLINKS}rules: [{{name: r, fail: {{failures: {written}}}}}]\n")
    assert line.endswith(f" | {hint}")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("http://www.example.net/x", "write www.example.net alone"),
        ("'www.example.net:443'", "write www.example.net alone"),
        ("8.8.8.8/32", "write 8.8.8.8 alone"),
        ("b\u00fccher.example", "write xn--bcher-kva.example alone"),
        ('"www.exa\\u00admple.net"', "write www.example.net alone"),
        ("[8.8.8.8]", "write 8.8.8.8 alone"),
        ("'8.8.8.8;'", "write 8.8.8.8 alone"),
        ("'fe80::1%eth0'", None),
        ("localhost", None),
        ("http://localhost", None),
    ],
)
def test_a_target_with_something_round_it_is_told_alone(written: str, hint: str | None) -> None:
    (line,) = told(f"{UPLINKS}probes: {{p: {{type: icmp, targets: [{written}]}}}}\n")
    assert line.endswith(f" | {hint}") if hint else " alone" not in line


def test_a_hint_recommends_no_metric_that_is_refused_next() -> None:
    text = (
        "version: 1\nuplinks:\n  a: {interface: eth0, gateway: 192.0.2.1, metric: 100000}\n"
        "  b: {interface: eth1, gateway: 192.0.2.2, metric: 100000}\n"
    )
    (line,) = told(text)
    assert line.endswith("| metrics rise in order of preference: lower the other one")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("8.8.8.8", "[8.8.8.8]"),
        ("8.8.8.8, 1.1.1.1", "[8.8.8.8, 1.1.1.1]"),
        ("2001:db8::1", "['2001:db8::1']"),
    ],
)
def test_a_target_is_put_into_a_list(value: str, shown: str) -> None:
    text = with_uplink(f"probes:\n  p: {{type: icmp, targets: '{value}'}}\n")
    end = 30 + len(value)
    check(
        text,
        [f"6:28-{end} bad-value: '{value}' is not a list of targets", f"write {shown}"],
    )


@pytest.mark.parametrize(
    "value", ["router.example", "8.8.8.8; 1.1.1.1", "\x1b[31m", "", "1" * 99, True]
)
def test_what_could_stand_in_no_list_of_addresses_is_not_repeated(value: object) -> None:
    assert typo_hints.list_of(value, {"pattern": r"^[0-9A-Fa-f.:]{2,45}$(?!\n)"}, bool) is None


def test_a_list_of_mappings_is_not_made_of_a_word() -> None:
    assert typo_hints.list_of("word", {"type": "object"}, bool) is None


def test_an_uplink_named_by_a_number_is_quoted() -> None:
    assert typo_hints.list_of(7, {"pattern": "^[a-z0-9]+$"}, bool) == "write ['7']"


@pytest.mark.parametrize(
    ("fail", "expected"),
    [
        (
            "{failures 5}",
            [
                "7:12-22 unknown-key: unknown key 'failures 5'",
                "a ':' and a space are missing: write 'failures: 5'",
            ],
        ),
        (
            "{failures=5}",
            [
                "7:12-22 unknown-key: unknown key 'failures=5'",
                "a ':' and a space are missing: write 'failures: 5'",
            ],
        ),
        (
            "{failures:5}",
            [
                "7:12-22 unknown-key: unknown key 'failures:5'",
                "a space is missing: write 'failures: 5'",
            ],
        ),
        (
            "failures 5",
            [
                "7:11-21 bad-value: 'failures 5' is not a fail condition",
                "a ':' and a space are missing: write 'failures: 5'",
            ],
        ),
        (
            "{failurs 5}",
            ["7:12-21 unknown-key: unknown key 'failurs 5'", "did you mean 'failures'?"],
        ),
    ],
)
def test_a_key_and_its_value_are_parted(fail: str, expected: list[str]) -> None:
    check(with_uplink(f"rules:\n  - name: r\n    fail: {fail}\n"), expected)


def test_words_and_quotes() -> None:
    check(
        UPLINKS.replace("version: 1", "version: '1'").replace("192.0.2.1", "DHCP")
        + "ignore_linkdown: on\n"
        + "probes: {p: {type: icmp, quorum: majority, interval: often}}\n",
        [
            "1:10-13 bad-value: '1' is not a version of the policy language",
            "write 1, without quotes",
            "2:44-48 bad-value: 'DHCP' is not a gateway",
            AUTO_HINT,
            "3:18-20 bad-value: 'on' is not true or false",
            "write true",
            "4:34-42 bad-value: 'majority' is not a quorum",
            "write any, all, or a number: how many targets must answer",
            "4:54-59 bad-value: 'often' is not a duration",
            DURATION_HINT,
        ],
    )
    check(
        UPLINKS + "ignore_linkdown: 'true'\n",
        ["3:18-24 bad-value: 'true' is not true or false", "write true, without quotes"],
    )


def test_what_the_hints_say_is_a_policy() -> None:
    load_text(
        UPLINKS + "ignore_linkdown: true\n"
        "probes: {p: {type: icmp, targets: [8.8.8.8], uplinks: [lte], interval: 1s}}\n"
        "rules: [{name: r, fail: {failures: 5}, recover: {stable: 2m}}]\n",
        "policy.yaml",
    )


def test_a_scenario_file_is_told_from_a_policy() -> None:
    check(
        "version: 1\npolicy: dual-wan\nscenarios:\n  - {name: s}\n",
        [
            "3:1-10 not-a-policy: this is a scenario file, not a policy",
            "route-switcher test runs it",
        ],
    )


def test_a_policy_with_scenarios_in_it_has_one_unknown_key() -> None:
    check(
        UPLINKS + "scenarios: []\n",
        [
            "3:1-10 unknown-key: unknown key 'scenarios'",
            KEYS_HINT,
        ],
    )
