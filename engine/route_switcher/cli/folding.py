"""Lines for people, folded to the width of their terminal.

What is printed elsewhere keeps one line for each problem: programs and editors read it.
"""

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress

_INDENT = 4
"""Columns by which a folded line is further to the right than its beginning."""

_WIDTH = 80
"""Columns of a terminal that does not say how many it has."""

_CARETS = re.compile(r"^\s+\^+$")
_COLOR = re.compile(r"\x1b\[[0-9;]*m")


def terminal_width(descriptor: int) -> int | None:
    """The columns of the terminal that a descriptor leads to; None if it leads to none.

    The environment variable COLUMNS counts first, as for other programs.
    """
    if not os.isatty(descriptor):
        return None
    with suppress(ValueError):
        if (columns := int(os.environ.get("COLUMNS", "0"))) > 0:
            return columns
    with suppress(OSError):
        return os.get_terminal_size(descriptor).columns or _WIDTH
    return _WIDTH


def within(lines: Sequence[str], width: int | None) -> Iterator[str]:
    """Problems as lines of at most `width` columns; as they are where that is None."""
    if width is None:
        yield from lines
        return
    for line in excerpts_within(lines, width):
        yield from fold(line, width).split("\n")


def say_error(line: str) -> None:
    """Print one line on standard error: on a terminal within its width."""
    width = terminal_width(sys.stderr.fileno()) if sys.stderr.isatty() else None
    print("\n".join(within([line], width)), file=sys.stderr)


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
