"""Lines for people, folded to the width of their terminal.

What is printed elsewhere keeps one line for each problem: programs and editors read it.
"""

import re
from collections.abc import Iterator, Sequence

_INDENT = 4
"""Columns by which a folded line is further to the right than its beginning."""

_CARETS = re.compile(r"^\s+\^+$")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def excerpts_within(lines: Sequence[str], width: int) -> Iterator[str]:
    """The lines; an excerpt of a file that is too wide is cut, and shows what its carets mark."""
    for line, following in zip(lines, (*lines[1:], ""), strict=True):
        if _CARETS.match(following):
            yield _cut(line, _first_shown(following, width), width)
        elif _CARETS.match(line):
            yield _cut(line, _first_shown(line, width), width)
        else:
            yield line


def fold(line: str, width: int) -> str:
    """The line, painted or not, as lines of at most `width` columns; longer words stay whole."""
    if _columns(line) <= width:
        return line
    text = line.lstrip(" ")
    indent = " " * (len(line) - len(text))
    folded: list[str] = []
    current, pause = indent, ""
    for word, space in re.findall(r"(\S+)(\s*)", text):
        if current.strip() and _columns(current + pause + word) > width:
            folded.append(current)
            current, pause = indent + " " * _INDENT, ""
        current, pause = current + pause + word, space
    return "\n".join([*folded, current])


def _first_shown(carets: str, width: int) -> int:
    """How many columns must be left out on the left, so that the carets are within `width`."""
    return max(0, len(carets.expandtabs()) - width)


def _cut(line: str, left_out: int, width: int) -> str:
    line = line.expandtabs()
    indent = line[:_INDENT]
    return (indent + line[_INDENT + left_out :])[:width].rstrip()


def _columns(line: str) -> int:
    return len(_COLOR.sub("", line))
