"""Text in lines of a width that reads well."""

import re
from collections.abc import Iterator
from textwrap import wrap

_WIDTH = 80

_QUANTITY = re.compile(r"(?<=\d) (?=(?:s|ms|min|h|days|kB|MB|GB|rounds)\b|%)")
_GLUE = "\x1f"
"""Stands for a space at which no line may end."""


def paragraph(text: str) -> Iterator[str]:
    """The lines of a paragraph, and an empty one."""
    yield from _wrapped(text)
    yield ""


def item(text: str, mark: str = "* ") -> list[str]:
    """The lines of an item of a list."""
    return _wrapped(text, mark, " " * len(mark))


def _wrapped(text: str, first: str = "", others: str = "") -> list[str]:
    """Lines that never part a number from its unit, or from the rounds that it counts."""
    whole = _QUANTITY.sub(_GLUE, text)
    lines = wrap(
        whole,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=others,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_GLUE, " ") for line in lines]
