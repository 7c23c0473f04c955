"""Every shipped policy has scenarios that pass, and that reach all of it."""

from pathlib import Path

import pytest

from route_switcher.scenarios.coverage import Coverage
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario

POLICIES = Path(__file__).parents[2] / "policies"
SHIPPED = sorted(POLICIES.glob("*.yaml"))
FILES = sorted((POLICIES / "scenarios").glob("*.yaml"))


def test_every_policy_has_a_file_of_scenarios() -> None:
    assert [file.name for file in FILES] == [file.name for file in SHIPPED] != []


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_the_scenarios_pass_and_leave_nothing_out(file: Path) -> None:
    found = load_scenarios(file)
    assert Path(found.loaded.origin).resolve() == POLICIES / file.name
    covered = Coverage(found.loaded)
    failures = {s.name: run_scenario(s, found.loaded.policy, covered) for s in found.scenarios}
    assert {name: [f.message for f in told] for name, told in failures.items() if told} == {}
    assert [note.message for note in covered.notes()] == []
    assert covered.missing == 0


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_policy_begins_with_when_to_use_it(file: Path) -> None:
    comment = file.read_text("utf-8").split("\nversion:")[0]
    assert all(line.startswith("#") for line in comment.splitlines())
    assert "# Use it " in comment
