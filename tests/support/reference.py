"""The pages under docs/reference, made from the schema of policies, from `--help`, and from the
catalogue of metrics.

`python -P -m support.reference` writes them (`make reference`).
"""

import argparse
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from route_switcher.cli import parser
from route_switcher.daemon.metrics.catalogue import CATALOGUE

TOP = Path(__file__).parents[2]
FOLDER = TOP / "docs" / "reference"
MADE = "<!-- Made by `make reference`. Do not edit. -->"

Schema = Mapping[str, Any]


def pages() -> dict[str, str]:
    """The text of each page, by its name."""
    made = {"policy.md": _policy(), "commands.md": _commands(), "metrics.md": _metrics()}
    return {name: "\n".join(lines) for name, lines in made.items()}


# The metrics.


def _metrics() -> Iterator[str]:
    yield from ("# Metrics", "", MADE, "")
    yield "Every metric that the engine gives. [Metrics](../metrics.md) says how to read them."
    yield from ("", "| metric | kind | labels | meaning |", "|---|---|---|---|")
    for metric in CATALOGUE:
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind.value} | {labels} | {_cell(metric.help)} |"
    yield ""


# The keys of a policy.


def _policy() -> Iterator[str]:
    schema = json.loads((TOP / "schemas" / "policy.schema.json").read_text("utf-8"))
    definitions = schema["definitions"]
    yield from ("# Keys of a policy", "", MADE, "")
    yield "Every key that a policy may have. [Write a policy](../policy.md) shows how to use them."
    yield "`route-switcher schema` prints the same for editors."
    seen: list[Schema] = []
    waiting = [("", schema)]
    while waiting:
        path, section = waiting.pop(0)
        if section.get("properties") in seen:
            continue
        seen.append(section["properties"])
        yield from ("", f"## `{path}`" if path else "## The policy", "")
        if path:
            yield from (section.get("description", ""), "")
        yield from ("| key | meaning | default |", "|---|---|---|")
        for key, raw in section["properties"].items():
            value = _resolved(raw, definitions)
            if "not" in value:
                continue
            default = _default(value, key in section.get("required", ()))
            yield f"| `{key}` | {_cell(value.get('description', ''))} | {default} |"
            below = f"{path}.{key}" if path else key
            waiting += _mappings(below, value, definitions)
    yield ""


def _resolved(raw: Schema, definitions: Mapping[str, Schema]) -> dict[str, Any]:
    """A schema with what it refers to; what stands beside a reference counts."""
    found: dict[str, Any] = {}
    if "$ref" in raw:
        found |= _resolved(definitions[raw["$ref"].rpartition("/")[2]], definitions)
    for part in raw.get("allOf", ()):
        found |= _resolved(part, definitions)
    return found | {key: value for key, value in raw.items() if key not in ("$ref", "allOf")}


def _mappings(
    path: str, value: Schema, definitions: Mapping[str, Schema]
) -> Iterator[tuple[str, Schema]]:
    """The mappings that may be written below a key, each with its path."""
    if path == "probes":
        for name, definition in definitions.items():
            kind = definition.get("properties", {}).get("type", {}).get("const")
            if name.endswith("_probe") and kind is not None:
                yield f"probes.NAME (type: {kind})", definition
        return
    if "properties" in value:
        yield path, value
    for name, step in (("additionalProperties", ".NAME"), ("items", "[]")):
        if isinstance(value.get(name), Mapping):
            yield from _mappings(path + step, _resolved(value[name], definitions), definitions)


def _default(value: Schema, needed: bool) -> str:
    if needed:
        return "required"
    if "default" in value:
        return f"`{json.dumps(value['default'], ensure_ascii=False)}`".replace('"', "")
    return ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


# The commands.


def _commands() -> Iterator[str]:
    whole = parser()
    actions = whole._actions
    commands = next(a for a in actions if isinstance(a, argparse._SubParsersAction)).choices
    yield from ("# Commands", "", MADE, "", "What `route-switcher COMMAND --help` says.")
    for name, command in {"": whole, **commands}.items():
        title = f"route-switcher {name}".rstrip()
        yield from ("", f"## {title}", "", "```", command.format_help().rstrip(), "```")
    yield ""


def main() -> None:
    """Write the pages."""
    os.environ["COLUMNS"] = "80"
    FOLDER.mkdir(exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
