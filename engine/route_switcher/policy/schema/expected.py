"""What a part of the schema expects, in words: its hint, its description, an example of it."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from route_switcher.policy.findings import Findings
from route_switcher.policy.schema import typo_hints
from route_switcher.policy.yaml.reader import Path

_NAMED_IN: dict[Path, str] = {("uplinks",): "uplinks", ("probe",): "probes"}
"""By a key, the section whose names it takes."""

_SCENARIOS = "scenarios"
_UPLINKS_OF_EXAMPLES = ("primary", "secondary")
"""The uplinks that examples for scenarios name."""

_PLAIN_NAME = re.compile(
    r"(?!(?:yes|no|on|off|true|false|null)\Z)[A-Za-z][A-Za-z0-9_-]{0,31}\Z", re.I
)
"""A name that nothing is wrong with, and that YAML reads as text without quotes."""

_NUMBER = re.compile(r"[1-9][0-9]{0,9}\Z")


def hint(schema: dict[str, Any], with_names: Callable[[object], object]) -> str:
    """What to write where `schema` holds. `with_names` gives an example the names of the file."""
    if "enum" in schema and not _sentence(schema).startswith("Write "):
        return typo_hints.one_of(schema["enum"])
    if schema.get("type") == "boolean":
        return "write true or false"
    if schema.get("type") in ("object", "array"):
        return f"write for example {flow(with_names(example(schema)))}"
    return described(schema)


def described(schema: dict[str, Any]) -> str:
    """What to write where `schema` holds, as a part of a sentence."""
    sentence = _sentence(schema)
    return sentence[0].lower() + sentence[1:].removesuffix(".")


def _sentence(schema: dict[str, Any]) -> str:
    sentence: str = schema.get("hint", schema.get("description", ""))
    return sentence


def example(schema: dict[str, Any]) -> object:
    """The first example; `example` has one that an editor cannot insert (a list of mappings)."""
    return schema["example"] if "example" in schema else schema["examples"][0]


def with_names(findings: Findings, key: Path, example: object) -> object:
    """An example for this key that names uplinks and probes of the file, if it has any: those of
    the schema's examples may not be there."""
    if findings.entries((_SCENARIOS,)) or findings.items((_SCENARIOS,)):
        return _renamed(example, _uplinks_of_scenarios(findings))
    if isinstance(example, dict):
        return {name: with_names(findings, (name,), inner) for name, inner in example.items()}
    if isinstance(example, list) and example and isinstance(example[0], dict):
        return [with_names(findings, (), inner) for inner in example]
    section = _NAMED_IN.get(key)
    written = (str(path[-1]) for path in findings.entries((section,))) if section else ()
    names = [name for name in written if _PLAIN_NAME.match(name)]
    if not names:
        return example
    return names[:1] if isinstance(example, list) else names[0]


def _uplinks_of_scenarios(findings: Findings) -> list[str]:
    """The uplinks that the scenarios of the file have rounds of."""
    scenarios = findings.items((_SCENARIOS,))
    named = (path for each in scenarios for path in findings.entries((*each, "rounds")))
    names = dict.fromkeys(str(path[-1]) for path in named)
    return [name for name in names if _PLAIN_NAME.match(name)]


def _renamed(example: object, uplinks: Sequence[str]) -> object:
    """An example in which the uplinks are those of the file, if it has as many."""
    there = [name for name in _UPLINKS_OF_EXAMPLES if name in flow(example)]
    if len(uplinks) < len(there):
        return example
    return _replaced(example, dict(zip(there, uplinks, strict=False)))


def _replaced(example: object, names: Mapping[str, str]) -> object:
    if isinstance(example, dict):
        return {names.get(k, k): _replaced(inner, names) for k, inner in example.items()}
    if isinstance(example, list):
        return [_replaced(inner, names) for inner in example]
    return names.get(example, example) if isinstance(example, str) else example


def flow(value: object) -> str:
    """`value` as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)


def unquoted(schema: dict[str, Any], value: str) -> bool:
    """Whether `value` would be what is expected without its quotes: a number, or true or false."""
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema.get("maximum", math.inf)
        return _NUMBER.match(value) is not None and least <= int(value) <= most
    if schema.get("type") == "boolean":
        return value in ("true", "false")
    return "const" in schema and value == flow(schema["const"])
