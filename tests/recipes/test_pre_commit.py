"""The hooks for pre-commit, as a user has them: a repository with policies, its configuration from
the head of .pre-commit-hooks.yaml, and `git commit`.

pre-commit clones this checkout as it is now, and makes an environment for the hooks, by pip and
without a network.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import pytest

from compose.machine import WHEELS
from support.pages import TOP
from support.running import DEADLINE

pytestmark = [pytest.mark.programs, pytest.mark.long]

BUILT_FROM = (
    *("engine", "policies", "schemas"),
    *("pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml"),
)
SCENARIOS = """version: 1
policy: ../policies/site.yaml
scenarios:
  - name: three lost
    rounds: {primary: '10 good, lost'}
    expect: [{at: 30s, active: secondary}]
"""

Run: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run a command in a folder, as somebody who has configured nothing."""
    home = tmp_path_factory.mktemp("home")
    environment = {name: text for name, text in os.environ.items() if not name.startswith("GIT_")}
    environment |= {
        "HOME": str(home),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PRE_COMMIT_HOME": str(home / "cache"),
        "PIP_NO_INDEX": "1",
        "PIP_FIND_LINKS": str(WHEELS),
        "GIT_CONFIG_NOSYSTEM": "1",
        **{
            f"GIT_{who}_{what}": f"a@{who}.invalid"
            for who in ("AUTHOR", "COMMITTER")
            for what in ("NAME", "EMAIL")
        },
    }

    def run(words: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            words, cwd=folder, env=environment, capture_output=True, text=True, timeout=4 * DEADLINE
        )

    return run


@pytest.fixture
def ours(run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of this checkout, with a tag."""
    folder = tmp_path_factory.mktemp("ours")
    for name in BUILT_FROM:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(TOP / name, folder / name)
    for line in ("git init --quiet", "git add .", "git commit --quiet -m all", "git tag v0.1.0"):
        done = run(line.split(), folder)
        assert done.returncode == 0, done.stderr
    return folder


def configuration(repository: Path) -> str:
    """What the head of the file with the hooks tells a user to write."""
    head = (TOP / ".pre-commit-hooks.yaml").read_text("utf-8").partition("\n\n")[0]
    written = re.findall(r"^#   (.*)$", head, re.MULTILINE)
    text = "\n".join(written).replace("(where this repository is)", str(repository))
    assert "rev: (" in text
    python = "default_language_version: {python: /usr/bin/python3}\n"  # that of the wheels
    return python + re.sub(r"rev: \(.*\)", "rev: v0.1.0", text) + "\n"


def outcomes(said: str) -> dict[str, str]:
    """What became of each hook: Passed, Failed or Skipped."""
    found = re.findall(r"^(\w+) Route-Switcher policies\.+(?:\(.*\))?(\w+)$", said, re.MULTILINE)
    return dict(found)


def test_a_commit_is_refused_when_a_policy_alone_was_changed_and_its_scenario_fails(
    run: Run, ours: Path, tmp_path: Path
) -> None:
    if not any(WHEELS.glob("*.whl")):
        pytest.skip("there are no wheels for the hooks' environment: run `make programs`")
    for folder in ("policies", "scenarios"):
        (tmp_path / folder).mkdir()
    policy = tmp_path / "policies" / "site.yaml"
    shutil.copy(TOP / "policies" / "dual-wan.yaml", policy)
    (tmp_path / "scenarios" / "site.yaml").write_text(SCENARIOS)
    (tmp_path / ".pre-commit-config.yaml").write_text(configuration(ours))
    for line in ("git init --quiet", "pre-commit install --install-hooks"):
        done = run(line.split(), tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr

    def commit() -> tuple[int, str]:
        assert run(["git", "add", "."], tmp_path).returncode == 0
        done = run(["git", "commit", "--quiet", "-m", "change"], tmp_path)
        return done.returncode, done.stdout + done.stderr

    code, said = commit()
    assert (code, outcomes(said)) == (0, {"validate": "Passed", "test": "Passed"}), said

    (tmp_path / "README.md").write_text("Policies.\n")
    code, said = commit()
    assert (code, outcomes(said)) == (0, {"validate": "Skipped", "test": "Skipped"}), said

    good = policy.read_text()
    assert "failures: 3" in good
    policy.write_text(good.replace("failures: 3", "failures: 90"))
    code, said = commit()
    assert (code, outcomes(said)) == (1, {"validate": "Passed", "test": "Failed"}), said
    assert "three lost" in said

    policy.write_text(good.replace("metric: 10\n", "metric: ten\n"))
    code, said = commit()
    assert (code, outcomes(said)) == (1, {"validate": "Failed", "test": "Failed"}), said
    assert re.search(r"policies/site\.yaml:\d+:", said)
