"""What the page about other writers says is to be written, as the tests write it."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).parents[2]
PAGE = (TOP / "docs" / "other-writers.md").read_text("utf-8")

_BLOCK = re.compile(r"(?P<before>[^\n]*)\n\n```(?P<kind>\w*)\n(?P<text>.*?)^```$", re.M | re.S)
_PATH = re.compile(r"`(/[^`]+)`:$")


@dataclass(frozen=True, slots=True)
class Block:
    """A block of code: its language, its text, and the file that it is for, or nothing."""

    kind: str
    text: str
    path: str


def blocks(title: str = "") -> tuple[Block, ...]:
    """Those of the section with this title; without one, those before the first section."""
    sections = dict(_sections())
    return tuple(_blocks(sections[title]))


def titles() -> tuple[str, ...]:
    """Of all sections."""
    return tuple(title for title, _ in _sections() if title)


def files(title: str) -> dict[str, str]:
    """Paths and contents of what a recipe writes."""
    return {block.path: block.text for block in blocks(title) if block.path}


def installing(title: str) -> str:
    """The lines of shell that install our hooks; they are written for the top of a checkout."""
    lines = (line for block in blocks(title) if block.kind == "sh" for line in _lines(block))
    installs = (line.removeprefix("sudo ") for line in lines if line.startswith("sudo install "))
    return "".join(f"cd {shlex.quote(str(TOP))} && {line}\n" for line in installs)


def starting(title: str) -> tuple[str, ...]:
    """The lines of shell that start the program."""
    lines = (line for block in blocks(title) if block.kind == "sh" for line in _lines(block))
    return tuple(line for line in lines if not line.startswith("sudo "))


def policy(title: str = "") -> str:
    """The policy of a section."""
    (text,) = (block.text for block in blocks(title) if block.kind == "yaml")
    return text


def _sections() -> Iterator[tuple[str, str]]:
    first, *others = re.split(r"^## (.*)$", PAGE, flags=re.M)
    yield "", first
    yield from zip(others[::2], others[1::2], strict=True)


def _blocks(section: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(section):
        path = _PATH.search(found["before"])
        yield Block(found["kind"], found["text"], path[1] if path else "")


def _lines(block: Block) -> list[str]:
    return block.text.splitlines()
