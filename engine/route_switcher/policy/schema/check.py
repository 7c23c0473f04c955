"""What a JSON Schema says about a document, in the words of its titles, descriptions and hints.

The schema discriminates with `if`/`then`, so that every error is about one value. A value that
does not fit is "not <title>", and the hint or the description says what to write. A definition that
keys share has a `hint` and no `description`: an editor would show that instead of the key's. What a
mapping must not hold is refused by `not`: there the title is the message.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any

from route_switcher.policy.file_kinds import POLICY, FileKind
from route_switcher.policy.findings import Findings
from route_switcher.policy.problems import quoted
from route_switcher.policy.schema import expected, short_forms, synonyms, typo_hints
from route_switcher.policy.schema.indentation import report_not_indented
from route_switcher.policy.schema.validator import validator_of
from route_switcher.policy.suggestions import LIKENESS, part_of
from route_switcher.policy.values import is_usable_address, looks_like_host
from route_switcher.policy.yaml.reader import Path

if TYPE_CHECKING:
    from jsonschema import ValidationError

_NOTHING = r"(?!)"
"""A pattern that nothing matches."""


def check_schema(findings: Findings, kind: FileKind) -> None:
    """Report everything in which the document differs from the schema of its kind."""
    validator = validator_of(kind.schema)
    assert isinstance(validator.schema, dict)
    told = report_not_indented(findings, validator.schema)
    check = _Check(findings, validator.schema["definitions"], kind, told)
    for error in validator.iter_errors(findings.document.data):
        path = tuple(error.absolute_path)
        if path in findings.document.unclear or path in told:
            continue
        keyword = "propertyNames" if "propertyNames" in error.schema_path else error.validator
        _REPORTS.get(str(keyword), _Check.report_unfit)(check, path, error)


def _subschema(error: "ValidationError") -> dict[str, Any]:
    """The part of the schema that the error is about, which the library's types leave open."""
    return error.schema if isinstance(error.schema, dict) else {}


def _known(schema: dict[str, Any]) -> list[str]:
    """The keys that may stand in a mapping; those that are refused with a hint are none."""
    return [key for key, inner in schema["properties"].items() if "not" not in inner]


