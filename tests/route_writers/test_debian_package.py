"""A Debian package is built from examples/debian, and holds what it should."""

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

TOP = Path(__file__).parents[2]
FOLDER = TOP / "examples" / "debian"


def need(program: str, package: str) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"{program} is missing (package {package})")


def run(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, cwd=cwd, capture_output=True, text=True, timeout=600, check=False)


def test_every_dependency_is_a_build_dependency() -> None:
    project = tomllib.loads((TOP / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.split(r"[<>=]", each)[0].lower() for each in project["dependencies"]]
    wanted = {f"python3-{ {'pyyaml': 'yaml'}.get(name, name) }" for name in names}
    listed = re.findall(r"^ (\S+?),$", (FOLDER / "control").read_text("utf-8"), re.MULTILINE)
    assert wanted <= set(listed)


@pytest.mark.programs
def test_it_is_built_checked_and_unpacked(tmp_path: Path) -> None:
    need("dpkg-buildpackage", "dpkg-dev")
    need("dh", "debhelper")
    need("lintian", "lintian")
    tree = tmp_path / "route-switcher"
    tree.mkdir()
    for name in ("engine", "schemas", "policies", "examples", "docs"):
        shutil.copytree(TOP / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE"):
        shutil.copy(TOP / name, tree / name)
    shutil.copytree(FOLDER, tree / "debian")
    lacking = run("dpkg-checkbuilddeps", cwd=tree)
    if lacking.returncode:
        pytest.skip(f"this Debian cannot build it: {lacking.stderr.strip()}")
    built = run("dpkg-buildpackage", "--build=binary", "--no-sign", cwd=tree)
    assert built.returncode == 0, built.stdout + built.stderr
    (package,) = tmp_path.glob("*.deb")
    checked = run("lintian", "--fail-on", "error", str(package), cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    root = tmp_path / "root"
    assert run("dpkg-deb", "--extract", str(package), str(root), cwd=tmp_path).returncode == 0
    unit = (root / "usr/lib/systemd/system/route-switcher.service").read_text("utf-8")
    assert " /usr/bin/route-switcher run policy" in unit
    assert "/opt/" not in unit
    for file in (
        "usr/bin/route-switcher",
        "usr/lib/sysusers.d/route-switcher.conf",
        "usr/share/man/man1/route-switcher.1.gz",
        "usr/share/bash-completion/completions/route-switcher",
        "usr/share/zsh/vendor-completions/_route-switcher",
    ):
        assert (root / file).stat().st_size > 100, file
    packages = str(root / "usr/lib/python3/dist-packages")
    installed = subprocess.run(
        ["/usr/bin/python3", "-P", str(root / "usr/bin/route-switcher"), "validate", "dual-wan"],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": packages, "LANG": "C.UTF-8"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert installed.returncode == 0, installed.stderr
