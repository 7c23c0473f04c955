"""The policies, scenarios and commands that the pages show are sound, and print what they show."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from route_switcher.analysis.prose.diagram import diagram
from route_switcher.cli import main
from route_switcher.policy.load import load_text

TOP = Path(__file__).parents[1]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
NAMED = re.compile(r"`([\w-]+\.yaml)`:$")
TIMES = re.compile(r" +\d+ ms  |\(\d+\.\d\d s\)")
"""What differs from one run to the next."""


def page(name: str) -> str:
    return (TOP / name).read_text("utf-8")


def policies(name: str) -> list[str]:
    return [text for kind, text in BLOCK.findall(page(name)) if kind == "yaml"]


def test_the_first_policy_is_sound() -> None:
    (first,) = policies("README.md")
    assert load_text(first, "README.md").placement.table == 115


def test_the_full_policy_writes_out_what_the_minimal_one_means() -> None:
    minimal, full, whole_language = policies("docs/policy.md")
    left_out, written = load_text(minimal, "page"), load_text(full, "page")
    assert left_out.every_rule == written.every_rule
    assert replace(left_out, rules=()) == replace(written, rules=())
    assert len(load_text(whole_language, "page").rules) == 3


def test_the_transitions_of_a_rule_are_those_of_the_program() -> None:
    assert diagram().strip() in page("docs/run.md")


def commands(text: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Each command with what the page says it prints; files are written where they are named."""
    before = 0
    for block in BLOCK.finditer(text):
        kind, body = block.groups()
        named = NAMED.search(text[before : block.start()].strip())
        before = block.end()
        if kind == "yaml":
            assert named is not None, body
            (folder / named[1]).write_text(body, "utf-8")
        elif body.startswith("$ "):
            command, _, printed = body.removeprefix("$ ").partition("\n")
            yield command, printed


def pattern(printed: str) -> str:
    """What is printed, as an expression: a line `…` stands for any lines, ` …` for a line's end."""
    lines = []
    for line in printed.splitlines():
        start = re.escape(TIMES.sub(" TIME ", line.removesuffix(" …")))
        if line == "…":
            lines.append(r"(?:.*\n)*?")
        elif line.endswith(" …"):
            lines.append(start + r".*\n")
        else:
            lines.append(start + r"\n")
    return "".join(lines)


def test_each_command_prints_what_the_page_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shown = 0
    for command, printed in commands(page("docs/know-beforehand.md"), tmp_path):
        name, *words = shlex.split(command)
        assert name == "route-switcher"
        main(words)
        said = TIMES.sub(" TIME ", capsys.readouterr().out)
        assert re.fullmatch(pattern(printed), said), f"{command}\n{said}"
        shown += 1
    assert shown == 6
