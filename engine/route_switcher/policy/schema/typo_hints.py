"""What to write instead of a value that is nearly right: the value itself, as it must be written.

Every function returns a hint, or None where nothing is nearly right. A value is repeated only if
it fits the schema once it is mended, so that a hint holds nothing that a terminal would obey.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from route_switcher.text.durations import format_duration, parse_duration

_LONGEST = 64
"""Characters of a value that is looked at."""

_PART_OF_DURATION = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([a-z]*),?(?: and)? *", re.ASCII)
_DURATION = re.compile(rf"(?:{_PART_OF_DURATION.pattern})+\Z", re.ASCII)
_UNITS = {
    **dict.fromkeys(("ms", "msec", "msecs", "millis", "millisecond", "milliseconds"), "ms"),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "wk", "week", "weeks"), "w"),
}

_ENTRY = re.compile(r"([a-z_]+)(\s*:|\s*=|\s)\s*([^\s:={}\[\],#]+)\Z", re.ASCII)

_LEARNED = frozenset(
    (
        *("auto", "automatic", "default", "dhclient", "dhcp", "dhcpcd", "dhcpv", "dynamic"),
        *("lease", "learned", "ra", "slaac", "udhcpc"),
    )
)
"""What a gateway is called elsewhere that is learned at run time, without a number behind it."""

_NO_GATEWAY = frozenset(
    (
        *("-", "device", "false", "l2tp", "no", "none", "null", "off", "p2p", "point-to-point"),
        *("pointopoint", "pointtopoint", "ppp", "pppoe", "ptp", "tun", "tunnel", "wg"),
        "wireguard",
    )
)
"""What is written elsewhere for a line that has no gateway."""

_OF_SHELL = re.compile(r"[\"'\\\\$`|&;<>(){}*?\[\]~!]")
"""What a shell would not take as it stands."""

_NOT_PLAIN = re.compile(r"[:,#%@\-]|^[0-9.+]+\Z|^(?i:true|false|yes|no|on|off|null)\Z")
"""What YAML might take for something other than this text, in a list on one line."""

_FAMILIES = {
    **dict.fromkeys(("4", "v4", "ip4", "ip", "inet"), "ipv4"),
    **dict.fromkeys(("6", "v6", "ip6", "inet6"), "ipv6"),
}
_ALL_FAMILIES = frozenset(["all", "any", "both", "dual", "dual-stack"])


def durations(value: object) -> tuple[str, ...]:
    """What may be meant by a number without a unit, or by one that is written otherwise: `1sec`,
    `90 min`, `1 h 30`, `2 weeks`. Each is a duration of a policy."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return ()
    text = str(value)[:_LONGEST].lower().strip()
    # A comma may stand for a point: 1,5s.
    text = re.sub(r"(?<=[0-9]),(?=[0-9])", ".", text)
    if _DURATION.match(text) is None:
        return ()
    parts = _PART_OF_DURATION.findall(text)
    if len(parts) == 1 and not parts[0][1]:
        number = parts[0][0]
        return f"{number}s", f"{number}ms"
    if any(unit not in _UNITS for _, unit in parts):
        return ()
    if len(parts) == 1 and _UNITS[parts[0][1]] != "w":
        return (parts[0][0] + _UNITS[parts[0][1]],)
    return (format_duration(sum(_seconds(number, _UNITS[unit]) for number, unit in parts)),)


def _seconds(number: str, unit: str) -> float:
    return 7 * parse_duration(f"{number}d") if unit == "w" else parse_duration(number + unit)


def duration(meant: Sequence[str]) -> str | None:
    """The hint to write one of the `durations`."""
    if not meant:
        return None
    if len(meant) == 1:
        return f"write {meant[0]}"
    return f"a unit is missing: write {', or '.join(meant)}"


def list_of(value: object, items: dict[str, Any]) -> str | None:
    """A single value, or several with commas, where a list is wanted; `items` is their schema."""
    if isinstance(value, bool) or not isinstance(value, int | str) or "pattern" not in items:
        return None
    text = str(value)
    words = text.replace(",", " ").split()
    if not words or len(text) > _LONGEST:
        return None
    if not all(re.search(items["pattern"], word) for word in words):
        return None
    # A ':' may mean something else within brackets, and a number is a name only in quotes.
    shown = (f"'{word}'" if ":" in word or word.isdecimal() else word for word in words)
    return f"write [{', '.join(shown)}]"


def entry(text: object, keys: Collection[str]) -> str | None:
    """A key and its value that nothing separates as YAML wants it: `failures 5`, `stable:2m`."""
    match = _ENTRY.match(text) if isinstance(text, str) and len(text) <= _LONGEST else None
    if match is None or match[1] not in keys or not match[3].isprintable():
        return None
    missing = "a space is" if match[2].endswith(":") else "a ':' and a space are"
    return f"{missing} missing: write '{match[1]}: {match[3]}'"


def gateway(value: object) -> str | None:
    """A word for a gateway that is learned, or that there is none, or nothing at all."""
    if value is None or value == "":
        return (
            "write auto if the gateway is learned (DHCP, router advertisements), or none if the"
            " line has none (PPP, tunnels)"
        )
    if isinstance(value, list):
        return "write one address, or one for each family: {ipv4: ADDRESS, ipv6: ADDRESS}"
    word = str(value).lower().rstrip("0123456789")
    if word in _LEARNED:
        return "did you mean 'auto'? It learns the gateway from the default routes of others"
    if word in _NO_GATEWAY:
        return "did you mean 'none'? It is for a line without a gateway, such as PPP or a tunnel"
    return None


def family(value: object) -> str | None:
    """Another name of a family."""
    word = str(value).lower()
    return f"write {_FAMILIES[word]}" if word in _FAMILIES else None


def families(value: object) -> str | None:
    """One family, or a word for both, where a list is wanted."""
    words = str(value).lower().replace(",", " ").replace("+", " ").split()
    if len(words) == 1 and words[0] in _ALL_FAMILIES:
        return "write [ipv4, ipv6]"
    found = [_FAMILIES.get(word, word) for word in words]
    if found and all(word in _FAMILIES.values() for word in found):
        return f"write [{', '.join(found)}]"
    return None


def run(value: object) -> str | None:
    """A program with its arguments in one text, as a shell would take it."""
    if not isinstance(value, str) or not value.isprintable():
        return None
    text = value.strip()
    plain = text and len(text) <= _LONGEST and not _OF_SHELL.search(text)
    words = [f"'{w}'" if _NOT_PLAIN.search(w) else w for w in text.split()] if plain else []
    if not words:
        return "write the program and its arguments as a list, such as [/usr/bin/logger, switched]"
    return f"no shell reads it: write [{', '.join(words)}]"


def one_of(words: Sequence[str]) -> str:
    """The words that may stand somewhere."""
    return f"write {' or '.join(words)}" if len(words) > 1 else f"write '{words[0]}'"
