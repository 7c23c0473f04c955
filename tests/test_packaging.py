"""What is built can be installed elsewhere, and brings its schemas and policies along."""

import os
import subprocess
import sys
import tarfile
import zipfile
from functools import partial
from pathlib import Path

import pytest

from route_switcher import __version__
from route_switcher.resources import data_root

TOP = Path(__file__).parents[1]
SHIPPED = sorted(
    str(file.relative_to(TOP))
    for folder in ("policies", "schemas")
    for file in (TOP / folder).rglob("*.*")
)


def command(*arguments: str, cwd: Path = TOP, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command("-m", "hatchling", "build", "-t", "wheel", "-d", str(folder))
    (file,) = folder.iterdir()
    return file


def test_the_wheel_holds_code_schemas_and_policies(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {f"route_switcher/_data/{file}" for file in SHIPPED} <= names
    assert {"route_switcher/cli/__init__.py", "route_switcher/py.typed"} <= names
    assert all(name.startswith(("route_switcher/", "route_switcher-")) for name in names)


def test_an_installed_wheel_validates_and_tests_a_shipped_policy_from_anywhere(
    wheel: Path, tmp_path: Path
) -> None:
    target = tmp_path / "installed"
    command(
        *("-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-index", "--no-compile", "--target", str(target), str(wheel)),
    )
    installed = partial(command, cwd=Path("/"), PYTHONPATH=str(target))
    where = installed("-c", "import route_switcher; print(route_switcher.__file__)")
    assert Path(where.strip()).is_relative_to(target)
    data = target / "route_switcher" / "_data" / "policies"
    said = installed("-m", "route_switcher", "validate", "dual-wan", "dual-stack")
    assert f"{data}/dual-wan.yaml: fine (2 uplinks, 2 probes, 3 rules" in said
    assert f"{data}/dual-stack.yaml: fine (4 uplinks, 2 probes, 3 rules" in said
    scenarios = str(data / "scenarios" / "dual-wan.yaml")
    assert "all passed" in installed("-m", "route_switcher", "test", scenarios)


def test_the_source_distribution_holds_everything_to_build_and_test(tmp_path: Path) -> None:
    command("-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path))
    (file,) = tmp_path.iterdir()
    with tarfile.open(file) as archive:
        names = set(archive.getnames())
    root = f"route_switcher-{__version__}"
    examples = {str(f.relative_to(TOP)) for f in (TOP / "examples").rglob("*") if f.is_file()}
    wanted = {*SHIPPED, *examples, "pyproject.toml", "README.md", "LICENSE", "requirements/run.txt"}
    wanted |= {"engine/route_switcher/__init__.py", "tests/test_packaging.py"}
    assert {f"{root}/{name}" for name in wanted} <= names


def test_a_checkout_reads_the_folders_at_its_top() -> None:
    assert data_root() == TOP
