"""Each fault is planted on the real kernel, named, mended by the printed commands, and gone."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from doctor.box import box, diagnosed, engine, shell, troubles
from doctor.planted import Planted
from doctor.rows import ROWS
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS
from route_switcher.doctor.finding import Verdict, worst

pytestmark = pytest.mark.kernel


@pytest.fixture
def router() -> Iterator[None]:
    with box():
        yield


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_it_is_named_and_the_remedy_mends_it(
    row: Planted,
    router: None,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    policy = tmp_path / "policy.yaml"
    monkeypatch.setenv("POLICY", str(policy))
    policy.write_text(row.policy)
    with ExitStack() as running:
        if row.engine:
            running.enter_context(engine(policy))
        _try(row, policy, capsys)


def _try(row: Planted, policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shell(*row.plant)
    code, findings = diagnosed(policy, capsys, row.under)
    found = [f for f in troubles(findings) if f"{f.check}/{f.fault}" == row.fault]
    its = [f for f in found if f.subject == row.subject]
    assert its, findings
    assert any(row.says in f.text for f in its), its
    assert code == (EXIT_PROBLEMS if worst(findings) is Verdict.FAIL else EXIT_OK)
    remedies = dict.fromkeys(remedy for f in found for remedy in f.remedies)
    by_person = row.mend or row.mended
    assert bool(remedies) != bool(by_person), "either commands mend it, or a person must"
    shell(*row.first, *remedies, *row.mend)
    policy.write_text(row.mended or row.policy)
    _, findings = diagnosed(policy, capsys)
    assert [f for f in findings if f"{f.check}/{f.fault}" == row.fault] == []
