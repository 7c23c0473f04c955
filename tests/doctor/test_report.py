"""What the report looks like, on a terminal and as JSON."""

import json
import shlex

import jsonschema
from hypothesis import given
from hypothesis import strategies as st

from route_switcher.doctor.finding import Fault, Finding, Verdict, passed, skipped, worst
from route_switcher.doctor.report import WIDTH, document, lines
from route_switcher.resources import shipped_schemas

SCHEMA = json.loads(shipped_schemas()["doctor"].read_text("utf-8"))
_WARNS = Fault("link", "no-carrier", Verdict.WARN)
_FAILS = Fault("link", "down", Verdict.FAIL)


def test_one_line_each_and_commands_below() -> None:
    findings = (
        passed("link", "primary", "eth0 is up"),
        _FAILS.found("secondary", "eth1 is down", "ip link set eth1 up"),
        skipped("lock", "folder", "only root may read it"),
    )
    assert list(lines(findings)) == [
        "pass  link: primary: eth0 is up",
        "fail  link: secondary: eth1 is down",
        "      $ ip link set eth1 up",
        "skip  lock: folder: only root may read it",
        "3 findings: 1 fail, 1 skip, 1 pass",
    ]


def test_what_is_skipped_counts_as_well() -> None:
    skip, warn = skipped("link", "a", "why"), _WARNS.found("a", "b")
    fail = _FAILS.found("a", "b")
    assert worst(()) is worst((skip,)) is Verdict.PASS
    assert worst((skip, warn)) is Verdict.WARN
    assert worst((fail, warn, skip)) is Verdict.FAIL


WORDS = st.text(st.characters(codec="ascii", categories=("L", "N", "P")), min_size=1, max_size=30)


@given(st.lists(WORDS, min_size=1, max_size=20), st.lists(WORDS, min_size=1, max_size=20))
def test_it_fits_into_80_columns_and_the_command_can_be_copied(
    said: list[str], words: list[str]
) -> None:
    finding = _FAILS.found("primary", " ".join(said), shlex.join(words))
    told = list(lines([finding]))
    assert all(len(line) <= WIDTH for line in told)
    (start,) = [n for n, line in enumerate(told) if line.startswith("      $ ")]
    copied = "\n".join(told[start:-1]).strip().removeprefix("$ ")
    assert shlex.split(copied.replace("\\\n", "")) == words


def test_strange_names_cannot_write_to_the_terminal() -> None:
    told = "\n".join(lines([_FAILS.found("a\x1b[2J", "b\u202e", "ip link set \x1b up")]))
    assert "\x1b" not in told
    assert "\u202e" not in told


def test_the_document_fits_its_schema() -> None:
    findings: tuple[Finding, ...] = (
        passed("link", "primary", "eth0 is up"),
        skipped("lock", "folder", "only root may read it"),
        _WARNS.found("secondary", "eth1 has no carrier"),
        _FAILS.found("secondary", "eth1 is down", "ip link set eth1 up"),
    )
    for count in range(len(findings) + 1):
        jsonschema.validate(document("policy", findings[:count]), SCHEMA)
    assert document("policy", findings)["verdict"] == "fail"
