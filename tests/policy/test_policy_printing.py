"""How problems are printed: for people, and for GitHub."""

import pytest

from route_switcher.policy.load import load_text
from route_switcher.policy.problems import (
    PolicyProblems,
    Problem,
    Span,
    as_data,
    render,
    render_github,
)


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


def test_github_gets_its_escapes() -> None:
    problem = Problem("a-code", "100%: a,b\r\n", "try: this", Span(3, 5, 9))
    assert render_github(PolicyProblems("a,b:c%.yaml", [problem])) == [
        "::error file=a%2Cb%3Ac%25.yaml,title=a-code,line=3,col=5,endColumn=9"
        "::100%25: a,b%0D%0A%0Ahint: try: this"
    ]
