"""The schema alone, with a plain validator: what editors and other people's CI see."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from jsonschema import Draft7Validator

import policy.test_problems_of_control as control
import policy.test_problems_of_failing as failing
import policy.test_problems_of_gateways as gateways
import policy.test_problems_of_hold_back as hold_back
import policy.test_problems_of_metrics as metrics
import policy.test_problems_of_notation as notation
import policy.test_problems_of_probes as probes
import policy.test_problems_of_recovering as recovering
import policy.test_problems_of_routes as routes
import policy.test_problems_of_rules as rules
import policy.test_problems_of_uplink_names as uplink_names
import policy.test_problems_of_uplinks as uplinks
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.load import load
from route_switcher.policy.values import parse_share
from route_switcher.text.durations import parse_duration
from support.written_policies import Written, sound_policies

TOP = Path(__file__).parents[2]
SCHEMA: dict[str, Any] = json.loads((TOP / "schemas" / "policy.schema.json").read_text("utf-8"))
PLAIN = Draft7Validator(SCHEMA)
SHIPPED = sorted([*(TOP / "policies").glob("*.yaml"), *(TOP / "examples").glob("*.yaml")])

OURS_ALONE = frozenset(
    {
        "bad-address",
        "bad-listen",
        "needs-own-table",
        "bad-prefix",
        "bad-table",
        "duplicate-family",
        "duplicate-interface",
        "duplicate-name",
        "duplicate-key",
        "duplicate-target",
        "duplicate-uplink",
        "metric-collision",
        "metric-order",
        "no-shared-uplink",
        "onlink-without-gateway",
        "out-of-range",
        "quorum-above-targets",
        "reuse-above-suppress",
        "slow-below-interval",
        "timeout-above-interval",
        "fast-above-interval",
        "unknown-probe",
        "unknown-uplink",
        "unreachable-suppress",
        "unused-resolver",
        "unused-probe",
        "uplink-without-probe",
        "window-below-interval",
        "wrong-family",
    }
)
"""Codes for what a schema cannot say, being about two places or about what a text means."""

BEYOND_A_SCHEMA = frozenset(
    {
        "14 letters that are 16 bytes",
        "half a character",
        "a zero in front",  # eight in the YAML 1.1 that a plain reader speaks
        "a rule that could mean either of two probes",
        "no condition says which of two probes",
        "one condition does not say which of two probes",
        "the recover condition does not say which of two probes",
        "a carrier further inside needs no probe",
        "a probe that no condition uses",
    }
)
"""Cases of other codes that a schema cannot refuse either."""


def schemas(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema within `schema`, itself included."""
    yield path, schema
    for keyword in ("properties", "definitions"):
        for key, inner in schema.get(keyword, {}).items():
            yield from schemas(inner, f"{path}/{keyword}/{key}")
    for keyword in ("if", "then", "else", "not", "items", "propertyNames", "additionalProperties"):
        if isinstance(inner := schema.get(keyword), dict):
            yield from schemas(inner, f"{path}/{keyword}")
    for index, inner in enumerate(schema.get("allOf", ())):
        yield from schemas(inner, f"{path}/allOf/{index}")


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    """`schema`, or the definition that it refers to."""
    if "$ref" not in schema:
        return schema
    definition: dict[str, Any] = SCHEMA["definitions"][schema["$ref"].rsplit("/", 1)[-1]]
    return definition


def test_the_schema_is_draft_7() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_every_key_is_described() -> None:
    bare = [
        f"{path}/{key}"
        for path, schema in schemas(SCHEMA)
        if "/if" not in path
        for key, inner in schema.get("properties", {}).items()
        if len(resolved(inner).get("description", "")) < 20
    ]
    assert bare == []


def test_every_required_key_has_an_example_for_the_hint() -> None:
    lacking = [
        f"{path}/{key}"
        for path, schema in schemas(SCHEMA)
        if "properties" in schema and "/if" not in path
        for key in schema.get("required", ())
        if not {"example", "examples"} & resolved(schema["properties"][key]).keys()
    ]
    assert lacking == []


