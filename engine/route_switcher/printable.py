"""Text that a terminal can show without obeying it.

A name of the kernel or of a file may hold almost any byte: escape sequences, line breaks, marks
that turn the direction of what follows (Unicode UAX #9), and bytes that are no UTF-8 at all.
"""

import re
import unicodedata

_BREAKS_AND_TABS = re.compile(r"[^\n\t]+")


def printable(text: str) -> str:
    r"""`text` with every character that cannot be seen written as an escape: \x1b, \u202e.

    Those are all that `str.isprintable` refuses. Bytes that are no UTF-8, which Python reads as
    lone surrogates (PEP 383), are written as bytes: \xff.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _escape(ord(char)) for char in text)


def printable_lines(text: str) -> str:
    """The same for text of several lines: line breaks and tabs stay."""
    if text.isprintable():
        return text
    return _BREAKS_AND_TABS.sub(lambda match: printable(match[0]), text)


def character_names(text: str) -> str:
    """The names of what nobody sees in `text`, or takes for something else: of up to two
    characters that are invisible, or quotes, dashes and spaces of a word processor.

    Nothing if there are none. Characters of ASCII have no names here, for their escape says all.
    """
    if text.isascii():
        return ""
    found = [char for char in dict.fromkeys(text) if _is_deceptive(char)][:_NAMED]
    return " and ".join(f"U+{ord(char):04X} {unicodedata.name(char, 'unnamed')}" for char in found)


_NAMED = 2
_LOOK_ALIKE = frozenset(("Pd", "Pi", "Pf", "Zs", "Cf", "Zl", "Zp"))
"""Categories of Unicode: dashes, quotes, spaces, and what is not seen at all."""


def _is_deceptive(char: str) -> bool:
    return not char.isascii() and unicodedata.category(char) in _LOOK_ALIKE | {"Cc", "Co", "Cn"}


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
