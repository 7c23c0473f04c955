"""Every check that a probe can have is known wherever checks are told apart."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest

from route_switcher.core.vocabulary.checks import Check
from route_switcher.kernel.host.privileges import KNOWN
from route_switcher.policy.checks.registry import CHECKS
from route_switcher.policy.load import load_text
from route_switcher.probes.registry import PROBERS

EVERY_CHECK = set(get_args(Check) or (Check,))
DEFINITIONS: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "schemas" / "policy.schema.json").read_text("utf-8")
)["definitions"]
TYPES: list[str] = DEFINITIONS["probe"]["properties"]["type"]["enum"]
EXAMPLES = {example["type"]: example for example in DEFINITIONS["probe"]["examples"]}


def read(type_: str) -> Check:
    """The check of the example that the schema has of a type of probe."""
    text = json.dumps(
        {
            "version": 1,
            "uplinks": {"primary": {"interface": "eth0", "gateway": "198.51.100.1"}},
            "probes": {"internet": EXAMPLES[type_]},
        }
    )
    return load_text(text, "policy.yaml").probes[0].check


def test_every_check_has_a_prober() -> None:
    assert PROBERS.keys() == EVERY_CHECK


def test_every_type_of_the_schema_has_a_reader_and_an_example() -> None:
    assert sorted(CHECKS) == sorted(TYPES) == sorted(EXAMPLES)


def test_every_check_is_of_a_type_that_can_be_written() -> None:
    assert {type(read(type_)) for type_ in TYPES} == EVERY_CHECK


@pytest.mark.parametrize("type_", TYPES)
def test_the_schema_knows_the_keys_of_every_type(type_: str) -> None:
    """Without its own branch a type would be accepted with any keys."""
    branches = {
        branch["if"]["properties"]["type"]["const"]: branch["then"]["$ref"].rsplit("/", 1)[-1]
        for branch in DEFINITIONS["probe"]["allOf"]
    }
    properties = DEFINITIONS[branches[type_]]["properties"]
    assert properties["type"]["const"] == type_
    assert EXAMPLES[type_].keys() <= properties.keys()


@pytest.mark.parametrize("type_", TYPES)
def test_a_check_says_what_it_does_and_what_it_costs(type_: str) -> None:
    check = read(type_)
    assert check.verb.isprintable()
    assert check.verb
    assert all(size > 0 for size in (*check.packets.asking, *check.packets.answered))


def test_the_capabilities_of_every_prober_are_known_by_their_numbers() -> None:
    assert set().union(*(kind.capabilities for kind in PROBERS.values())) <= KNOWN.keys()
