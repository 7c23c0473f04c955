"""What a number, a time, a share or an address may mean that is written as elsewhere.

Every function returns what a policy would hold instead, the likeliest first; nothing where that is
not clear. The caller keeps what is within the bounds of the key.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from fractions import Fraction
from ipaddress import IPv6Address, ip_address

from route_switcher.text.durations import format_duration

_LONGEST = 64
"""Characters of a value that is looked at."""

_WORDS_OF_NUMBERS: Mapping[str, str] = {
    **dict.fromkeys(("a", "an", "one", "single"), "1"),
    "two": "2",
    "three": "3",
    "four": "4",
    "five": "5",
    "six": "6",
    "seven": "7",
    "eight": "8",
    "nine": "9",
    "ten": "10",
    "half": "0.5",
}
_BARE = re.compile(r"[0-9]+(?:\.[0-9]+)?\Z")
_COMPARED = re.compile(r"\A(?:>=|<=|=>|=<|==|[<>=~+≥≤])\s*")
_GROUPED = re.compile(r"(?<=[0-9])[_'\u2019](?=[0-9]{3})")

_MILLISECONDS: Mapping[str, Fraction] = {
    unit: Fraction(size)
    for size, units in (
        ("0.001", "us µs μs usec usecs microsecond microseconds"),
        ("1", "ms msec msecs millis millisecond milliseconds"),
        ("1000", "s sec secs second seconds"),
        ("60000", "m min mins minute minutes"),
        ("3600000", "h hr hrs hour hours"),
        ("86400000", "d day days"),
        ("604800000", "w wk week weeks"),
        ("2592000000", "mo mon month months"),
        ("31536000000", "y yr year years"),
    )
    for unit in units.split()
}
_MOST = 999_999_999_000
"""Milliseconds that a policy can write in one unit; no key allows as many."""
_NEXT_SMALLER = {"d": "h", "day": "h", "h": "m", "hr": "m", "m": "s", "min": "s", "s": "ms"}
"""What a last number without a unit counts, by the unit before it: `1m30`, `1 h 30`."""

_PART = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?([a-zµμ]*)\.?,?(?: and)? *")
_PARTS = re.compile(rf"(?:{_PART.pattern})+\Z")
_ISO = re.compile(
    r"p(?:([0-9]+)w)?(?:([0-9]+)d)?(?:t(?:([0-9]+)h)?(?:([0-9]+)m)?(?:([0-9]+(?:\.[0-9]+)?)s)?)?\Z"
)
"""A duration of ISO 8601, in lower case: pt1h30m."""
_CLOCK = re.compile(r"([0-9]{1,3}):([0-5]?[0-9])(?::([0-5]?[0-9]))?\Z")
_NEGATIVE = re.compile(r"\s*[-\u2212\u2013]\s*[0-9.]+\s*[a-zA-Z%]*\s*\Z")

_ENDLESS = frozenset(
    (
        *("never", "forever", "always", "endless", "unlimited", "indefinitely"),
        *("inf", ".inf", "infinite", "infinity"),
    )
)
_NOTHING = frozenset(
    ("none", "no", "off", "false", "disabled", "disable", "null", "nothing", "zero", "immediately")
)


def _plain(value: object) -> str:
    """The text of a value as it is compared: short, in lower case, with plain digits."""
    text = unicodedata.normalize("NFKC", str(value)[:_LONGEST]).lower()
    seen = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc"))
    return _GROUPED.sub("", _COMPARED.sub("", " ".join(seen.split())))


def is_negative(value: object) -> bool:
    """Whether it is a number below 0, with or without a unit."""
    return _NEGATIVE.match(str(value)[:_LONGEST]) is not None and not isinstance(value, bool)


def is_endless(value: object) -> bool:
    """Whether it is a word for a time that never ends."""
    return _plain(value) in _ENDLESS


def is_nothing(value: object) -> bool:
    """Whether it is a word for no time at all."""
    return _plain(value) in _NOTHING


def lacks_a_unit(value: object) -> bool:
    """Whether it is a number and nothing else."""
    return _BARE.match(_plain(value)) is not None


def durations(value: object) -> tuple[str, ...]:
    """Times of a policy, for a number without a unit or a time of another notation: `1sec`, `90
    min`, `1 h 30`, `2 weeks`, `PT1M`, `1:30`."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ()
    # A comma may stand for a point: 1,5s.
    text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", _plain(value))
    text = " ".join(_WORDS_OF_NUMBERS.get(word, word) for word in text.split())
    text = text.replace("0.5 1 ", "0.5 ").replace("0.5 of 1 ", "0.5 ")
    found = (read(text) for read in (_of_iso, _of_clock, _of_parts))
    return next((tuple(dict.fromkeys(each)) for each in found if each), ())


