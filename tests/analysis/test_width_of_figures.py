"""What is computed about a policy fits a terminal of 80 columns."""

from pathlib import Path

import pytest

from route_switcher.analysis.figures.policy_figures import figures_of
from route_switcher.analysis.prose.figures_in_words import figures_in_words
from route_switcher.policy.load import load

_ROOT = Path(__file__).parents[2]
_POLICIES = sorted(
    path
    for folder in ("policies", "examples", "examples/in-use")
    for path in (_ROOT / folder).glob("*.yaml")
)
_INDENT = 2


@pytest.mark.parametrize("path", _POLICIES, ids=lambda path: path.stem)
@pytest.mark.parametrize("losses", [(0.01, 0.05), (0.005, 0.1, 0.3)], ids=str)
def test_figures_fit_80_columns(path: Path, losses: tuple[float, ...]) -> None:
    policy = load(str(path))
    lines = figures_in_words(policy, figures_of(policy, losses))
    assert [line for line in lines if _INDENT + len(line) > 80] == []
