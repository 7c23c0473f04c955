"""The pages for strangers are whole: their links lead somewhere, and their make targets exist."""

import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
PAGES = {
    str(path.relative_to(TOP)): path.read_text("utf-8")
    for path in sorted([*TOP.glob("*.md"), *TOP.glob("docs/**/*.md")])
}
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)")


def anchors(page: str) -> set[str]:
    """Those of the headings of a page, as GitHub makes them."""
    titles = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```", "", page, flags=re.M | re.S), re.M)
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES)
def test_no_page_has_the_marks_of_a_merge_that_was_not_finished(page: str) -> None:
    assert re.findall(r"^(?:<{7}|={7}$|>{7}).*", PAGES[page], re.MULTILINE) == []


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for link, anchor in LINK.findall(PAGES[page]):
        target = (TOP / page).parent / link if link else TOP / page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target.read_text("utf-8")), f"{link}#{anchor}"


def test_the_readme_leads_to_every_page() -> None:
    named = {link for link, _ in LINK.findall(PAGES["README.md"])}
    assert {page for page in PAGES if page.startswith("docs/")} <= named


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
