"""The mutants that are made of a module, and what a trial of them says."""

import ast
from pathlib import Path

import pytest

from mutants.changes import Mutant, mutants
from mutants.trial import BrokenCheckout, Fate, Trial

ENGINE = Path(__file__).parents[2] / "engine" / "route_switcher"
MODULE = "engine/shop/price.py"
SOURCE = '''\
"""Prices."""


def price(amount: int, member: bool) -> int:
    """In cents."""
    if amount > 10 and not member:
        amount -= 1
    return max(amount, 2)
'''
TEST = """\
from shop.price import price


def test_a_price() -> None:
    assert price(20, False) == 19
    assert price(20, True) == 20
"""


def made(source: str) -> set[tuple[str, str]]:
    return {(m.before, m.after) for m in mutants(source)}


def test_each_kind_of_change_is_made() -> None:
    assert made(SOURCE) >= {
        ("amount > 10 and (not member)", "amount > 10 or not member"),
        ("amount > 10 and (not member)", "amount > 10"),
        ("amount > 10", "amount >= 10"),
        ("amount > 10", "amount <= 10"),
        ("not member", "member"),
        ("amount -= 1", "amount += 1"),
        ("amount -= 1", "pass"),
        ("max", "min"),
        ("1", "0"),
        ("2", "3"),
    }


@pytest.mark.parametrize(
    "module", ["core/health/damping.py", "core/selection/family_selection.py", "policy/load.py"]
)
def test_every_mutant_is_another_module_that_can_be_compiled(module: str) -> None:
    source = (ENGINE / module).read_text("utf-8")
    found = list(mutants(source))
    assert found == list(mutants(source))
    unchanged = ast.unparse(ast.parse(source))
    for mutant in found:
        compile(mutant.source, module, "exec")
        assert mutant.source != unchanged


def checkout(folder: Path) -> Path:
    """A checkout with a test that is green, and misses what happens at ten and at two."""
    for name, text in {MODULE: SOURCE, "tests/shop/test_price.py": TEST}.items():
        file = folder / "top" / name
        file.parent.mkdir(parents=True)
        file.write_text(text)
    return folder / "top"


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Trial:
    folder = tmp_path_factory.mktemp("trial")
    return Trial.begin(checkout(folder), folder / "copy", ["tests/shop"])


@pytest.mark.parametrize(
    ("change", "fate"),
    [
        (("not member", "member"), Fate.KILLED),
        (("amount > 10", "amount >= 10"), Fate.SURVIVED),
    ],
)
def test_a_trial_tells_a_mutant_that_a_test_notices_from_one_that_survives(
    trial: Trial, change: tuple[str, str], fate: Fate
) -> None:
    mutant = next(m for m in mutants(SOURCE) if (m.before, m.after) == change)
    assert trial.judge(MODULE, mutant) is fate
    assert (trial.folder / MODULE).read_text() == SOURCE


def test_a_mutant_that_never_ends_is_no_survivor(trial: Trial) -> None:
    endless = SOURCE.replace("    return", "    while True:\n        pass\n    return")
    hasty = Trial(trial.folder, trial.tests, seconds=2.0)
    assert hasty.judge(MODULE, Mutant(1, "", "", endless)) is Fate.HANGS


def test_tests_that_fail_without_a_mutant_judge_none(tmp_path: Path) -> None:
    top = checkout(tmp_path)
    (top / MODULE).write_text(SOURCE.replace("-= 1", "-= 2"))
    with pytest.raises(BrokenCheckout, match="test_a_price"):
        Trial.begin(top, tmp_path / "copy", ["tests/shop"])
