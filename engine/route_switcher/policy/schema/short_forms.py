"""One value where a mapping or a list stands: what it says, in the notation that is wanted."""

import re
from collections.abc import Mapping
from math import ceil

MAIN_KEYS: Mapping[str, str] = {
    "journal": "size",
    "control": "group",
    "after_switch": "conntrack",
    "routes": "table",
}
"""By the definition of a mapping: the key whose value people write in place of all of it."""

_SIZE = re.compile(
    r"([0-9]{1,12}(?:\.[0-9]{1,3})?)\s*([kmgt]?)(?:i?b|bytes|(?<=[kmgt])egabytes)?\Z"
)
_WORDS = re.compile(r"\s*(kilo|mega|giga|tera)(?:bi)?(?:bytes?)?\Z")
_BYTES = {"k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12}
_NONE = ("none", "off", "no", "false", "0", "0mb", "disabled")
_MEGABYTE, _GIGABYTE = 1e6, 1e9
_MOST = 999_999

_ABSOLUTE = re.compile(r"/[A-Za-z0-9_./-]+\Z")


def sizes(value: object) -> tuple[str, ...]:
    """What may be meant by a number of bytes that is written otherwise: `64M`, `1.5 GB`, `off`.
    Each is a size of a policy."""
    text = str(value).lower().strip()
    if text in _NONE:
        return ("none",)
    text = _WORDS.sub(lambda match: match[1][0], text)
    match = _SIZE.match(text)
    if match is None:
        return ()
    number, unit = float(match[1]), match[2]
    if not unit and number < _MEGABYTE:
        return tuple(filter(None, (_size(number * _MEGABYTE),)))
    return tuple(filter(None, (_size(number * _BYTES.get(unit, 1)),)))


def size(value: object) -> str | None:
    """A hint for a number of bytes that is written otherwise."""
    meant = sizes(value)
    return f"write {' or '.join(meant)}" if meant else None


def _size(count: float) -> str | None:
    if count <= 0:
        return None
    if count >= _GIGABYTE and count % _GIGABYTE == 0 and count / _GIGABYTE <= _MOST:
        return f"{count / _GIGABYTE:.0f}GB"
    megabytes = ceil(count / _MEGABYTE)
    return f"{megabytes}MB" if megabytes <= _MOST else None


def program(value: object) -> str | None:
    """A program, or a list of it and its arguments, as the `run` of a hook."""
    words = [value] if isinstance(value, str) else value
    if not isinstance(words, list) or not words or not isinstance(words[0], str):
        return None
    plain = all(isinstance(word, str) and _ABSOLUTE.match(word) for word in words[:1])
    rest = all(isinstance(w, str) and re.fullmatch(r"[a-z][a-z0-9_./-]*", w) for w in words[1:])
    return f"{{run: [{', '.join(words)}]}}" if plain and rest else None


def hook_list(value: object) -> str | None:
    """A hint for one hook, or one program, where a list of hooks stands."""
    if isinstance(value, dict) and "run" in value:
        return "write it as a list: [{run: […]}]"
    run = program(value) if isinstance(value, str) else None
    return f"write [{run}]" if run else None
