"""Every block on a page is executed by a test, or is on a short list with the reason.

A policy, or a part of one, is read. A command of ours is understood by the program's own parser.
For what a command prints, and for files of others, `OUTPUT` and `FILES` name the test that holds
them.
Who adds a block adds it there.
"""

import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from route_switcher.cli import parser
from route_switcher.policy.load import load_text

TOP = Path(__file__).parents[1]
PAGES = [
    *("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "FIGURES.md", "compose/README.md"),
    *("examples/dhcp-clients/README.md",),
    *sorted(str(page.relative_to(TOP)) for page in (TOP / "docs").glob("*.md")),
]
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINES = "  fibre: {interface: eth0, gateway: auto}\n  lte: {interface: wwan0, gateway: auto}\n"
_UPLINKS = f"uplinks:\n{_LINES}"
_PROBES = "probes:\n  internet: {type: icmp, targets: [8.8.8.8, 1.1.1.1]}\n"

PICTURE = "not executed: a picture"
SHORTENED = "not executed: shortened output of `make demo`, which CI runs"
KERNELS = "not executed: what `ip` prints; tests/kernel hold the routes and rules"

OUTPUT: Mapping[str, tuple[int, str]] = {
    "README.md": (2, SHORTENED),
    "ARCHITECTURE.md": (2, PICTURE),
    "compose/README.md": (2, "not executed: a picture, and a shortened log"),
    "docs/configurations-in-use.md": (1, "tests/test_examples_in_use.py"),
    "docs/doctor.md": (1, "tests/doctor/test_whatever_the_machine.py"),
    "docs/history.md": (3, "tests/test_page_about_history.py"),
    "docs/hook-recipes.md": (4, "tests/recipes/test_page.py"),
    "docs/kernel.md": (4, KERNELS),
    "docs/know-beforehand.md": (6, "tests/test_pages_about_policies.py"),
    "docs/metrics.md": (1, "tests/monitoring/test_examples.py"),
    "docs/next-hops-and-tables.md": (1, "tests/test_page_about_tables.py"),
    "docs/operate.md": (6, "tests/control/test_page_about_operating.py"),
    "docs/other-writers.md": (3, "tests/support/written_writers.py"),
    "docs/pair-of-routers.md": (1, "tests/recipes/test_pair_of_routers.py"),
    "docs/report.md": (1, "tests/reporting/test_page_about_reports.py"),
    "docs/run.md": (1, "tests/test_pages_about_policies.py"),
}
"""By page: how many blocks without a language it has, and who holds them."""

FILES: Mapping[str, tuple[int, str]] = {
    "docs/hook-recipes.md": (6, "tests/recipes/test_page.py"),
    "docs/other-writers.md": (5, "tests/support/written_writers.py"),
    "docs/run.md": (1, "tests/test_pages_about_policies.py"),
}
"""The same for files of other programs, and for the state diagram."""

OTHER_YAML: Mapping[str, str] = {
    "expect:": "a part of a scenario: tests/test_page_about_hooks.py",
    "scrape_configs:": "of Prometheus: tests/monitoring/test_promtool.py",
    "  lte: {interfce: wwan0, gateway: 192.168.8.1}": "wrong: tests/test_pages_about_policies.py",
    "scenarios:": "scenarios: tests/test_pages_about_policies.py, tests/test_page_about_probes.py",
}
"""By a line in it: what is no policy, and who executes it."""


def blocks(page: str) -> list[tuple[str, str]]:
    found = _BLOCK.findall((TOP / page).read_text("utf-8"))
    return [(language, dedent(text)) for language, text in found]


def of_language(*languages: str) -> Counter[str]:
    return Counter({page: n for page in PAGES if (n := _count(page, languages))})


def _count(page: str, languages: tuple[str, ...]) -> int:
    return sum(language in languages for language, _ in blocks(page))


def test_no_page_has_a_block_of_a_language_that_nobody_knows() -> None:
    known = {"", "sh", "yaml", "ini", "mermaid"}
    assert {language for page in PAGES for language, _ in blocks(page)} <= known


@pytest.mark.parametrize(("languages", "held"), [(("",), OUTPUT), (("ini", "mermaid"), FILES)])
def test_who_holds_each_block_is_named(
    languages: tuple[str, ...], held: Mapping[str, tuple[int, str]]
) -> None:
    assert of_language(*languages) == {page: count for page, (count, _) in held.items()}
    for page, (_, test) in held.items():
        if not test.startswith("not executed: "):
            assert Path(page).name in (TOP / test).read_text("utf-8"), f"{page}: {test}"


def policies() -> Iterator[tuple[str, str]]:
    for page in PAGES:
        for language, text in blocks(page):
            if language == "yaml" and not set(text.splitlines()) & OTHER_YAML.keys():
                yield page, text


@pytest.mark.parametrize(("page", "text"), list(policies()))
def test_each_policy_is_sound_and_each_part_of_one_beside_the_first(page: str, text: str) -> None:
    keys = re.findall(r"^(\w+):", text, re.MULTILINE)
    whole = text if "version" in keys else f"version: 1\n{text}"
    if "uplinks" not in keys:
        whole += _UPLINKS + ("" if "probes" in keys else _PROBES)
    load_text(whole, page)


def commands() -> Iterator[tuple[str, str]]:
    """The commands of ours, without what a shell makes of the rest of the line."""
    for page in PAGES:
        for language, text in blocks(page):
            for line in text.replace("\\\n", " ").splitlines():
                found = re.match(r"(?:\$ )?(?:sudo )?(?:\S*/)?route-switcher( .*)?$", line.strip())
                if found and (language == "sh" or line.startswith("$ ")):
                    yield page, re.split(r" #| \||[;>&]", found[1] or "")[0]


@pytest.mark.parametrize(("page", "command"), list(dict.fromkeys(commands())))
def test_each_command_is_one_that_the_program_understands(page: str, command: str) -> None:
    assert page
    code: object = 0
    try:
        parser().parse_args(shlex.split(command))
    except SystemExit as ended:
        code = ended.code
    assert code == 0


def test_each_make_target_on_a_page_is_in_the_makefile() -> None:
    makefile = (TOP / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z][a-z-]*):", makefile, re.MULTILINE))
    named = {
        target
        for page in PAGES
        for target in re.findall(r"`make ([a-z][a-z-]+)", (TOP / page).read_text("utf-8"))
    }
    assert named <= targets
    assert len(named) > 5
