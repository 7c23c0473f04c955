"""Where PyYAML stands in a text, and what it says about one that is not YAML, in our words."""

import re
from bisect import bisect_right
from typing import Protocol

import yaml

from route_switcher.policy.problems import Problem, Span
from route_switcher.policy.yaml.slips import slip_before

_TABLE = (
    (
        r"character '\\t' that cannot start",
        False,
        "a tab is not allowed here",
        "indent and separate with spaces",
    ),
    (
        r"'`' that cannot start any token",
        False,
        "a '`' cannot begin a value",
        "remove the line if it is of Markdown, or put quotes round the value",
    ),
    (
        r"that cannot start any token",
        False,
        "this character cannot begin a value",
        "put quotes round the value",
    ),
    (
        r"expected the node content",
        False,
        "a value is expected here",
        "write one, in quotes if it begins with ':' or is an address in brackets",
    ),
    (
        r"mapping values are not allowed",
        False,
        "a ':' is not allowed here",
        "put each key on a line of its own, in line with the keys beside it",
    ),
    (
        r"could not find expected ':'",
        True,
        "this is neither a key nor part of the line above",
        "write 'key: value'; is a ':' or a space after it missing?",
    ),
    (
        r"expected <block end>",
        False,
        "this is not aligned with the lines above",
        "indent the keys of one mapping alike, and start every item of a list with '- '",
    ),
    (
        r"expected ',' or .*<stream end>",
        True,
        "this bracket is never closed",
        "close every '[' and '{'",
    ),
    (
        r"expected ',' or",
        False,
        "a ',' or a closing bracket is missing before this",
        "separate with commas, and close every '[' and '{'",
    ),
    (
        r"expected '<document start>'",
        False,
        "nothing can follow the value that ends above",
        "a policy has a 'key: value' on each line: no other notation is read",
    ),
    (
        r"unexpected end of stream",
        True,
        "this quote is never closed",
        "close it",
    ),
)
"""What PyYAML says about the mistakes people make most (a regular expression), whether its context
is the better place to point at, what we say, and the hint."""


class Places:
    """Turns indexes of a text into lines and columns.

    PyYAML counts lines for itself, but also at characters that end a line in no editor.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        breaks = re.finditer(r"\r\n|\r|\n", text)
        self._starts = [0, *(match.end() for match in breaks)]

    def span(self, start: int, end: int) -> Span:
        """From `start` to `end`, but not beyond the line in which it starts."""
        line = bisect_right(self._starts, start)
        line_start = self._starts[line - 1]
        column = start - line_start + 1
        following = self._starts[line] if line < len(self._starts) else len(self.text) + 1
        content = len(self.text[line_start:following].rstrip("\r\n"))
        return Span(line, column, max(column, min(end - line_start, content) + 1))

    def last(self) -> int:
        """The index of the last character that is not blank."""
        return max(0, len(self.text.rstrip()) - 1)


class _Mark(Protocol):
    @property
    def index(self) -> int: ...


def index(mark: _Mark | None) -> int:
    """The index of an event's mark, which PyYAML always sets though its types leave it open."""
    assert mark is not None
    return mark.index


def in_our_words(error: yaml.MarkedYAMLError, places: Places) -> Problem:
    """What is not YAML, and where."""
    said = error.problem or error.context or "unreadable"
    mark, message, hint = error.problem_mark, f"this is not YAML: {said}", ""
    for pattern, at_context, ours, what_to_do in _TABLE:
        if re.search(pattern, said):
            mark = error.context_mark if at_context else mark
            message, hint = ours, what_to_do
            break
    at = min(index(mark), places.last()) if mark else 0
    if (slip := slip_before(places.text, at, said)) is not None:
        return Problem("not-yaml", slip.message, slip.hint, places.span(slip.begin, slip.end))
    return Problem("not-yaml", message, hint, places.span(at, at + 1))
