"""The policies after configurations that people use: each is sound, listed, and keeps its word."""

import re
from pathlib import Path

import pytest

from route_switcher.policy.load import read_policy
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario

TOP = Path(__file__).parents[1]
FOLDER = TOP / "examples" / "in-use"
PAGE = TOP / "docs" / "configurations-in-use.md"
NAMES = sorted(file.stem for file in FOLDER.glob("*.yaml"))


def test_there_are_twenty_five_each_with_scenarios_and_a_line_of_the_page() -> None:
    listed = re.findall(r"^\| ([a-z0-9-]+) \|", PAGE.read_text("utf-8"), re.MULTILINE)
    assert sorted(set(listed) - {"policy"}) == NAMES
    assert sorted(file.stem for file in (FOLDER / "scenarios").glob("*.yaml")) == NAMES
    assert len(NAMES) == 25


@pytest.mark.parametrize("name", NAMES)
def test_it_is_sound_and_its_scenarios_pass(name: str) -> None:
    found = load_scenarios(FOLDER / "scenarios" / f"{name}.yaml", None, read_policy)
    assert found.scenarios
    assert found.loaded.origin.endswith(f"/in-use/{name}.yaml")
    for scenario in found.scenarios:
        assert [failure.message for failure in run_scenario(scenario, found.loaded.policy)] == []
    first = (FOLDER / f"{name}.yaml").read_text("utf-8").splitlines()[0]
    assert first == "# yaml-language-server: $schema=../../schemas/policy.schema.json"
