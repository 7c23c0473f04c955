"""Each fault is planted on the real kernel, named, mended by the printed commands, and gone."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from doctor.box import POLICY, POLICY_V6, box, diagnosed, shell, troubles
from doctor.planted import Planted
from doctor.rows import ROWS
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.doctor.finding import Verdict, worst
from route_switcher.doctor.registry import CHECKS

pytestmark = pytest.mark.kernel


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_is_named_and_the_remedy_mends_it(
    row: Planted, router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(row.policy)
    shell(*row.plant)
    code, findings = diagnosed(policy, capsys)
    found = [f for f in troubles(findings) if f"{f.check}/{f.fault}" == row.fault]
    its = [f for f in found if f.subject == row.subject]
    assert its, findings
    assert any(row.says in f.text for f in its), its
    assert code == (EXIT_PROBLEMS if worst(findings) is Verdict.FAIL else EXIT_OK)
    remedies = dict.fromkeys(remedy for f in found for remedy in f.remedies)
    assert bool(remedies) != bool(row.mend), "either commands mend it, or a person must"
    shell(*(remedies or row.mend))
    _, findings = diagnosed(policy, capsys)
    assert [f for f in findings if f"{f.check}/{f.fault}" == row.fault] == []


@pytest.mark.parametrize("text", [POLICY, POLICY_V6], ids=["IPv4", "IPv6"])
def test_a_healthy_router_gives_no_warning(
    text: str, router: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text(text)
    code, findings = diagnosed(policy, capsys)
    assert code == EXIT_OK
    assert troubles(findings) == []
    assert {f.check for f in findings} == {check.name for check in CHECKS}
