"""YAML text → plain data, and where in the text each key and value stands.

A strict subset of YAML 1.2: one document, no anchors, aliases, tags, merge keys or duplicate keys.
Scalars are text except whole numbers, `true`, `false` and `null`; so `no`, `on`, `1:30`, `1.5`
and dates are text. Keys are always text. Size, depth and number of nodes are bounded, since a few
hundred bytes of aliases or brackets can otherwise keep a checker busy for minutes.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import yaml

from route_switcher.policy.file_kinds import FileKind
from route_switcher.policy.problems import PolicyProblems, Problem, Span, quoted
from route_switcher.policy.yaml.errors import Places, in_our_words, index

Data: TypeAlias = "bool | int | str | list[Data] | dict[str, Data] | None"
Path: TypeAlias = tuple[str | int, ...]
"""The keys and indexes that lead from the top of the document to a value."""

MAX_SIZE = 1024 * 1024
"""Bytes in a file, and characters in a text: far more than a policy for a hundred uplinks."""
MAX_DEPTH = 32
"""Levels of nesting; a policy needs five."""
MAX_NODES = 20_000
"""Keys and values: read in about a second; a policy for a hundred uplinks has about a thousand."""

# YAML 1.2 calls 010 ten and YAML 1.1 eight: here it is text, and so refused as a number.
# 18 digits fit every counter, and stay far below Python's own limit for reading a number.
_WHOLE_NUMBER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})\Z")
_HALF_A_CHARACTER = re.compile("[\ud800-\udfff]")
"""Surrogates: only an escape can write one, and no file name or program can have it."""
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Document:
    """What a text says. `problems` are those of the notation, each with what it makes unsure."""

    text: str
    data: Data
    keys: dict[Path, Span]
    """Where the key that leads to a value stands; items of a list have none."""
    values: dict[Path, Span]
    problems: tuple[tuple[Path, Problem], ...]
    unclear: frozenset[Path]
    """Paths whose value is not what was meant, since an alias, a tag or a merge key is refused."""


def read(text: str, origin: str, kind: FileKind) -> Document:
    """Read `text`, a file of that kind; `origin` is what errors call it.

    Raises `PolicyProblems` where nothing can be made of the rest: not YAML, empty, too large.
    """
    if len(text) > MAX_SIZE:
        raise PolicyProblems(origin, [too_large(kind)])
    return _Reader(text, origin, kind).document()


def too_large(kind: FileKind) -> Problem:
    """The problem of a file or text above `MAX_SIZE`."""
    return Problem(
        "too-large",
        f"the file is larger than {MAX_SIZE // 1024} KiB",
        f"is this the right file? {kind.size}",
    )


@dataclass(slots=True)
class _Reader:
    """Builds a `Document` from PyYAML's events, which carry exact positions."""

    text: str
    origin: str
    kind: FileKind
    keys: dict[Path, Span] = field(default_factory=dict)
    values: dict[Path, Span] = field(default_factory=dict)
    problems: list[tuple[Path, Problem]] = field(default_factory=list)
    unclear: set[Path] = field(default_factory=set)
    nodes: int = 0
    loader: yaml.SafeLoader = field(init=False)
    places: Places = field(init=False)

    def document(self) -> Document:
        self.places = Places(self.text)
        try:
            self.loader = yaml.SafeLoader(self.text)
        except yaml.reader.ReaderError as error:
            at = error.position
            raise self._final(
                "bad-character",
                f"the character {quoted(self.text[at])} is not allowed in YAML",
                "remove it; in double quotes it can be written with a backslash",
                self.places.span(at, at + 1),
            ) from None
        self._next()  # the start of the stream
        if isinstance(self._next(), yaml.StreamEndEvent):
            raise self._final(
                "empty",
                "the file is empty",
                self.kind.least,
                Span(1, 1, 1),
            )
        data = self._value(self._next(), (), 1)
        self._next()  # the end of the document
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            raise self._final(
                "second-document",
                "a second document begins here",
                f"a file holds one {self.kind.noun}: put the other into a file of its own",
                self._event_span(following),
            )
        problems, unclear = tuple(self.problems), frozenset(self.unclear)
        return Document(self.text, data, self.keys, self.values, problems, unclear)

    def _next(self) -> yaml.Event:
        try:
            event: yaml.Event = self.loader.get_event()  # type: ignore[no-untyped-call]
        except yaml.MarkedYAMLError as error:
            raise self._stop(in_our_words(error, self.places)) from None
        except (ValueError, OverflowError):
            # PyYAML lets int() and chr() fail on an escape such as "\UFFFFFFFF".
            at = self.loader.index
            raise self._final(
                "not-yaml",
                "this is not a number that YAML allows here",
                "an escape such as \\U0001F600 names a Unicode character",
                self.places.span(at, at + 1),
            ) from None
        return event

    def _value(self, event: yaml.Event, path: Path, depth: int) -> Data:
        self._count(event, depth)
        self.values[path] = self._event_span(event)
        if isinstance(event, yaml.AliasEvent):
            self.unclear.add(path)
            self._complain(
                path,
                "alias",
                f"the alias {quoted(f'*{event.anchor}')} is not allowed",
                "write the value out here",
                event,
            )
            return None
        if isinstance(event, yaml.ScalarEvent):
            self._plain_notation_only(event, path)
            return _scalar(event) if event.style is None else event.value
        if isinstance(event, yaml.SequenceStartEvent):
            self._plain_notation_only(event, path)
            return self._list(event, path, depth)
        assert isinstance(event, yaml.MappingStartEvent)
        self._plain_notation_only(event, path)
        return self._mapping(event, path, depth)

    def _list(self, start: yaml.SequenceStartEvent, path: Path, depth: int) -> list[Data]:
        items: list[Data] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._value(event, (*path, len(items)), depth + 1))
        self._close(start, event, path)
        return items

    def _mapping(self, start: yaml.MappingStartEvent, path: Path, depth: int) -> dict[str, Data]:
        entries: dict[str, Data] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event, path, depth)
            if key is None:
                self._pass_over(depth)
                continue
            inner = (*path, key)
            if inner in self.keys:
                first = self.keys[inner].line
                self._complain(
                    inner,
                    "duplicate-key",
                    f"duplicate key {quoted(key)}",
                    f"it is in line {first} already: keep one of the two",
                    event,
                )
                self._pass_over(depth)
                continue
            self.keys[inner] = self._event_span(event)
            entries[key] = self._value(self._next(), inner, depth + 1)
        self._close(start, event, path, list(entries))
        return entries

    def _key(self, event: yaml.Event, path: Path, depth: int) -> str | None:
        """The key as text; None, after a complaint, if it cannot be one."""
        if isinstance(event, yaml.ScalarEvent):
            self._count(event, depth)
            self._plain_notation_only(event, path)
            if event.style is not None or event.value != "<<":
                return event.value
            self.unclear.add(path)
            self._complain(
                path, "merge-key", "merge keys ('<<') are not allowed", "write the keys out", event
            )
            return None
        self._complain(
            path, "bad-key", "a key has to be text", "write a name, then ':', then the value", event
        )
        self._rest_of(event, depth)
        return None

    def _pass_over(self, depth: int) -> None:
        """Read one value and forget it."""
        self._rest_of(self._next(), depth)

    def _rest_of(self, event: yaml.Event, depth: int) -> None:
        self._count(event, depth)
        ends = (yaml.SequenceEndEvent, yaml.MappingEndEvent)
        if isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            while not isinstance(inner := self._next(), ends):
                self._rest_of(inner, depth + 1)

    def _plain_notation_only(
        self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, path: Path
    ) -> None:
        if event.anchor is not None:
            self._complain(
                path,
                "anchor",
                f"the anchor {quoted('&' + event.anchor)} is not allowed",
                "remove it: nothing may refer to it",
                event,
            )
        if event.tag is not None:
            self.unclear.add(path)
            self._complain(
                path,
                "tag",
                f"the tag {quoted(event.tag)} is not allowed",
                "remove it; quotes make a value text",
                event,
            )
        if isinstance(event, yaml.ScalarEvent) and _HALF_A_CHARACTER.search(event.value):
            self.unclear.add(path)
            self._complain(
                path,
                "bad-character",
                f"{quoted(event.value)} has half a character, which is not allowed",
                "an escape such as \\U0001F600 names a whole one",
                event,
            )

    def _count(self, event: yaml.Event, depth: int) -> None:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise self._final(
                "too-deep",
                f"this is nested more than {MAX_DEPTH} levels deep",
                self.kind.depth,
                self._event_span(event),
            )
        if self.nodes > MAX_NODES:
            raise self._final(
                "too-large",
                f"the file has more than {MAX_NODES} keys and values",
                f"is this the right file? {self.kind.size}",
                self._event_span(event),
            )

    def _close(
        self,
        start: yaml.CollectionStartEvent,
        end: yaml.Event,
        path: Path,
        entries: Sequence[str] = (),
    ) -> None:
        """Let a collection's span be all of `{…}` or `[…]`; else what it begins with."""
        begin = index(start.start_mark)
        if start.flow_style:
            self.values[path] = self.places.span(begin, index(end.end_mark))
        elif isinstance(start, yaml.SequenceStartEvent):
            self.values[path] = self.places.span(begin, begin + 1)
        elif entries:
            self.values[path] = self.keys[*path, entries[0]]

    def _event_span(self, event: yaml.Event) -> Span:
        return self.places.span(index(event.start_mark), index(event.end_mark))

    def _complain(self, path: Path, code: str, message: str, hint: str, event: yaml.Event) -> None:
        self.problems.append((path, Problem(code, message, hint, self._event_span(event))))

    def _final(self, code: str, message: str, hint: str, span: Span) -> PolicyProblems:
        return self._stop(Problem(code, message, hint, span))

    def _stop(self, last: Problem) -> PolicyProblems:
        """A problem after which reading cannot go on, with all that were found before."""
        return PolicyProblems(self.origin, [*(p for _, p in self.problems), last], self.text)


def _scalar(event: yaml.ScalarEvent) -> Data:
    if event.value in _WORDS:
        return _WORDS[event.value]
    if _WHOLE_NUMBER.match(event.value):
        return int(event.value)
    return event.value
