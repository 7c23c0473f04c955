"""What is told of uplinks is painted by their states; without color it is the same text."""

import re

import pytest

from route_switcher.cli.color import ALWAYS, AUTO, NEVER, print_states

RED, YELLOW, GREEN, CYAN, BOLD = "31;1", "33;1", "32", "36", "1"
_CODE = re.compile(r"\x1b\[([0-9;]+)m(.*?)\x1b\[0m")


def painted(line: str, capsys: pytest.CaptureFixture[str]) -> list[tuple[str, str]]:
    """The words that are painted, each with its color; the text itself stays."""
    print_states([line], ALWAYS)
    said = capsys.readouterr().out.rstrip("\n")
    assert _CODE.sub(lambda match: match[2], said) == line
    return [(match[2], match[1]) for match in _CODE.finditer(said)]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("OK: IPv4: fibre is active", [("OK", GREEN)]),
        ("DEGRADED: IPv4: primary is preferred", [("DEGRADED", YELLOW)]),
        ("DOWN: IPv4: nothing answers", [("DOWN", RED)]),
        ("  primary   standby   recovering  10 % lost", [("recovering", YELLOW)]),
        ("  primary   standby   failed      10 % lost", [("failed", RED)]),
        ("  primary   standby   unknown     10 % lost", [("unknown", CYAN)]),
        ("  primary   active    healthy     0 % lost", [("healthy", GREEN)]),
        ("  ASTRAY: the kernel sends traffic another way", [("ASTRAY", RED)]),
        ("  ORDER: lte until 12:00", [("ORDER", YELLOW)]),
        ("   rule no-internet failed since 12:00", [("failed", RED)]),
        ("fibre is failed (no-internet: 3 rounds in a row failed)", [("failed", RED)]),
        ("lte is healthy, fibre is failed", [("healthy", GREEN), ("failed", RED)]),
        ("fibre without service", [("without service", RED)]),
        ("fibre (IPv6) poor", [("poor", YELLOW)]),
        ("## The states of a rule", [("## The states of a rule", BOLD)]),
        ("uplink    active  available  failed  loss", []),
        ("  without service                     9 min, 1 time", []),
        ("the active uplink failed (rule no-internet)", []),
        ("540 rounds failed. Meanwhile lte had service.", []),
    ],
)
def test_a_state_is_painted_where_it_is_one(
    line: str, expected: list[tuple[str, str]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert painted(line, capsys) == expected


@pytest.mark.parametrize("when", [NEVER, AUTO])
def test_nothing_is_painted_in_a_pipe(when: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_states(["fibre is failed"], when)
    assert capsys.readouterr().out == "fibre is failed\n"


def test_what_a_terminal_would_obey_is_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    print_states(["\x1b[5m is failed"], ALWAYS)
    assert capsys.readouterr().out == "\\x1b[5m is \x1b[31;1mfailed\x1b[0m\n"
