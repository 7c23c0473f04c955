"""Interface names that the kernel would allow, and that are hardly meant so."""

import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address

from route_switcher.analysis.lints.context import LintContext
from route_switcher.policy.problems import quoted
from route_switcher.printable import character_names

_Doubt = Callable[[str], tuple[str, str] | None]
"""What is doubtful about a name, and what to write instead."""


def doubt_interfaces(context: LintContext) -> None:
    """Names that come from another notation: a variable, a pattern, a line of `ip link`."""
    for path, name in context.names():
        interface = context.policy.named(name)[0].interface
        found = (doubt(interface) for doubt in _DOUBTS)
        doubtful = next((one for one in found if one is not None), None)
        if doubtful is not None:
            what, hint = doubtful
            place = (*path, "interface")
            context.warn("doubtful-interface", place, f"{quoted(interface)} {what}", hint)


def _of_ip_link(name: str) -> tuple[str, str] | None:
    own, at, _ = name.partition("@")
    if not at or not own:
        return None
    return "is two names: `ip link` shows what an interface is bound to behind the '@'", (
        f"write {own}"
    )


def _variable(name: str) -> tuple[str, str] | None:
    if not any(mark in name for mark in ("$", "{{", "${", "<")):
        return None
    return "looks like a variable, and nothing replaces it", "write the interface's own name"


def _pattern(name: str) -> tuple[str, str] | None:
    if not any(mark in name for mark in "*?[]|+"):
        return None
    return "looks like a pattern: only an interface of just this name would be taken", (
        "write the interface's own name"
    )


def _punctuation(name: str) -> tuple[str, str] | None:
    if not character_names(name) and not any(mark in name for mark in "\"'`,;="):
        return None
    plain = "".join(char for char in name if char.isascii() and (char.isalnum() or char in "._-"))
    hint = f"write {plain}" if plain else "write the name as `ip link` shows it"
    return "has characters that no usual interface name has", hint


def _other_script(name: str) -> tuple[str, str] | None:
    letters = [char for char in dict.fromkeys(name) if char.isalpha() and not char.isascii()]
    if not letters or not any(char.isascii() and char.isalpha() for char in name):
        return None
    char = letters[0]
    # Letters with an accent are seen as such; those of another script look like others.
    if unicodedata.normalize("NFD", char)[0].isascii():
        return None
    named = f"U+{ord(char):04X} {unicodedata.name(char, 'unnamed')}"
    return f"has a letter of another script among its own: {named}", "type the name again"


def _address(name: str) -> tuple[str, str] | None:
    with suppress(ValueError):
        ip_address(name)
        return "is an address, and no interface is called so", (
            "write the interface's own name, as `ip link` shows it"
        )
    if name.isdecimal():
        return "is a number, and the kernel does not look for it among its indexes", (
            "write the interface's own name, as `ip link` shows it"
        )
    return None


def _word(name: str) -> tuple[str, str] | None:
    if name.lower() not in _WORDS:
        return None
    return "is a word of other settings, and hardly a name", (
        "write the interface's own name, as `ip link` shows it"
    )


def _vlan(name: str) -> tuple[str, str] | None:
    match = _VLAN.match(name)
    if match is None or (match[2] and 1 <= int(match[2]) <= _HIGHEST_VLAN):
        return None
    if not match[2]:
        return "ends with a '.', as a VLAN without its number", f"write {match[1]}"
    return f"has the VLAN {match[2]}, and they go from 1 to {_HIGHEST_VLAN}", (
        "write the name as `ip link` shows it"
    )


def _inner(name: str) -> tuple[str, str] | None:
    what = next((what for pattern, what in _NO_LINES.items() if re.match(pattern, name)), None)
    if what is None:
        return None
    return f"is {what}, and leads to no provider", "name the interface of the line"


_WORDS = frozenset(
    (
        *("any", "auto", "none", "no", "yes", "on", "off", "true", "false", "null"),
        *("interface", "iface", "dev"),
    )
)

_VLAN = re.compile(r"([A-Za-z]+[A-Za-z0-9]*)\.([0-9]*)\Z")
_HIGHEST_VLAN = 4094
"""IEEE 802.1Q: 0 and 4095 are reserved."""

_NO_LINES = {
    r"(sit|tunl|gre|gretap|erspan|ip6tnl|ip6gre|ip_vti|ip6_vti)0\Z": (
        "a device that the kernel makes by itself for tunnels"
    ),
    r"(ifb|nlmon|vcan)[0-9]+\Z": "an interface for queues or captures",
    r"dummy[0-9]+\Z": "a dummy interface",
    r"(docker|virbr|lxcbr|lxdbr|cni|podman)[0-9]+\Z|veth[0-9a-f]{4,}\Z|br-[0-9a-f]{12}\Z": (
        "a network of containers or virtual machines on this machine"
    ),
    r"lo[0-9]+\Z|loopback[0-9]*\Z": "called as a loopback interface",
}
"""What an interface is that is called so by the kernel or by a program."""

_DOUBTS: tuple[_Doubt, ...] = (
    _of_ip_link,
    _variable,
    _pattern,
    _punctuation,
    _other_script,
    _address,
    _word,
    _vlan,
    _inner,
)
