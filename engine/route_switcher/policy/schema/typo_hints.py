"""What to write instead of a value that is nearly right: the value itself, as it must be written.

Every function returns a hint, or None where nothing is nearly right. A value is repeated only if
it fits the schema once it is mended, so that a hint holds nothing that a terminal would obey.
"""

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from route_switcher.policy.schema import near_values
from route_switcher.policy.values import is_usable_address, looks_like_host

_LONGEST = 64
"""Characters of a value that is looked at."""

_ENTRY = re.compile(r"([a-z_]+)(\s*:|\s*=|\s)\s*([^\s:={}\[\],#]+)\Z", re.ASCII)

_LEARNED = frozenset(
    (
        *("auto", "automatic", "default", "dhclient", "dhcp", "dhcpcd", "dhcpv", "dynamic"),
        *("dhcp-interface", "dhcp-gateway", "from-dhcp", "gateway", "_gateway", "router"),
        *("lease", "learned", "ra", "slaac", "udhcpc"),
    )
)
"""What a gateway is called elsewhere that is learned at run time, without a number behind it."""

_NO_GATEWAY = frozenset(
    (
        *("direct", "link", "onlink", "peer", "remote", "%ppp"),
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

_PLAIN_PART = re.compile(r"[A-Za-z0-9.% ]{1,20}\Z")
_INTERFACE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,14}\Z")
_HARDWARE_ADDRESS = re.compile(r"(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\Z", re.IGNORECASE)
_ALIAS = re.compile(r"([A-Za-z][A-Za-z0-9_.-]{0,14}):[A-Za-z0-9]+\Z")

_NO = ("no", "false", "off", "0")
_YES = ("yes", "true", "on", "1")
_WORDS: Mapping[str, Sequence[str]] = {
    "icmp": ("ping", "ping6", "icmp4", "icmp6", "icmpv6", "echo-request", "fping"),
    "neighbour": ("arp", "arping", "nd", "ndp", "ndisc", "nud", "gateway"),
    "http": ("https", "httping", "url", "web", "curl", "wget"),
    "tcp": ("tcping", "connect", "port", "socket", "syn"),
    "dns": ("nslookup", "dig", "resolve", "name"),
    "exec": ("script", "command", "program", "external"),
    "any": ("one", "some", "or", "first", "at-least-one"),
    "all": ("every", "each", "both", "and", "everything"),
    "down": (*_NO, "lost", "unplugged"),
    "up": (*_YES, "back", "plugged"),
    "connected": (*_YES, "up", "back", "plugged", "online", "present"),
    "unplugged": ("lost", "no-carrier", "disconnected", "pulled", "cable-out", "carrier-lost"),
    "missing": ("gone", "removed", "absent", "deleted"),
    "without-address": ("no-address", "no-ip", "unnumbered"),
    "healthy": (*_YES, "up", "ok", "good", "alive", "online", "working"),
    "ok": (*_YES, "up", "good", "healthy", "fine", "passing"),
    "failed": (*_NO, "down", "dead", "bad", "broken", "offline", "unhealthy", "failing", "fail"),
    "keep": ("leave", "stay", "nothing"),
    "restore": ("remove", "cleanup", "clean", "delete", "flush"),
    "unreachable": ("drop", "blackhole", "reject", "prohibit", "block"),
    "manual": (*_NO, "never", "no-preempt", "nopreempt", "operator"),
    "automatic": (*_YES, "auto", "preempt", "always"),
    "together": (*_YES, "both", "joined", "as-one", "all"),
    "separately": (*_NO, "separate", "independent", "independently", "alone", "split", "each"),
    "previous": (*_YES, "flush", "old", "left", "snat", "masquerade"),
    "none": (*_NO, "never", "keep", "nothing"),
    "good": (*_YES, "ok", "success", "up", "alive"),
    "bad": (*_NO, "fail", "failed", "failure", "down", "lost"),
    "A": ("ipv4", "ip4", "v4", "address"),
    "AAAA": ("ipv6", "ip6", "v6"),
}
"""What other programs call a value that a policy has."""

_FAMILIES = {
    **dict.fromkeys(("4", "v4", "ip4", "ip", "inet"), "ipv4"),
    **dict.fromkeys(("6", "v6", "ip6", "inet6"), "ipv6"),
}
_ALL_FAMILIES = frozenset(["all", "any", "both", "dual", "dual-stack"])


def duration(value: object) -> str | None:
    """A time that is written otherwise."""
    meant = near_values.durations(value)
    if not meant:
        return None
    missing = "a unit is missing: " if near_values.lacks_a_unit(value) and meant != ("0s",) else ""
    return f"{missing}write {', or '.join(meant)}"


def percentage(value: object) -> str | None:
    """A share that is written otherwise."""
    meant = near_values.percentages(value)
    return f"write {', or '.join(meant)}" if meant else None


def whole_number(value: object, least: int, most: float) -> str | None:
    """A text or a list with a whole number in it, if that is within the bounds."""
    if near_values.is_nothing(value) and least <= 0:
        return "write 0"
    number = near_values.whole_number(value)
    return f"write {number}" if number is not None and least <= number <= most else None


def list_of(value: object, items: dict[str, Any], usable: Callable[[str], bool]) -> str | None:
    """A single value, or several with commas, where a list is wanted; `items` is their schema.

    `usable` says whether one of them would be taken, as far as the schema does not."""
    if isinstance(value, bool) or not isinstance(value, int | str) or "pattern" not in items:
        return None
    text = str(value)
    words = text.replace(",", " ").split()
    if not words or len(text) > _LONGEST:
        return None
    if not all(re.search(items["pattern"], word) and usable(word) for word in words):
        return None
    # A ':' may mean something else within brackets, and a number is a name only in quotes.
    shown = (f"'{word}'" if ":" in word or word.isdecimal() else word for word in words)
    return f"write [{', '.join(shown)}]"


def series(value: list[object]) -> str | None:
    """A list of words where they stand in one text, with commas."""
    plain = all(isinstance(part, str) and _PLAIN_PART.match(part) for part in value)
    return f"write '{', '.join(map(str, value))}', as one text" if value and plain else None


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
    if (bare := near_values.host(value, is_usable_address)) is not None:
        return f"write {bare} alone"
    if isinstance(value, list):
        return "write one address, or one for each family: {ipv4: ADDRESS, ipv6: ADDRESS}"
    word = str(value).lower().rstrip("0123456789")
    if word in _LEARNED:
        return "did you mean 'auto'? It learns the gateway from the default routes of others"
    if word in _NO_GATEWAY:
        return "did you mean 'none'? It is for a line without a gateway, such as PPP or a tunnel"
    return None


def address(value: object) -> str | None:
    """An address with something round it, or that is written otherwise."""
    bare = near_values.host(value, is_usable_address)
    return None if bare is None else f"write {bare} alone"


def target(value: object, *, by_name: bool) -> str | None:
    """The same for an address or, if it is taken `by_name`, the name of a host."""
    bare = near_values.host(
        value, lambda word: is_usable_address(word) or (by_name and looks_like_host(word))
    )
    # One that holds on a link only would be refused: the uplinks are several links.
    return None if bare is None or bare.startswith("fe80:") else f"write {bare} alone"


def interface(value: object) -> str | None:
    """What is no interface name, but has one in it; or names something else that is near."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"put it in quotes to make it text: '{value}'"
    if isinstance(value, list):
        if len(value) == 1 and _is_interface(value[0]):
            return f"write {value[0]}"
        return "an uplink has one interface: write an uplink for each"
    if not isinstance(value, str):
        return None
    text = value.strip()
    if _INTERFACE.match(text) and text != value:
        return f"write {text}, without spaces"
    if _HARDWARE_ADDRESS.match(text):
        return "write the interface's name, as `ip link` shows it, not its hardware address"
    if (alias := _ALIAS.match(text)) is not None and _is_interface(alias[1]):
        return f"an alias is an address and no interface of its own: write {alias[1]}"
    if text.startswith("/"):
        return "write the name of the network interface, as `ip link` shows it, not a file"
    if len(names := re.split(r"[\s,;]+", text)) > 1 and all(map(_INTERFACE.match, names)):
        return f"an uplink has one interface: write an uplink for each of {', '.join(names)}"
    return None


def _is_interface(value: object) -> bool:
    named = isinstance(value, str) and _INTERFACE.match(value) is not None
    return named and value not in ("lo", "all", "default")


def word(value: object, known: Collection[str]) -> str | None:
    """A word that says elsewhere what one of the `known` ones says here."""
    found = meant(value, known)
    return None if found is None else f"did you mean {found!r}?"


def meant(value: object, known: Collection[str]) -> str | None:
    """The `known` word that says what `value` says elsewhere."""
    text = str(value).lower().replace("_", "-").replace(" ", "-")
    return next((each for each in known if text in _WORDS.get(each, ())), None)


def truth(value: object) -> str | None:
    """A word for true or false."""
    text = str(value).lower()
    return "true" if text in _YES else "false" if text in _NO else None


_PORTS = {"http": 80, "www": 80, "https": 443, "domain": 53, "dns": 53, "ssh": 22, "smtp": 25}


def port(value: object) -> str | None:
    """The number of a port that is called by the name of its service."""
    number = _PORTS.get(str(value).lower())
    return None if number is None else f"write {number}"


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
    if not words or not words[0].startswith(("/", "'/")):
        return "write the program and its arguments as a list, such as [/usr/bin/logger, switched]"
    return f"no shell reads it: write [{', '.join(words)}]"


def one_of(words: Sequence[str]) -> str:
    """The words that may stand somewhere."""
    return f"write {' or '.join(words)}" if len(words) > 1 else f"write '{words[0]}'"