@dataclass(frozen=True, slots=True)
class _Check:
    """Turns the library's errors into problems."""

    findings: Findings
    definitions: dict[str, Any]
    kind: FileKind
    told: frozenset[Path]
    """Paths that something was told of already."""

    def report_unknown_keys(self, path: Path, error: "ValidationError") -> None:
        schema = _subschema(error)
        known = _known(schema)
        assert isinstance(error.instance, dict)
        for key in error.instance:
            if key in schema["properties"] or (*path, key) in self.told:
                continue
            listed = f"the keys known here: {', '.join(known)}"
            hint = typo_hints.entry(key, known) if error.instance[key] is None else None
            if self.kind is POLICY:
                hint = hint or synonyms.key_meant(key, known)
                listed = synonyms.place_of(key) or part_of(key, known) or listed
            elif (here := self.kind.key_here(key, known)) is not None:
                hint = hint or f"did you mean {here!r}?"
            else:
                hint = hint or self.kind.refusal(key, known)
            hint = hint or self.findings.did_you_mean(key, known, listed)
            message = f"unknown key {quoted(key)}"
            self.findings.report("unknown-key", (*path, key), message, hint, on_key=True)

    def report_missing_key(self, path: Path, error: "ValidationError") -> None:
        # The library tells each missing key by an error of its own, and its name only in the
        # message.
        assert isinstance(error.instance, dict)
        missing = [key for key in _subschema(error)["required"] if key not in error.instance]
        key = next(key for key in missing if error.message.startswith(repr(key)))
        self._miss(path, error, key, _subschema(error)["title"])

    def report_lacking_key(self, path: Path, error: "ValidationError") -> None:
        """A key that needs another beside it."""
        assert isinstance(error.instance, dict)
        needs: dict[str, list[str]] = _subschema(error)["dependencies"]
        key, missing = next(
            (key, other)
            for key, needed in needs.items()
            for other in needed
            if key in error.instance and other not in error.instance
        )
        # Another key that needs the same tells nothing new.
        if error.message.endswith(repr(key)):
            self._miss(path, error, missing, f"'{key}'")

    def _miss(self, path: Path, error: "ValidationError", key: str, what: str) -> None:
        schema = _subschema(error)
        assert isinstance(error.instance, dict)
        unknown = [key for key in error.instance if key not in schema["properties"]]
        known = _known(schema)
        says = synonyms.says if self.kind is POLICY else self.kind.says
        meant = any(says(word, key, known) for word in unknown)
        closed = schema.get("additionalProperties") is False
        if meant or (closed and get_close_matches(key, unknown, cutoff=LIKENESS)):
            return  # It is there, misspelt, and reported as such.
        example = expected.flow(self._example(key, schema["properties"][key]))
        self.findings.report(
            "missing-key",
            path,
            f"{what} needs the key '{key}'",
            f"write for example '{key}: {example}'",
            on_key=True,
        )

    def report_bad_key(self, path: Path, error: "ValidationError") -> None:
        inner = (*path, str(error.instance))
        schema = _subschema(error)
        message, hint = (
            f"{quoted(error.instance)} is not {schema['title']}",
            expected.described(schema),
        )
        self.findings.report("bad-value", inner, message, hint, on_key=True)

    def report_refused(self, path: Path, error: "ValidationError") -> None:
        schema = _subschema(error)
        self.findings.report(
            "bad-value", path, schema["title"], expected.described(schema), on_key=True
        )

    def report_unfit(self, path: Path, error: "ValidationError") -> None:
        schema, value = _subschema(error), error.instance
        hint = expected.hint(schema, partial(expected.with_names, self.findings, path[-1:]))
        if value is None:
            hint = self._slip(path, schema, value) or hint
            self.findings.report("empty", path, f"{schema['title']} is expected here", hint)
            return
        if isinstance(value, list) and len(value) > schema.get("maxItems", len(value)):
            message = f"{schema['title']} cannot have {len(value)} items"
            hint = f"write {schema['maxItems']} at most"
            self.findings.report("bad-value", path, message, hint)
            return
        if "enum" in schema and (meant := typo_hints.word(value, schema["enum"])):
            hint = meant
        elif isinstance(value, str) and "enum" in schema:
            otherwise = self._slip(path, schema, value) or hint
            hint = self.findings.did_you_mean(value, schema["enum"], otherwise)
        else:
            hint = self._slip(path, schema, value) or hint
        message = f"{quoted(value)} is not {schema['title']}"
        self.findings.report("bad-value", path, message, hint)

    def _slip(self, path: Path, schema: dict[str, Any], value: object) -> str | None:
        """What to write instead of `value` if it is nearly right."""
        if isinstance(value, str) and expected.unquoted(schema, value):
            return f"write {value}, without quotes"
        if schema.get("type") == "boolean" and (meant := typo_hints.truth(value)):
            return f"write {meant}"
        if self._is_key(schema, "journal", "size"):
            return short_forms.size(value)
        if self._is_key(schema, "tcp_probe", "port"):
            return typo_hints.port(value) or typo_hints.whole_number(value, 1, 65535)
        if self._is(schema, "duration") or self._is(schema, "time"):
            return typo_hints.duration(value)
        if self._is(schema, "percentage"):
            return typo_hints.percentage(value)
        if schema == self.definitions.get("gateway"):
            return typo_hints.gateway(value)
        if schema == self.definitions.get("families"):
            return typo_hints.families(value)
        if schema == self.definitions.get("family"):
            return typo_hints.family(value)
        if schema == self.definitions.get("run"):
            return typo_hints.run(value)
        if self._is(schema, "hook_list"):
            return short_forms.hook_list(value)
        if self._is(schema, "hook") and (run := short_forms.program(value)):
            return f"write {run}"
        if schema.get("type") == "array":
            return typo_hints.list_of(
                value, self._definition(schema["items"]), self._usable(schema, path)
            )
        if isinstance(value, list) and self._is(schema, "fail"):
            return "join several conditions: {any: [{…}, {…}]} or {all: [{…}, {…}]}"
        if schema.get("type") == "object":
            entry = typo_hints.entry(value, _known(schema) if "properties" in schema else ())
            return entry or self._short_form(schema, value)
        if isinstance(value, list) and path[-1:] == ("probe",) and self._is(schema, "name"):
            return "write one name; for another probe write a rule of its own"
        if schema == self.definitions.get("interface"):
            return typo_hints.interface(value)
        if self._is(schema, "address"):
            return typo_hints.address(value)
        if self._is(schema, "target"):
            return typo_hints.target(value, by_name=self._asks_by_name(path[:-1]))
        # How many targets there are of each family is not known here.
        if schema.get("type") == "integer" and path[-1:] != ("quorum",):
            least, most = schema["minimum"], schema.get("maximum", inf)
            return typo_hints.whole_number(value, least, most)
        if self._is(schema, "series") and isinstance(value, list):
            return typo_hints.series(value)
        if isinstance(value, int) and self._is_key(schema, "scenario", "name"):
            return f"put it in quotes to make it text: '{quoted(value)}'"
        if isinstance(value, int) and re.search(schema.get("pattern", _NOTHING), quoted(value)):
            return f"put it in quotes to make it text: '{quoted(value)}'"
        return None

    def _short_form(self, schema: dict[str, Any], value: object) -> str | None:
        """A mapping that says what `value` says, where that is meant for its main key."""
        for name, key in short_forms.MAIN_KEYS.items():
            inner = schema.get("properties", {}).get(key)
            if not self._is(schema, name) or isinstance(value, dict | list) or value is None:
                continue
            meant = self._meant(inner, value)
            return None if meant is None else f"write {{{key}: {meant}}}"
        return None

    def _meant(self, schema: dict[str, Any], value: object) -> object:
        """`value`, or what it says elsewhere, if that fits the schema of a key."""
        words = schema.get("enum") or schema.get("then", {}).get("enum")
        if words:
            return value if value in words else typo_hints.meant(value, words)
        if self._is_key(schema, "journal", "size"):
            return next(iter(short_forms.sizes(value)), None)
        fits = isinstance(value, str) and re.search(schema["pattern"], value)
        return value if fits else None

    def _is_key(self, schema: dict[str, Any], section: str, key: str) -> bool:
        """Whether it is that of a key in a section; not every kind of file has that section."""
        there = self.definitions.get(section, {"properties": {}})["properties"]
        return key in there and schema == there[key]

    def _is(self, schema: dict[str, Any], name: str) -> bool:
        return schema == self.definitions.get(name)

    def _usable(self, schema: dict[str, Any], path: Path) -> Callable[[str], bool]:
        """Whether a word would be taken as an item of the list at `path`, as far as its pattern is
        not all."""
        if path[-1:] == ("uplinks",):
            names = self.findings.entries(("uplinks",))
            return lambda word: ("uplinks", word) in names
        items = self._definition(schema["items"])
        if items == self.definitions.get("argument"):
            return lambda word: word.startswith("/")
        if items == self.definitions.get("address"):
            return is_usable_address
        if items == self.definitions.get("target"):
            asks_by_name = self._asks_by_name(path)
            return lambda word: is_usable_address(word) or (asks_by_name and looks_like_host(word))
        return lambda word: True

    def _asks_by_name(self, targets: Path) -> bool:
        """Whether the probe whose targets stand at this path takes names of hosts."""
        return self.findings.written(("probes", *targets[-2:-1], "type")) != "dns"

    def _example(self, key: str, schema: dict[str, Any]) -> object:
        """The first example in `schema`, or in the definition that it refers to."""
        example = expected.example(self._definition(schema))
        return expected.with_names(self.findings, (key,), example)

    def _definition(self, schema: dict[str, Any]) -> dict[str, Any]:
        """`schema`, or the definition that it refers to."""
        if "$ref" not in schema:
            return schema
        definition: dict[str, Any] = self.definitions[schema["$ref"].rsplit("/", 1)[-1]]
        return definition


_REPORTS: dict[str, Callable[[_Check, Path, "ValidationError"], None]] = {
    "additionalProperties": _Check.report_unknown_keys,
    "required": _Check.report_missing_key,
    "dependencies": _Check.report_lacking_key,
    "propertyNames": _Check.report_bad_key,
    "not": _Check.report_refused,
}
