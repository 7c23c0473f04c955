"""Interface names that the kernel would allow, and that are hardly meant so."""

from collections.abc import Callable

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


_DOUBTS: tuple[_Doubt, ...] = (_of_ip_link, _variable, _pattern, _punctuation)
