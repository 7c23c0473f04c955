"""What the JSON Schema says about a document, in the words of its titles and descriptions.

The schema discriminates with `if`/`then`, so that every error is about one value. A value that
does not fit is "not <title>", and the description is the hint.
"""

import json
import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.source import Path
from route_switcher.resources import data_root

if TYPE_CHECKING:
    from jsonschema import Draft7Validator, ValidationError

_NOTHING = r"(?!)"
"""A pattern that nothing matches."""

_NUMBER = re.compile(r"[1-9][0-9]{0,9}\Z")


def check_schema(findings: Findings) -> None:
    """Report everything in which the document differs from the schema."""
    for error in _validator().iter_errors(findings.document.data):
        path = tuple(error.absolute_path)
        if path in findings.document.unclear:
            continue
        keyword = "propertyNames" if "propertyNames" in error.schema_path else error.validator
        _REPORTS.get(str(keyword), _report_unfit)(findings, path, error)


@cache
def _validator() -> "Draft7Validator":
    # Imported here: it takes longer than all the rest, and an unreadable file needs none of it.
    from jsonschema import Draft7Validator
    from jsonschema.validators import extend

    text = (data_root() / "schemas" / "policy.schema.json").read_text(encoding="utf-8")
    # Duplicate targets are told by their addresses, and with the place of the second one; the
    # library's own check takes minutes over a long list of mixed types.
    ours = extend(  # type: ignore[no-untyped-call]
        Draft7Validator, {"uniqueItems": lambda *_: ()}
    )
    validator: Draft7Validator = ours(json.loads(text))
    return validator


def _subschema(error: "ValidationError") -> dict[str, Any]:
    """The part of the schema that the error is about, which the library's types leave open."""
    return error.schema if isinstance(error.schema, dict) else {}


def _report_unknown_keys(findings: Findings, path: Path, error: "ValidationError") -> None:
    known = _subschema(error)["properties"]
    assert isinstance(error.instance, dict)
    for key in error.instance:
        if key not in known:
            hint = findings.did_you_mean(key, known, f"the keys known here: {', '.join(known)}")
            inner = (*path, key)
            findings.report("unknown-key", inner, f"unknown key {quoted(key)}", hint, on_key=True)


def _report_missing_key(findings: Findings, path: Path, error: "ValidationError") -> None:
    # The library tells each missing key by an error of its own, and its name only in the message.
    schema = _subschema(error)
    assert isinstance(error.instance, dict)
    missing = [key for key in schema["required"] if key not in error.instance]
    key = next(key for key in missing if error.message.startswith(repr(key)))
    unknown = [key for key in error.instance if key not in schema["properties"]]
    if schema.get("additionalProperties") is False and get_close_matches(key, unknown):
        return  # It is there, misspelt, and reported as such.
    example = _flow(_example(schema["properties"][key]))
    findings.report(
        "missing-key",
        path,
        f"{schema['title']} needs the key '{key}'",
        f"write for example '{key}: {example}'",
        on_key=True,
    )


def _report_bad_key(findings: Findings, path: Path, error: "ValidationError") -> None:
    inner = (*path, str(error.instance))
    schema = _subschema(error)
    message = f"{quoted(error.instance)} is not {schema['title']}"
    findings.report("bad-value", inner, message, _as_hint(schema["description"]), on_key=True)


def _report_refused(findings: Findings, path: Path, error: "ValidationError") -> None:
    schema = _subschema(error)
    findings.report(
        "bad-value", path, schema["title"], _as_hint(schema["description"]), on_key=True
    )


def _report_unfit(findings: Findings, path: Path, error: "ValidationError") -> None:
    schema, value = _subschema(error), error.instance
    hint = _hint(schema)
    if value is None:
        findings.report("empty", path, f"{schema['title']} is expected here", hint)
        return
    if isinstance(value, str) and "enum" in schema:
        hint = findings.did_you_mean(value, schema["enum"], hint)
    elif isinstance(value, str) and schema.get("type") == "integer" and _NUMBER.match(value):
        hint = "remove the quotes: a number is meant"
    elif isinstance(value, int) and re.search(schema.get("pattern", _NOTHING), quoted(value)):
        hint = f"put it in quotes to make it text: '{quoted(value)}'"
    findings.report("bad-value", path, f"{quoted(value)} is not {schema['title']}", hint)


def _hint(schema: dict[str, Any]) -> str:
    """What to write where `schema` holds."""
    if "enum" in schema:
        return f"write {' or '.join(schema['enum'])}"
    if schema.get("type") in ("object", "array"):
        return f"write for example {_flow(schema['examples'][0])}"
    return _as_hint(schema["description"])


def _as_hint(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:].removesuffix(".")


_REPORTS: dict[str, Callable[[Findings, Path, "ValidationError"], None]] = {
    "additionalProperties": _report_unknown_keys,
    "required": _report_missing_key,
    "propertyNames": _report_bad_key,
    "not": _report_refused,
}


def _example(schema: dict[str, Any]) -> object:
    """The first example in `schema`, or in the definition that it refers to."""
    if "$ref" in schema:
        root = _validator().schema
        assert isinstance(root, dict)
        schema = root["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    return schema["examples"][0]


def _flow(value: object) -> str:
    """`value` as YAML on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_flow(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return str(value)
