"""What makes a text no YAML, often a line or more before a parser finds out."""

import re
import unicodedata
from typing import NamedTuple

_SIGNS = frozenset(" :-,{}[]#'\"")
"""What means something to YAML, and has twins elsewhere in Unicode."""

_LINES_ABOVE = 3
"""A parser may find out so many lines later."""

_NO_SPACE = re.compile(r"(?:- )?[A-Za-z_][A-Za-z0-9_-]*(:)[^\s/:][^:]*\Z")
"""A key and its value without a space between them; no URL, and no address of IPv6."""


_COMMENT = re.compile(r"(?:\A|\s)#")


class Slip(NamedTuple):
    """A mistake, by the index of its first character and of the one after its last."""

    begin: int
    end: int
    message: str
    hint: str


def slip_before(text: str, at: int, said: str) -> Slip | None:
    """The mistake that a parser found at the index `at`, of which it `said` something else."""
    end = re.compile(r"[\r\n]|\Z").search(text, at)
    until = end.start() if end is not None else len(text)
    found = _twin(text, until)
    if found is None and "mapping values are not allowed" in said:
        found = _no_key(text, at)
    return found


def _twin(text: str, until: int) -> Slip | None:
    """The last character of the lines before that looks like one of YAML's, or like nothing."""
    lines = text[:until].splitlines(keepends=True)[-_LINES_ABOVE:]
    first = until - sum(map(len, lines))
    for at in range(until - 1, first - 1, -1):
        meant = _meant(text[at])
        if meant is None or _COMMENT.search(text[text.rfind("\n", 0, at) + 1 : at]):
            continue
        named = f"this is U+{ord(text[at]):04X} {unicodedata.name(text[at], 'unnamed')}"
        if not meant:
            return Slip(at, at + 1, f"{named}, which nobody sees", "remove it")
        sign = "space" if meant == " " else f"'{meant}'"
        message = f"{named}, which YAML does not take for a {sign}"
        return Slip(at, at + 1, message, f"write a usual {sign}")
    return None


def _meant(char: str) -> str | None:
    """The sign that a character looks like; nothing for one that is not seen."""
    if char.isascii():
        return None
    if unicodedata.category(char) == "Cf":
        return ""
    if unicodedata.category(char) == "Zs":
        return " "
    plain = unicodedata.normalize("NFKC", char)
    return plain if plain in _SIGNS else None


def _no_key(text: str, at: int) -> Slip | None:
    """A line above that is no key with its value, and so goes on in the line with the ':'."""
    above = text[: text.rfind("\n", 0, at) + 1]
    lines = [match for match in re.finditer(r"[^\n]+", above) if match[0].strip()]
    if not lines:
        return None
    line = lines[-1][0].rstrip()
    begin = lines[-1].start() + len(line) - len(line.lstrip())
    content = line.strip()
    if match := _NO_SPACE.match(content):
        colon = begin + match.start(1)
        return Slip(colon, colon + 1, "a space is missing behind this ':'", "write 'key: value'")
    if re.search(r":(\s|\Z)|[\[\]{}'\"#]|\A- ", content):
        return None
    return Slip(
        begin,
        begin + len(content),
        "this is neither a key nor part of the line above",
        "write 'key: value'; is a ':' or a space after it missing?",
    )
