"""What can be wrong with a file, where, and what to write instead; and how that is printed."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from route_switcher.printable import character_names, printable, printable_lines

_LINE_BREAK = re.compile(r"\r\n|\r|\n")

_SHOWN_BEFORE = 60
_SHOWN_AFTER = 80
"""Characters of a source line shown on each side of where the problem begins."""

_SHOWN_VALUE = 50
"""Characters of a value that a message repeats."""

MAX_TOLD = 100
"""Problems of one file: a wrong file may have twenty thousand, and nobody reads that many."""


def split_lines(text: str) -> list[str]:
    """The lines of a file, as problems count them."""
    return _LINE_BREAK.split(text)


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of one line of the file; lines and columns count from 1, in characters."""

    line: int
    column: int
    end_column: int
    """The first column that no longer belongs to it."""


class Severity(Enum):
    """How bad it is, worst first."""

    ERROR = "error"
    """The file cannot be used."""
    WARNING = "warning"
    """Something that is probably a mistake."""
    NOTE = "note"
    """Information."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, or to be known. `span` is None where it is about the whole file."""

    code: str
    """The kind of problem, in a word that a script can rely on."""
    message: str
    hint: str = ""
    """What to write instead."""
    span: Span | None = None
    severity: Severity = Severity.ERROR


class PolicyProblems(Exception):  # noqa: N818 - several problems, not an error of the program
    """A file cannot be used: a policy, or a scenario about one.

    `problems` are those that were found, in the order of the file; also used, and then not raised,
    to hold the warnings and notes about a file that is sound.

    Beyond `MAX_TOLD` one more says how many follow; `found` counts them all. `origin` is what the
    file is called in messages, `text` its content as far as it was readable.
    """

    def __init__(self, origin: str, problems: Iterable[Problem], text: str = "") -> None:
        self.origin = origin
        ordered = sorted(problems, key=_position)
        self.found = len(ordered)
        self.problems = (*ordered[:MAX_TOLD], *_untold(ordered[MAX_TOLD:]))
        self.text = text
        super().__init__(origin, self.problems)

    def __str__(self) -> str:
        return "\n".join(render(self))


def _untold(rest: Sequence[Problem]) -> Iterator[Problem]:
    if rest:
        yield Problem(
            "too-many-problems",
            f"too many problems: from here on {len(rest)} more are not shown",
            "correct those above first; or is this the wrong file?",
            rest[0].span,
            min((problem.severity for problem in rest), key=list(Severity).index),
        )


def _position(problem: Problem) -> tuple[int, int]:
    span = problem.span
    return (span.line, span.column) if span else (0, 0)


def quoted(value: object) -> str:
    """`value` as a message shows it: short, on one line, nothing that a terminal would obey."""
    if isinstance(value, dict | list) and value:
        return "this mapping" if isinstance(value, dict) else "this list"
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str):
        return repr(value)
    if len(value) > _SHOWN_VALUE:
        value = value[:_SHOWN_VALUE] + "…"
    names = character_names(value)
    return f"{value!r} (with {names})" if names else repr(value)


def render(problems: PolicyProblems) -> list[str]:
    """Lines for a person: `FILE:LINE:COLUMN: SEVERITY: …`, the source line, a caret, a hint."""
    lines = split_lines(problems.text)
    rendered = []
    for problem in problems.problems:
        place = printable(problems.origin)
        if problem.span:
            place += f":{problem.span.line}:{problem.span.column}"
        message = printable(problem.message)
        rendered.append(f"{place}: {problem.severity.value}: {message} [{problem.code}]")
        if problem.span:
            rendered += _pointed_out(lines[problem.span.line - 1], problem.span)
        if problem.hint:
            rendered.append(f"    hint: {printable_lines(problem.hint)}")
    return rendered


def _pointed_out(line: str, span: Span) -> list[str]:
    """The source line with carets below; nothing for a line that is empty."""
    if not line.strip():
        return []
    start = max(0, span.column - 1 - _SHOWN_BEFORE)
    end = min(span.end_column - 1, span.column - 1 + _SHOWN_AFTER)
    before = _shown(line[start : span.column - 1])
    marked = _shown(line[span.column - 1 : end])
    after = _shown(line[end : span.column - 1 + _SHOWN_AFTER])
    # A tab keeps its width only below a tab.
    padding = "".join("\t" if char == "\t" else " " for char in before)
    carets = "^" * max(1, len(marked))
    return [f"    {before}{marked}{after}".rstrip(), f"    {padding}{carets}"]


def _shown(text: str) -> str:
    return "\t".join(printable(part) for part in text.split("\t"))


_GITHUB_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def render_github(problems: PolicyProblems) -> list[str]:
    """Workflow commands that GitHub shows beside the line in a pull request.

    https://docs.github.com/actions/reference/workflow-commands-for-github-actions
    """
    rendered = []
    for problem in problems.problems:
        properties = {"file": problems.origin, "title": problem.code}
        if problem.span:
            properties |= {
                "line": str(problem.span.line),
                "col": str(problem.span.column),
                "endColumn": str(problem.span.end_column),
            }
        written = ",".join(f"{name}={_github_property(properties[name])}" for name in properties)
        hint = f"\nhint: {problem.hint}" if problem.hint else ""
        command = _GITHUB_COMMANDS[problem.severity]
        rendered.append(f"::{command} {written}::{_github_text(problem.message + hint)}")
    return rendered


def _github_text(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _github_property(text: str) -> str:
    return _github_text(text).replace(":", "%3A").replace(",", "%2C")


def as_data(problem: Problem) -> dict[str, str | int | None]:
    """`problem` for JSON; the place is null where it is about the whole file."""
    span = problem.span
    return {
        "severity": problem.severity.value,
        "code": problem.code,
        "message": problem.message,
        "hint": problem.hint or None,
        "line": span.line if span else None,
        "column": span.column if span else None,
        "end_column": span.end_column if span else None,
    }
