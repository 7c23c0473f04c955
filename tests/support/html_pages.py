"""What a page of ours must be, whatever it shows; and what it says."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = frozenset({"meta", "br"})
_FORBIDDEN = frozenset({"script", "link", "img", "iframe", "object", "embed", "base", "form"})


@dataclass
class Read:
    """What was read of a page: `rows` of tables by their ids, or by their number where they have
    none, and `links` by where they lead."""

    text: str = ""
    rows: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.open: list[str] = []
        self.ids: list[str] = []
        self.read = Read()
        self.headings: list[int] = []
        self._row: list[str] = []
        self._link: str | None = None
        self.tables: list[bool] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag not in _VOID:
            self.open.append(tag)
        if tag in _FORBIDDEN:
            self.wrong.append(f"<{tag}> has no place here")
        self.wrong += [f"{name} runs something" for name in given if name.startswith("on")]
        if name := given.get("id"):
            self.ids.append(name)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "table":
            self.tables.append(False)
        elif tag == "caption":
            self.tables[-1] = True
        elif tag == "tr":
            self._row = self.read.rows[name or str(len(self.read.rows))] = []
        elif tag in ("td", "th"):
            self._row.append("")
        elif tag == "a":
            self._link = given.get("href") or ""
            self.read.links[self._link] = ""

    def handle_endtag(self, tag: str) -> None:
        if self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes nothing")
        if tag == "a":
            self._link = None

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] == "style":
            return
        self.read.text += data
        if "tr" in self.open:
            self._row[-1] += data
        if self._link is not None:
            self.read.links[self._link] += data


def _reader(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def read(page: str) -> Read:
    """What it says."""
    return _reader(page).read


def unsound(page: str) -> list[str]:
    """What is wrong with it: whether each element is closed, ids are unique, links lead somewhere,
    headings follow each other, tables have captions, and nothing is loaded or run."""
    return list(_unsound(page))


def _unsound(page: str) -> Iterator[str]:
    reader = _reader(page)
    yield from reader.wrong
    yield from (f"<{tag}> is left open" for tag in reader.open)
    yield from (f"id {name} is there twice" for name in {*reader.ids} if reader.ids.count(name) > 1)
    for link, words in reader.read.links.items():
        if link.removeprefix("#") not in reader.ids:
            yield f"{link} leads nowhere"
        if not words.strip():
            yield f"the link to {link} has no words"
    if reader.headings[:1] != [1] or reader.headings.count(1) != 1:
        yield "the page does not have one first heading"
    if not all(reader.tables):
        yield "a table has no caption"
    style = re.search("<style>(.*?)</style>", page, re.DOTALL)
    assert style is not None
    if re.search(r"url\(|@import|https?:", style[1]):
        yield "the style loads something"
