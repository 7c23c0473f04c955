"""What a part of the schema expects, in words: its hint, its description, an example of it."""

from collections.abc import Sequence
from typing import Any

from route_switcher.policy.schema import typo_hints


def hint(schema: dict[str, Any]) -> str:
    """What to write where `schema` holds."""
    if "enum" in schema and not _sentence(schema).startswith("Write "):
        return typo_hints.one_of(schema["enum"])
    if schema.get("type") == "boolean":
        return "write true or false"
    if schema.get("type") in ("object", "array"):
        return f"write for example {flow(example(schema))}"
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


def flow(value: object) -> str:
    """`value` as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(flow, value)) + "]"
    return str(value)
