from collections.abc import Callable
from pathlib import Path

import pytest

from faults.playing import play
from faults.row import Row
from faults.rows import ROWS
from faults.table import Line

pytestmark = pytest.mark.kernel


def _cases() -> list[object]:
    return [
        pytest.param(row, id=row.name, marks=[pytest.mark.slow] if row.slow else []) for row in ROWS
    ]


@pytest.mark.parametrize("row", _cases())
def test_what_must_hold_holds(row: Row, tmp_path: Path, report: Callable[[Line], None]) -> None:
    if row.missing:
        pytest.skip(row.missing)
    report(play(row, tmp_path))
