"""The examples keep what their scenarios promise, and validate without a doubt."""

from pathlib import Path

import pytest

from route_switcher.analysis.lints.registry import lints_of
from route_switcher.policy.load import read_policy
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted((EXAMPLES / "scenarios").glob("*.yaml"))


def test_each_kind_of_line_has_an_example_with_scenarios() -> None:
    assert {file.stem for file in FILES} == {"two-dhcp-lines", "fibre-and-lte", "both-families"}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_scenarios_pass(file: Path) -> None:
    found = load_scenarios(file)
    assert Path(found.loaded.origin).resolve() == EXAMPLES / file.name
    failures = {s.name: run_scenario(s, found.loaded.policy) for s in found.scenarios}
    assert {name: [f.message for f in told] for name, told in failures.items() if told} == {}


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_nothing_is_doubtful_in_them(file: Path) -> None:
    assert lints_of(read_policy(str(EXAMPLES / file.name))).problems == ()
