"""How problems are printed: for people, and for GitHub."""

import pytest

from route_switcher.policy.findings import Findings
from route_switcher.policy.load import load_text, read_policy_text
from route_switcher.policy.problems import (
    MAX_TOLD,
    PolicyProblems,
    Problem,
    Severity,
    Span,
    as_data,
    render,
    render_github,
)
from support.told import with_uplink


def problems_of(text: str, origin: str = "policy.yaml") -> PolicyProblems:
    with pytest.raises(PolicyProblems) as caught:
        load_text(text, origin)
    return caught.value


def test_a_problem_shows_its_line_a_caret_and_a_hint() -> None:
    assert render(
        problems_of("version: 1\nuplinks:\n  a: {interface: eth0, gatway: 192.0.2.1}\n")
    ) == [
        "policy.yaml:3:24: error: unknown key 'gatway' [unknown-key]",
        "      a: {interface: eth0, gatway: 192.0.2.1}",
        "                           ^^^^^^",
        "    hint: did you mean 'gateway'?",
    ]


def test_a_problem_of_the_whole_file_shows_no_line() -> None:
    problems = PolicyProblems("policy.yaml", [Problem("unreadable", "cannot read the policy")])
    assert render(problems) == ["policy.yaml: error: cannot read the policy [unreadable]"]
    assert str(problems) == render(problems)[0]
    assert as_data(problems.problems[0]) == {
        "severity": "error",
        "code": "unreadable",
        "message": "cannot read the policy",
        "hint": None,
        "line": None,
        "column": None,
        "end_column": None,
    }


def test_the_caret_stands_right_below_tabs_and_far_out() -> None:
    tab = Problem("x", "m", span=Span(1, 4, 6))
    assert render(PolicyProblems("f", [tab], "\ta\tbcd"))[1:] == ["    \ta\tbcd", "    \t \t^^"]
    odd = Problem("x", "m", span=Span(1, 3, 5))
    shown = ["    \\x1b[\\u202ea\\xff", "         ^^^^^^^"]
    assert render(PolicyProblems("f", [odd], "\x1b[\u202ea\udcff"))[1:] == shown
    far = Problem("x", "m", span=Span(1, 501, 503))
    source, caret = render(PolicyProblems("f", [far], "-" * 500 + "ab" + "+" * 500))[1:]
    assert len(source) < 150
    assert source[caret.index("^") : caret.index("^") + 2] == "ab"


def test_nothing_that_a_file_holds_reaches_the_terminal_as_a_command() -> None:
    lines = render(problems_of('"\\e[31m\\u202e": \x1b[2J\n', origin="\x1b[31m.yaml"))
    lines += render(problems_of('version: "\\e[31m\\u202e"\n'))
    assert all(line.isprintable() for line in lines)


def test_long_values_are_cut() -> None:
    problems = problems_of(f"version: {'x' * 1000}").problems
    assert max(len(problem.message) for problem in problems) < 120


def test_problems_stand_in_the_order_of_the_file() -> None:
    spans = (Span(2, 1, 2), Span(1, 9, 10), None, Span(1, 2, 3))
    problems = PolicyProblems("f", [Problem("x", "m", span=span) for span in spans], "\n\n")
    assert [problem.span for problem in problems.problems] == [
        None,
        Span(1, 2, 3),
        Span(1, 9, 10),
        Span(2, 1, 2),
    ]


def test_warnings_and_notes_say_that_they_are_none_of_the_errors() -> None:
    told = PolicyProblems(
        "f",
        [
            Problem("w", "hm", "do", Span(1, 1, 2), Severity.WARNING),
            Problem("n", "so", span=Span(1, 2, 3), severity=Severity.NOTE),
        ],
        "ab",
    )
    assert render(told) == [
        *("f:1:1: warning: hm [w]", "    ab", "    ^", "    hint: do"),
        *("f:1:2: note: so [n]", "    ab", "     ^"),
    ]
    assert [line.split(" ")[0] for line in render_github(told)] == ["::warning", "::notice"]
    assert [as_data(problem)["severity"] for problem in told.problems] == ["warning", "note"]


@pytest.mark.parametrize("worst", Severity)
def test_what_is_not_told_any_more_counts_as_the_worst_of_it(worst: Severity) -> None:
    notes = [Problem("n", "m", severity=Severity.NOTE) for _ in range(MAX_TOLD + 2)]
    told = PolicyProblems("f", [*notes, Problem("x", "m", severity=worst)])
    assert told.problems[-1].severity is worst


def test_a_warning_leaves_what_it_is_about_sound() -> None:
    findings = Findings(read_policy_text(with_uplink(""), "f").document)
    path = ("uplinks", "a", "gateway")
    findings.report("w", path, "hm", severity=Severity.WARNING)
    assert findings.sound(path)
    assert [problem.span for problem in findings.problems] == [Span(3, 33, 42)]


def test_github_gets_its_escapes() -> None:
    problem = Problem("a-code", "100%: a,b\r\n", "try: this", Span(3, 5, 9))
    assert render_github(PolicyProblems("a,b:c%.yaml", [problem])) == [
        "::error file=a%2Cb%3Ac%25.yaml,title=a-code,line=3,col=5,endColumn=9"
        "::100%25: a,b%0D%0A%0Ahint: try: this"
    ]
