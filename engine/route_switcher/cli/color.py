"""Color on a terminal: what is wrong, and how bad, at a glance.

Lines are made without it, and painted when they are printed, so that nothing else knows of it.
"""

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import TextIO

from route_switcher.cli.folding import excerpts_within, fold, terminal_width
from route_switcher.cli.streams import unescaped
from route_switcher.printable import printable_lines

AUTO, ALWAYS, NEVER = "auto", "always", "never"

_RED, _YELLOW, _GREEN, _CYAN, _BOLD = "31;1", "33;1", "32", "36", "1"
_OF_WORD = {
    **dict.fromkeys(("error", "FAIL", "fail", "failed"), _RED),
    **dict.fromkeys(("warning", "WARN", "warn"), _YELLOW),
    **dict.fromkeys(("note", "unknown"), _CYAN),
    **dict.fromkeys(("ok", "fine", "pass"), _GREEN),
    "hint": _GREEN,
}
_PLACES = (
    re.compile(r"(?<=: )(error|warning|note)(?=: .* \[[a-z-]+\]$)"),
    re.compile(r"(?<=^    )(hint)(?=: )"),
    re.compile(r"^(FAIL|WARN|fail|warn|unknown|ok|pass)(?= )"),
    re.compile(r"(?<=: )(fine)(?= \()"),
)
_OF_STATE = {
    **dict.fromkeys(("failed", "DOWN", "CONFLICT", "ASTRAY", "REFUSED", "without service"), _RED),
    **dict.fromkeys(("recovering", "DEGRADED", "ORDER", "poor"), _YELLOW),
    **dict.fromkeys(("healthy", "OK"), _GREEN),
    "unknown": _CYAN,
}
_STATES = (
    re.compile(r"^(OK|DEGRADED|DOWN)(?=:|$)"),
    re.compile(r"^ *(CONFLICT|ASTRAY|REFUSED|ORDER)\b"),
    re.compile(r"(?<=  )(failed|recovering|unknown|healthy)(?=  )"),
    re.compile(r"(?<=\bis )(failed|recovering|unknown|healthy)\b"),
    re.compile(r"(?<=\brule )[^ ]+ (failed|recovering|unknown) since "),
    re.compile(r"^[^ ].* (without service|poor)$"),
)
_HEADING = re.compile(r"^#+ .*$")
_COLUMN_TITLES = re.compile(r"^uplink  ")
_CARETS = re.compile(r"^(\s+)(\^+)$")


def add_color(parser: argparse.ArgumentParser) -> None:
    """Declare `--color`."""
    parser.add_argument(
        "--color",
        choices=(AUTO, ALWAYS, NEVER),
        default=AUTO,
        help="color the text (default: auto: on a terminal, unless NO_COLOR is set)",
    )


def print_painted(lines: Iterable[str], when: str) -> None:
    """Print findings on standard output, in color if `when` says so."""
    _print(lines, when, _painted, sys.stdout)


def print_problems(lines: Iterable[str], when: str, stream: TextIO | None = None) -> None:
    """Print problems on a stream, by default standard output; in color if `when` says so, on a
    terminal within its width."""
    stream = sys.stdout if stream is None else stream
    width = terminal_width(stream.fileno()) if stream.isatty() else None
    if width is None:
        _print(lines, when, _painted, stream)
        return
    paint = _painted if wanted(when, stream) else str
    whole = printable_lines("\n".join(lines)).split("\n")
    for line in excerpts_within(whole, width):
        print(fold(paint(line), width), file=unescaped(stream))


def print_states(lines: Iterable[str], when: str) -> None:
    """Print what is told of uplinks and their states, in color if `when` says so."""
    _print(lines, when, _with_states, sys.stdout)


def _print(lines: Iterable[str], when: str, paint: Callable[[str], str], stream: TextIO) -> None:
    plain = "\n".join(lines)
    if not wanted(when, stream):
        print(plain, file=stream)
        return
    # What could be obeyed by the terminal is made harmless before anything is painted.
    print("\n".join(map(paint, printable_lines(plain).split("\n"))), file=unescaped(stream))


def wanted(when: str, stream: TextIO) -> bool:
    """Whether what is printed there is to be in color."""
    if when != AUTO:
        return when == ALWAYS
    # https://no-color.org: set, and not empty.
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _painted(line: str) -> str:
    if carets := _CARETS.match(line):
        return carets[1] + _paint(_BOLD, carets[2])
    for place in _PLACES:
        painted = place.sub(lambda match: _paint(_OF_WORD[match[1]], match[1]), line, count=1)
        if painted != line:
            return painted
    return line


def _with_states(line: str) -> str:
    if _COLUMN_TITLES.match(line):
        return line
    if _HEADING.match(line):
        return _paint(_BOLD, line)
    for place in _STATES:
        line = place.sub(_painted_state, line)
    return line


def _painted_state(match: re.Match[str]) -> str:
    begin, end = (at - match.start() for at in match.span(1))
    whole = match[0]
    return whole[:begin] + _paint(_OF_STATE[match[1]], match[1]) + whole[end:]


def _paint(style: str, text: str) -> str:
    return f"\x1b[{style}m{text}\x1b[0m"