def test_no_mapping_lets_unknown_keys_pass() -> None:
    loose = [
        path
        for path, schema in schemas(SCHEMA)
        if schema.get("type") == "object"
        and "additionalProperties" not in schema
        and "/if" not in path
        # A probe's keys are closed by the definition of its type.
        and path != "/definitions/probe"
    ]
    assert loose == []


def test_nothing_is_discriminated_in_a_way_whose_errors_nobody_can_read() -> None:
    assert not any({"oneOf", "anyOf"} & schema.keys() for _, schema in schemas(SCHEMA))


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_shipped_policy_and_example_is_sound(file: Path) -> None:
    text = file.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=../schemas/policy.schema.json\n")
    assert list(PLAIN.iter_errors(yaml.safe_load(text))) == []
    assert isinstance(load(str(file)), Policy)


def test_examples_in_the_schema_fit_it() -> None:
    for path, schema in schemas(SCHEMA):
        inner = PLAIN.evolve(schema=schema | {"definitions": SCHEMA["definitions"]})
        for example in (*schema.get("examples", ()), *[s for s in [schema.get("example")] if s]):
            assert inner.is_valid(example), (path, example)
        if "default" in schema:
            assert inner.is_valid(schema["default"]), path


TABLES = (
    *(notation.TOP, uplinks.UPLINK, uplinks.UPLINKS, probes.PROBE, rules.RULE),
    *(gateways.GATEWAY, gateways.FAMILIES, gateways.ONLINK, routes.ROUTES),
    *(uplink_names.UPLINK_NAMES, hold_back.HELD_BACK, hold_back.DAMPING, control.CONTROL),
    metrics.METRICS,
    *(failing.FAIL, recovering.RECOVER, recovering.PROBE_OF_A_CONDITION),
)
REFUSABLE = {
    name: text
    for table in TABLES
    for name, (text, expected) in table.items()
    if name not in BEYOND_A_SCHEMA
    and any(told.split()[1].rstrip(":") not in OURS_ALONE for told in expected[::2])
}


@pytest.mark.parametrize("text", REFUSABLE.values(), ids=REFUSABLE)
def test_a_plain_validator_refuses_what_a_schema_can_refuse(text: str) -> None:
    assert not PLAIN.is_valid(yaml.safe_load(text))


@pytest.mark.parametrize(
    "text",
    [
        "500ms",
        "1s",
        "0.5h",
        "1.125s",
        "007s",
        "",
        "s",
        "1",
        "1 s",
        "1s\n",
        "-1s",
        "1.s",
        ".5s",
        "1d",
        "1.5d",
        "1h30m",
        "2d12h30m5s250ms",
        "1m500ms",
        "0d0s",
        "1.5h30m",
        "30m1h",
        "1h1h",
        "1h 30m",
        "1h30",
        "1w",
        "d",
        "1S",
        "\u0661s",
        "1.0001s",
        "1_0s",
        "0123456789s",
    ],
)
def test_schema_and_program_agree_on_what_a_duration_is(text: str) -> None:
    schema = SCHEMA["definitions"]["duration"]
    try:
        parse_duration(text)
    except ValueError:
        assert not Draft7Validator(schema).is_valid(text)
    else:
        assert Draft7Validator(schema).is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "0%",
        "0.0%",
        "0.5%",
        "20%",
        "99.9%",
        "100%",
        "999%",
        "1000%",
        "",
        "%",
        "20",
        "20 %",
        "20%\n",
        "-1%",
        "020%",
        ".5%",
        "5.%",
        "0.55%",
        "2\u0660%",
    ],
)
def test_schema_and_program_agree_on_what_a_percentage_is(text: str) -> None:
    schema = SCHEMA["definitions"]["percentage"]
    try:
        parse_share(text)
    except ValueError:
        assert not Draft7Validator(schema).is_valid(text)
    else:
        assert Draft7Validator(schema).is_valid(text)


@given(sound_policies())
def test_a_plain_validator_takes_what_the_program_takes(data: Written) -> None:
    assert list(PLAIN.iter_errors(data)) == []