def _written(milliseconds: Fraction) -> str | None:
    """A time to a thousandth of a second, in one unit; None if it is less."""
    whole = min(round(milliseconds), _MOST)
    if milliseconds and not whole:
        return None
    return format_duration(whole / 1000)


def _of_iso(text: str) -> list[str]:
    match = _ISO.match(text)
    if match is None or not any(match.groups()):
        return []
    units = ("w", "d", "h", "m", "s")
    parts = zip(match.groups(), units, strict=True)
    total = sum((Fraction(n) * _MILLISECONDS[unit] for n, unit in parts if n), Fraction())
    return [text for text in (_written(total),) if text]


def _of_clock(text: str) -> list[str]:
    match = _CLOCK.match(text)
    if match is None:
        return []
    first, second, third = match.groups()
    if third is not None:
        whole = (int(first) * 60 + int(second)) * 60 + int(third)
        return [format_duration(whole)]
    minutes = int(first) * 60 + int(second)
    return [format_duration(minutes), format_duration(minutes * 60)]


def _of_parts(text: str) -> list[str]:
    if _PARTS.match(text) is None:
        return []
    parts = _PART.findall(text)
    if len(parts) == 1 and not parts[0][1]:
        number = _number(parts[0][0])
        if not Fraction(number):
            return ["0s"]
        amount = Fraction(number)
        both = (
            _kept([(number, unit)]) or _written(amount * _MILLISECONDS[unit])
            for unit in ("s", "ms")
        )
        return [each for each in both if each]
    if len(parts) > 1 and not parts[-1][1]:
        parts[-1] = (parts[-1][0], _NEXT_SMALLER.get(parts[-2][1], ""))
    if any(unit not in _MILLISECONDS for _, unit in parts):
        return []
    total = sum((Fraction(n) * _MILLISECONDS[unit] for n, unit in parts), Fraction())
    kept = _kept(parts)
    written = kept if kept is not None else _written(total)
    return [] if written is None else [written]


def _kept(parts: list[tuple[str, str]]) -> str | None:
    """One number and its unit as it stands, if a policy has the unit: 90s and not 1m30s."""
    number, unit = _number(parts[0][0]), parts[0][1]
    size = _MILLISECONDS[unit]
    names = {Fraction(1): "ms", 1000: "s", 60_000: "m", 3_600_000: "h", 86_400_000: "d"}
    plain = re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]{1,3})?", number)
    return number + names[size] if len(parts) == 1 and plain and size in names else None


def _number(text: str) -> str:
    """Without zeros in front, as YAML takes for octal."""
    return text.lstrip("0") if text.lstrip("0")[:1].isdigit() else f"0{text.lstrip('0')}"


_PERCENT = re.compile(r"%? ?([0-9]+(?:\.[0-9]+)?) ?(%+|percent|per cent|pct|prozent|p\.c\.)?%*\Z")
_PARTS_OF_ALL = re.compile(r"([0-9]{1,6}) ?(?:/|of|out of|in|:) ?([0-9]{1,6})\Z")


