"""Pieces of HTML, in which what is not marked as HTML is text."""

from html import escape

from route_switcher.printable import printable_lines

_VOID = frozenset({"br", "meta"})
"""Elements that have no end (HTML standard, section 13.1.2)."""


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(words: str) -> Markup:
    """`words` as HTML shows them; what cannot be seen is written as an escape."""
    if isinstance(words, Markup):
        return words
    return Markup(escape(printable_lines(words)))


def joined(*parts: str) -> Markup:
    """One after the other."""
    return Markup("".join(text(part) for part in parts))


def element(tag: str, /, *inside: str, **attributes: str | None) -> Markup:
    """The element `tag`. An attribute that is None is left out; `class_` and `aria_label` are
    written `class` and `aria-label`."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    if tag in _VOID:
        return Markup(f"<{tag}{written}>")
    return Markup(f"<{tag}{written}>{joined(*inside)}</{tag}>")
