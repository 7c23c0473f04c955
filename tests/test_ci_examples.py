"""What users put into their own CI works: schemas in other tools, pre-commit hooks, a workflow."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from route_switcher import __version__
from route_switcher.cli import EXIT_OK, EXIT_PROBLEMS, main, parser

TOP = Path(__file__).parents[1]
SCHEMAS = sorted((TOP / "schemas").glob("*.schema.json"))
WORKFLOW = TOP / "examples" / "github-workflow.yml"
CHANGES_OF_THE_PACKAGE = TOP / "examples" / "debian" / "changelog"
HOOKS: list[dict[str, Any]] = yaml.safe_load((TOP / ".pre-commit-hooks.yaml").read_text("utf-8"))
SCENARIO = re.compile(r"\.scenarios?\.yaml$")
POLICIES = [
    file
    for folder in ("policies", "examples")
    for file in sorted((TOP / folder).glob("*.yaml"))
    if not SCENARIO.search(file.name)
]
WRONG = "version: 1\nuplinks: {a: {interface: eth0, gateway: 192.0.2.1, metric: ten}}\n"


def check_jsonschema(*words: object) -> subprocess.CompletedProcess[str]:
    """Run it in the private network of the tests: it may download nothing."""
    command = [sys.executable, "-P", "-m", "check_jsonschema", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def git(*words: str) -> str | None:
    """What git says of the checkout; None: no."""
    done = subprocess.run(["git", *words], cwd=TOP, capture_output=True, text=True, timeout=60)
    return done.stdout if done.returncode == 0 else None


def steps() -> list[str]:
    """The shell commands of the example workflow."""
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    return [step["run"] for job in jobs.values() for step in job["steps"] if "run" in step]


def our_commands(lines: Iterable[str]) -> list[list[str]]:
    """The command lines that call us, without the program and what the shell redirects."""
    found = [shlex.split(line.split(" > ")[0]) for text in lines for line in text.splitlines()]
    return [words[1:] for words in found if words[0] == "route-switcher"]


def selected(hook: dict[str, Any], paths: Iterable[str]) -> set[str]:
    """As pre-commit selects files."""
    exclude = hook.get("exclude", "^$")
    return {p for p in paths if re.search(hook["files"], p) and not re.search(exclude, p)}


def test_check_jsonschema_accepts_our_schemas() -> None:
    done = check_jsonschema("--check-metaschema", *SCHEMAS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("dialect", ["default", "nonunicode", "python"])
def test_check_jsonschema_accepts_our_policies_in_every_dialect_of_patterns(dialect: str) -> None:
    schema = TOP / "schemas" / "policy.schema.json"
    words = ("--regex-variant", dialect, "--schemafile", schema)
    done = check_jsonschema(*words, *POLICIES)
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_jsonschema_refuses_what_is_no_policy(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(WRONG)
    schema = TOP / "schemas" / "policy.schema.json"
    done = check_jsonschema("--schemafile", schema, tmp_path / "wrong.yaml")
    assert done.returncode == 1
    assert "metric" in done.stdout


def test_workflows_are_such_as_github_takes() -> None:
    ours = sorted((TOP / ".github" / "workflows").glob("*.yml"))
    done = check_jsonschema("--builtin-schema", "vendor.github-workflows", WORKFLOW, *ours)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("words", our_commands(steps()), ids=" ".join)
def test_every_command_of_the_workflow_exists(words: list[str]) -> None:
    assert callable(parser().parse_args(words).execute)


def test_the_workflow_validates_tests_and_checks() -> None:
    commands = [words[0] for words in our_commands(steps())]
    assert {"validate", "test", "schema"} <= {*commands}


@pytest.mark.parametrize("good", [True, False])
def test_the_workflows_checks_run_as_they_are_written(tmp_path: Path, good: bool) -> None:
    (tmp_path / "policies").mkdir()
    shutil.copy(TOP / "policies" / "dual-wan.yaml", tmp_path / "policies" / "a.yaml")
    if not good:
        (tmp_path / "policies" / "b.yaml").write_text(WRONG)
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    for step in steps():
        if step.startswith(("route-switcher validate", "route-switcher schema")):
            done = subprocess.run(
                ["bash", "-e", "-c", step],  # as GitHub runs a step
                cwd=tmp_path,
                env=os.environ | {"PATH": path, "RUNNER_TEMP": str(tmp_path)},
                capture_output=True,
                text=True,
                timeout=60,
            )
            assert done.returncode == (EXIT_OK if good else EXIT_PROBLEMS), (
                done.stdout + done.stderr
            )
            assert good or "b.yaml" in done.stdout


@pytest.mark.parametrize("hook", HOOKS, ids=lambda hook: str(hook["id"]))
def test_every_hook_calls_a_command_that_takes_files(hook: dict[str, Any]) -> None:
    program, *words = shlex.split(hook["entry"])
    assert (program, hook["language"]) == ("route-switcher", "python")
    assert callable(parser().parse_args([*words, "policies/a.yaml", "b.yaml"]).execute)


def test_hooks_select_the_files_that_they_are_for() -> None:
    validate, test = HOOKS
    policies = {"policy.yaml", "policies/dual-wan.yaml", "site/policy.yaml", "site/lte-policy.yaml"}
    scenarios = {"scenarios/a.yaml", "policies/dual-wan.scenario.yaml", "x/policy.scenarios.yaml"}
    others = {"README.md", "compose/compose.yaml", "policies/README.md", "notes.yaml", "policy.yml"}
    everything = policies | scenarios | others
    assert selected(validate, everything) == policies
    assert selected(test, everything) == policies | scenarios


def commit(hook: dict[str, Any], changed: Iterable[str]) -> int | None:
    """What pre-commit does with a hook; None: it is skipped."""
    files = sorted(selected(hook, changed))
    if not files:
        return None
    words = [*shlex.split(hook["entry"])[1:], *hook.get("args", ())]
    return main([*words, *(files if hook.get("pass_filenames", True) else ())])


def test_a_change_of_a_policy_alone_runs_its_scenarios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a user has it, but for the environment that pre-commit makes by pip."""
    monkeypatch.chdir(tmp_path)
    _, test = HOOKS
    policy = Path("policies/site.yaml")
    policy.parent.mkdir()
    shutil.copy(TOP / "policies" / "dual-wan.yaml", policy)
    Path("scenarios").mkdir()
    Path("scenarios/site.yaml").write_text(
        "version: 1\npolicy: ../policies/site.yaml\nscenarios:\n"
        "  - {name: three lost, rounds: {primary: '10 good, lost'},"
        " expect: [{at: 30s, active: secondary}]}\n"
    )
    assert commit(test, ["README.md"]) is None
    assert commit(test, ["policies/site.yaml"]) == EXIT_OK
    slower = policy.read_text() + "  # later\n"
    policy.write_text(slower.replace("failures: 3", "failures: 90"))
    assert commit(test, ["policies/site.yaml"]) == EXIT_PROBLEMS
    assert commit(test, ["scenarios/site.yaml"]) == EXIT_PROBLEMS
    assert "three lost" in capsys.readouterr().out