def percentages(value: object) -> tuple[str, ...]:
    """Shares of a policy, for a number without '%' or a share of another notation: `20`, `20
    percent`, `0.2`, `1/5`."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ()
    text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", _plain(value))
    if (match := _PARTS_OF_ALL.match(text)) and int(match[2]):
        return (_share(Fraction(int(match[1]) * 100, int(match[2]))),)
    if (match := _PERCENT.match(text)) is None:
        return ()
    number = Fraction(match[1])
    of_one = "%" not in text and match[2] is None and 0 < number < 1
    return (_share(number * 100), _share(number)) if of_one else (_share(number),)


def _share(percent: Fraction) -> str:
    tenths = round(percent * 10)
    return f"{tenths // 10}%" if tenths % 10 == 0 else f"{tenths // 10}.{tenths % 10}%"


def _is_octal(digits: str) -> bool:
    """Whether a zero in front makes it another number in some notations."""
    plain = digits.lstrip("0")
    return digits != plain and (len(plain) > 1 or plain in ("8", "9"))


def whole_number(value: object) -> int | None:
    """The whole number that a text or a list of one item holds: `3 times`, `3.0`, `three`, `03`."""
    if isinstance(value, list):
        return whole_number(value[0]) if len(value) == 1 else None
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    words = [_WORDS_OF_NUMBERS.get(word, word) for word in _plain(value).split()]
    match = re.fullmatch(r"([0-9]{1,12})(?:\.0+)? ?[a-z]*", " ".join(words).replace(",", ""))
    return int(match[1]) if match and not _is_octal(match[1]) else None


_SCHEME = re.compile(r"\A[a-z][a-z0-9+.-]*://|\A//")
_WRAPPED = re.compile(r"\A[\"'\u2018-\u201f`\[(<{]+|[\"'\u2018-\u201f`\])>};,]+\Z")
_OCTETS = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){3}")


def host(value: object, usable: Callable[[str], bool]) -> str | None:
    """The address or name in a text that has more: a scheme, a port, a length, a zone, brackets.
    `usable` says whether it would be taken."""
    if isinstance(value, list):
        only = value[0] if len(value) == 1 else None
        return only if isinstance(only, str) and usable(only) else host(only, usable)
    if not isinstance(value, str) or len(value) > 4 * _LONGEST:
        return None
    text = unicodedata.normalize("NFKC", value)
    text = "".join(char for char in text if unicodedata.category(char) not in ("Cf", "Cc")).strip()
    bare = _SCHEME.sub("", text)
    bare = re.sub(r"\A(?:via|gw|gateway)\s+|\s+(?:dev|via|metric)\s.*\Z", "", bare)
    bare = bare.rpartition("@")[2]
    bare = re.split(r"[/?#%]", bare, maxsplit=1)[0]
    bracketed = re.match(r"\[([0-9A-Fa-f:.]+)\](?::[0-9]+)?\Z", bare)
    bare = bracketed[1] if bracketed else _WRAPPED.sub("", bare)
    without_port = re.sub(r":[0-9]{1,5}\Z", "", bare) if bare.count(":") == 1 else bare
    found = (
        without_port,
        without_port.rstrip("."),
        _decimal(without_port),
        _in_ascii(without_port),
    )
    return next((each for each in map(_unmapped, found) if each != value and usable(each)), None)


def _decimal(text: str) -> str:
    """An IPv4 address without zeros in front of its numbers, where octal ones would be the same."""
    octets = text.split(".")
    if _OCTETS.fullmatch(text) is None or any(map(_is_octal, octets)):
        return text
    return ".".join(str(int(octet)) for octet in octets)


def _in_ascii(text: str) -> str:
    """An international name as DNS has it (RFC 3490)."""
    try:
        return text.encode("idna").decode("ascii")
    except UnicodeError:
        return text


def _unmapped(text: str) -> str:
    """The IPv4 address in one that is dressed as IPv6."""
    try:
        address = ip_address(text)
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return str(mapped) if mapped is not None else text
