"""Writes the draft of a policy as YAML, with its assumptions as comments."""

import re
from collections.abc import Iterable, Iterator
from textwrap import wrap

from route_switcher import __version__
from route_switcher.core.vocabulary.uplinks import Family, GatewayMode
from route_switcher.drafting.draft import Draft, Entry
from route_switcher.drafting.notes import Task
from route_switcher.policy.sections.gateways import WORDS
from route_switcher.printable import printable

WIDTH = 80

SCHEMA_FILE = "./policy.schema.json"
"""Where an editor finds the schema, seen from the policy."""

_TARGETS = {
    Family.IPV4: ("8.8.8.8", "1.1.1.1"),
    Family.IPV6: ("2001:4860:4860::8888", "2606:4700:4700::1111"),
}
"""Those of the shipped policies."""

_GROUPS = "[0-9a-f]{1,4}(:[0-9a-f]{1,4})*"
_SURELY_TEXT = re.compile(
    rf"[A-Za-z_][A-Za-z0-9_.-]*|[0-9]+\.[0-9]+\.[0-9]+\.[0-9]+|{_GROUPS}::{_GROUPS}"
)
_NOT_TEXT = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
"""Words that YAML of some version reads as something else (yaml.org/type/bool.html)."""

_RULES = """\
# Rules are left out, and so have their defaults: three failed rounds in a row,
# or a lost carrier, fail an uplink; sixty seconds covered by good rounds bring
# it back."""


def write(draft: Draft) -> str:
    """The text of `draft`: a policy that `validate` accepts."""
    return (
        "\n".join([*_head(draft), "version: 1", "", *_uplinks(draft), "", *_probes(draft)]) + "\n"
    )


def _head(draft: Draft) -> Iterator[str]:
    yield f"# yaml-language-server: $schema={SCHEMA_FILE}"
    if draft.template:
        yield from _comment(
            "A TEMPLATE, since no default route with a gateway was found: the values marked below"
            " are made up."
        )
    else:
        yield from _comment("A policy for Route-Switcher, drafted from what this machine had.")
    yield from _comment(
        f"By `route-switcher init` ({__version__}). Read it and correct it; `route-switcher"
        " validate` checks it. An editor knows the keys by the first line, once"
        f" `route-switcher schema > {SCHEMA_FILE}` has written that file beside this one."
    )
    if draft.assumed:
        yield "#"
        yield "# Assumed:"
        for text in draft.assumed:
            yield from _comment(text, mark="* ")
    if draft.tasks:
        yield "#"
        yield from _comment(
            "To be put right on this machine. (A route is best deleted once the engine runs: until"
            " then it may be the only way out.)"
        )
        for task in draft.tasks:
            yield from _task(task)


def _task(task: Task) -> Iterator[str]:
    yield from _comment(task.text, mark="* ")
    # Not wrapped: they are there to be copied.
    yield from (f"#     {printable(line)}" for line in task.lines)


def _uplinks(draft: Draft) -> Iterator[str]:
    yield from _comment(
        "In order of preference; the best one that works carries the traffic. A line that costs by"
        " volume belongs last. IPv4 and IPv6 are decided separately."
    )
    yield "uplinks:"
    for entry in draft.entries:
        yield from _entry(entry)


def _entry(entry: Entry) -> Iterator[str]:
    for why in entry.why:
        yield from _comment(why, indent="  ")
    lines = (
        f"{scalar(entry.name)}:",
        f"  interface: {scalar(entry.interface)}",
        *_gateways(entry),
        f"  metric: {entry.metric}",
        *(["  onlink: true"] if entry.onlink else []),
    )
    lead = "  " if entry.complete else "  # "
    yield from (lead + line for line in lines)


def _gateways(entry: Entry) -> Iterator[str]:
    gateways = entry.gateways
    words = {WORDS[family]: str(gateway) for family, gateway in gateways.items()}
    different = set(words.values())
    if not words:
        yield "  gateway: ?"
    elif len(words) > 1 and len(different) > 1:
        yield "  gateway:"
        yield from (f"    {family}: {scalar(gateway)}" for family, gateway in words.items())
    else:
        yield f"  gateway: {scalar(different.pop())}"
        unsaid = all(
            gateway is GatewayMode.AUTO or gateway is GatewayMode.NONE
            for gateway in gateways.values()
        )
        if unsaid and list(gateways) != [Family.IPV4]:
            yield f"  families: [{', '.join(words)}]"


def _probes(draft: Draft) -> Iterator[str]:
    families = {uplink.family for uplink in draft.uplinks}
    targets = [
        f"      - {target}"
        for family in Family
        if family in families
        for target in _TARGETS[family]
    ]
    yield from _comment(
        "Asked through every uplink; one answer makes a round good. Pings, once a second, find a"
        " dead line quickly. Connections find one on which only pings are answered."
    )
    yield "probes:"
    yield "  internet:"
    yield "    type: icmp"
    yield "    targets:"
    yield from targets
    yield "  connections:"
    yield "    type: tcp"
    yield "    port: 443"
    yield "    refused: good  # it has answered, so the path works"
    yield "    targets:"
    yield from targets
    yield "    interval: 10s"
    yield "    fast_interval: 2s  # once one has failed"
    yield "    timeout: 2s"
    yield ""
    yield _RULES


def scalar(text: str) -> str:
    """`text` as YAML, quoted unless every reader takes it for text."""
    if _SURELY_TEXT.fullmatch(text) and text.lower() not in _NOT_TEXT:
        return text
    return "'" + text.replace("'", "''") + "'"


def _comment(text: str, indent: str = "", mark: str = "") -> Iterable[str]:
    """Comment lines; what would end a comment, such as U+2028, is replaced."""
    lead = f"{indent}# "
    return wrap(
        printable(text),
        WIDTH,
        initial_indent=lead + mark,
        subsequent_indent=lead + " " * len(mark),
        break_long_words=False,
        break_on_hyphens=False,
    )