def test_the_validate_hook_passes_and_fails_with_its_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = shlex.split(HOOKS[0]["entry"])[1:]
    shutil.copy(TOP / "policies" / "dual-wan.yaml", "policy.yaml")
    assert main([*words, "policy.yaml"]) == EXIT_OK
    Path("site-policy.yaml").write_text(WRONG)
    assert main([*words, "policy.yaml", "site-policy.yaml"]) == EXIT_PROBLEMS
    assert "site-policy.yaml:2:" in capsys.readouterr().out


def test_the_workflow_installs_the_locked_versions_from_a_checkout_of_a_release() -> None:
    jobs = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"]
    (taken,) = [step["with"] for step in jobs["policies"]["steps"] if "ref" in step.get("with", {})]
    lines = "\n".join(steps())
    (locked,) = re.findall(r"--require-hashes --requirement (\S+)", lines)
    assert (TOP / locked.removeprefix(f"{taken['path']}/")).is_file()
    assert f"--no-deps --no-build-isolation ./{taken['path']}\n" in lines
    # Its newest tag, or the one that its next commit makes (CONTRIBUTING.md, Release).
    assert taken["ref"] == f"v{__version__}"
    written = [
        *re.findall(r"^route-switcher \((\S+)\)", CHANGES_OF_THE_PACKAGE.read_text("utf-8")),
        *re.findall(r"git tag --annotate v(\S+)", (TOP / "CONTRIBUTING.md").read_text("utf-8")),
    ]
    assert written == [__version__] * 2


def test_the_tag_of_the_workflow_is_on_a_commit_of_that_version() -> None:
    """A clone may have no tags, and before a release there is none."""
    tag = f"v{__version__}"
    found = git("tag", "--list", tag)
    if found is None or not found.strip():
        pytest.skip(f"no tag {tag} here")
    released = git("show", f"{tag}:engine/route_switcher/__init__.py") or ""
    assert f'__version__ = "{__version__}"' in released
    assert git("cat-file", "-t", tag) == "tag\n"
    assert git("merge-base", "--is-ancestor", tag, "HEAD") is not None


@pytest.mark.parametrize("file", [WORKFLOW, TOP / ".github" / "workflows" / "ci.yml"])
def test_actions_are_named_by_the_commit_for_a_tag_may_be_moved(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text("utf-8"))
    assert used
    assert [name for name, _ in used if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", name)] == []
    assert all(re.fullmatch(r"  # v[0-9.]+", version) for _, version in used)
