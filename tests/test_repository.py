"""What a stranger meets first is true: the README's policies, diagram, targets and links."""

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from route_switcher.analysis.prose.diagram import diagram
from route_switcher.policy.load import load_text
from route_switcher.scenarios.file import load_scenarios
from route_switcher.scenarios.run import run_scenario

TOP = Path(__file__).parents[1]
PAGES = {path.name: path.read_text("utf-8") for path in sorted(TOP.glob("*.md"))}
README = PAGES["README.md"]
YAML = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
MINIMAL, FULL, WHOLE_LANGUAGE, DRAFT, SCENARIOS, MENDED_RULES = YAML


def test_the_readme_shows_the_transitions_of_a_rule() -> None:
    assert diagram() in README


def test_the_full_policy_writes_out_what_the_minimal_one_means() -> None:
    left_out, written = load_text(MINIMAL, "README.md"), load_text(FULL, "README.md")
    assert left_out.every_rule == written.every_rule
    assert replace(left_out, rules=()) == replace(written, rules=())


def test_the_policy_that_shows_the_language_is_sound() -> None:
    assert len(load_text(WHOLE_LANGUAGE, "README.md").rules) == 3


def test_the_scenarios_fail_and_pass_as_the_readme_says(tmp_path: Path) -> None:
    (tmp_path / "scenarios.yaml").write_text(SCENARIOS)
    passed = []
    for policy in (DRAFT, DRAFT + MENDED_RULES):
        (tmp_path / "policy.yaml").write_text(policy)
        file = load_scenarios(tmp_path / "scenarios.yaml")
        passed.append([not run_scenario(s, file.loaded.policy) for s in file.scenarios])
    assert passed == [[False, True], [True, True]]


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_the_marks_of_a_merge_that_was_not_finished(page: str) -> None:
    assert re.findall(r"^(?:<{7}|={7}$|>{7}).*", PAGES[page], re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_to_a_file_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#]+)", PAGES[page])
    assert [link for link in links if not (TOP / link).exists()] == []


def test_every_make_target_that_is_named_exists() -> None:
    named = re.findall(r"`make ([a-z-]+)`|^make ([a-z-]+)", "".join(PAGES.values()), re.MULTILINE)
    targets = {target for pair in named for target in pair if target}
    assert {"demo", "test"} <= targets
    for target in targets:
        done = subprocess.run(
            ["make", "--dry-run", target], cwd=TOP, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr


def test_ci_can_be_run() -> None:
    assert os.access(TOP / ".ci" / "run", os.X_OK)


def test_wherever_python_is_started_it_takes_no_module_from_the_current_folder() -> None:
    """By -P, or -I where an older Python may read it (see `python3 --help`)."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, text=True)
    if listed.returncode != 0:
        pytest.skip(f"this is no clone: {listed.stderr.strip()}")
    started = re.compile(
        r"""(?:python[\d.]*|\$\(PYTHON\)|sys\.executable)((?:"?,?[ ]+"?-\w+)*?)"?,?[ ]+"?-[mc]\b"""
    )
    bare = []
    for name in listed.stdout.split("\0"):
        path = TOP / name
        text = path.read_text("utf-8", errors="replace") if path.is_file() else ""
        found = started.finditer(text)
        bare += [f"{name}: {flags[0]}" for flags in found if not re.search("-[PI]", flags[1])]
    assert bare == []
