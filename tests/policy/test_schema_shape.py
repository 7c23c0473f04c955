"""The schemas have a shape from which editors show the words of a key, and not of its kind.

yaml-language-server shows the first description and the first title that it meets. It looks at
`allOf`, `then` and `else` before the schema that they stand in, and goes by the title of whatever
schema was around one that has none when it met that first.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from route_switcher.resources import data_root

Schema = dict[str, Any]
NAMES = ("policy", "scenario")
_VALUES = frozenset(("examples", "example", "default", "const", "enum"))


def schema_of(name: str) -> Schema:
    text = (data_root() / "schemas" / f"{name}.schema.json").read_text("utf-8")
    loaded: Schema = json.loads(text)
    return loaded


def every(schema: object, path: str = "") -> Iterator[tuple[str, Schema]]:
    if isinstance(schema, dict):
        if path.rpartition("/")[2] not in ("properties", "definitions", "dependencies"):
            yield path, schema
        for key, inner in schema.items():
            if key not in _VALUES or path.endswith("/properties"):
                yield from every(inner, f"{path}/{key}")
    elif isinstance(schema, list):
        for index, inner in enumerate(schema):
            yield from every(inner, f"{path}/{index}")


def resolved(schema: Schema, whole: Schema) -> Schema:
    if "$ref" not in schema:
        return schema
    found: Schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    return found


def branches(schema: Schema, whole: Schema) -> list[Schema]:
    inner = [*schema.get("allOf", ()), *(schema[k] for k in ("then", "else") if k in schema)]
    return [resolved(each, whole) for each in inner]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_stands_beside_a_reference(name: str) -> None:
    crowded = [path for path, s in every(schema_of(name)) if "$ref" in s and len(s) > 1]
    assert crowded == []


@pytest.mark.parametrize("name", NAMES)
def test_what_a_described_key_refers_to_has_no_description_of_its_own(name: str) -> None:
    whole = schema_of(name)
    hidden = [
        path
        for path, schema in every(whole)
        if "description" in schema
        for branch in branches(schema, whole)
        # One that says what a whole mapping must have is about the same thing.
        if "description" in branch and branch.get("title") != schema.get("title")
    ]
    assert hidden == []


@pytest.mark.parametrize("name", NAMES)
def test_every_key_has_a_title_and_a_description(name: str) -> None:
    whole = schema_of(name)
    bare = []
    for path, schema in every(whole):
        if "/if" in path:
            continue
        for key, written in schema.get("properties", {}).items():
            inner = resolved(written, whole)
            told = [inner, *branches(inner, whole)]
            # A key with `if` has a title, or that of what is around it would be shown.
            titled = any("title" in s for s in ([inner] if "description" in inner else told))
            titled |= "if" not in inner and any("title" in s for s in told)
            if not titled or not any("description" in s for s in told):
                bare.append(f"{path}/{key}")
    assert bare == []


@pytest.mark.parametrize("name", NAMES)
def test_a_definition_without_a_title_is_within_one_only(name: str) -> None:
    whole = schema_of(name)
    definitions = whole["definitions"]
    around: dict[str, set[str]] = {}
    for path, schema in every(whole):
        for inner in schema.get("allOf", ()):
            used = inner.get("$ref", "").rpartition("/")[2]
            if used and "title" not in definitions[used]:
                around.setdefault(used, set()).add(schema.get("title", path))
    assert [used for used, titles in around.items() if len(titles) > 1] == []


@pytest.mark.parametrize("name", NAMES)
def test_no_example_is_a_list_of_mappings_which_an_editor_cannot_insert(name: str) -> None:
    lists = [
        path
        for path, schema in every(schema_of(name))
        for example in schema.get("examples", ())
        if isinstance(example, list) and any(isinstance(item, dict) for item in example)
    ]
    assert lists == []


@pytest.mark.parametrize("name", NAMES)
def test_keys_that_share_a_kind_share_its_definition(name: str) -> None:
    """A pattern that stands twice would be changed once."""
    patterns = Counter(s["pattern"] for _, s in every(schema_of(name)) if "pattern" in s)
    assert [p for p, count in patterns.items() if count > 1] in ([], [PATTERN_OF_TIMES])


PATTERN_OF_TIMES = schema_of("scenario")["definitions"]["time"]["pattern"]


@pytest.mark.parametrize("name", NAMES)
def test_a_mapping_or_list_that_may_be_asked_for_has_an_example(name: str) -> None:
    """What stands there instead is answered with it (`policy.schema.check`)."""
    lacking = [
        path
        for path, schema in every(schema_of(name))
        if schema.get("type") in ("object", "array")
        and "title" in schema
        and not schema.keys() & {"example", "examples"}
        and not path.endswith("_probe")  # Chosen by its type, so it is a mapping.
    ]
    assert lacking == []
