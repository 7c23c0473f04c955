"""From a scenario file to what it means, or to every problem that it has."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from math import inf
from os.path import normpath, realpath
from pathlib import Path as FilePath

from route_switcher.policy.file_kinds import FileKind
from route_switcher.policy.findings import Findings
from route_switcher.policy.load import Loaded, read_policy
from route_switcher.policy.problems import PolicyProblems, Problem, Span, split_lines
from route_switcher.policy.schema.check import check_schema
from route_switcher.policy.yaml.files import is_own_descriptor, read_file
from route_switcher.policy.yaml.reader import Document, Path
from route_switcher.scenarios import words
from route_switcher.scenarios.expectations import read_expectations
from route_switcher.scenarios.names import Names, names_of
from route_switcher.scenarios.next_hop_events import check_next_hop, read_next_hop
from route_switcher.scenarios.scenario import (
    Expectation,
    LinkEvent,
    LinkWord,
    NextHopEvent,
    ReleaseEvent,
    ReloadEvent,
    RestartEvent,
    Rounds,
    Scenario,
    ScenarioEvent,
    ScenarioFile,
    SwitchEvent,
)
from route_switcher.scenarios.series import Part, SeriesError, parse_series
from route_switcher.scenarios.times import read_time
from route_switcher.text.durations import format_duration

SCENARIOS = FileKind(
    noun="scenario file",
    schema="scenario.schema.json",
    least="write at least 'version: 1' and 'scenarios:'",
    depth="a scenario file has eight levels",
    size="A scenario takes some ten lines: spread them over several files",
    words=words.KEYS,
    refused=words.REFUSED,
)


_HAPPENINGS = ("link", "switch", "release", "restart", "reload")


def load_scenarios(
    file: FilePath, policy: str | None = None, read: Callable[[str], Loaded] = read_policy
) -> ScenarioFile:
    """The scenarios in `file`; `policy` (a POLICY) replaces the one that it names.

    Raises `PolicyProblems`: those of the file, or of a policy that it names.
    """
    document = read_file(file, SCENARIOS)
    _refuse_policy(document, str(file))
    return _Reading(file, document, read).result(policy)


def _refuse_policy(document: Document, origin: str) -> None:
    if ("uplinks",) in document.keys and ("scenarios",) not in document.keys:
        problem = Problem(
            "not-scenarios",
            "this is a policy, not a scenario file",
            "route-switcher validate checks it; a scenario file names it by 'policy:'",
            document.keys["uplinks",],
        )
        raise PolicyProblems(origin, [problem], document.text)


def _plain(path: str) -> str:
    """A path without detours such as `scenarios/..`, which never reads like a policy's name."""
    plain = normpath(path)
    if realpath(plain) != realpath(path):
        return path  # by way of a symbolic link
    return plain if "/" in plain else f"./{plain}"


class _Reading:
    """One file that is being read."""

    def __init__(self, file: FilePath, document: Document, read: Callable[[str], Loaded]) -> None:
        # What comes by standard input stands in no folder: its paths are of the working directory.
        by_descriptor = isinstance(file, FilePath) and is_own_descriptor(file)
        self._folder = FilePath() if by_descriptor else file.parent
        self._origin = str(file)
        self._document = document
        self._findings = Findings(document)
        self._read = read

    def result(self, policy: str | None) -> ScenarioFile:
        findings = self._findings
        check_schema(findings, SCENARIOS)
        loaded = self._read(policy) if policy is not None else self._own_policy()
        scenarios = tuple(self._scenarios(loaded)) if loaded is not None else ()
        if findings.problems or loaded is None:
            raise PolicyProblems(self._origin, findings.problems, self._document.text)
        return ScenarioFile(self._origin, self._document, loaded, scenarios)

    def _own_policy(self) -> Loaded | None:
        if isinstance(self._findings.get(("policy",)), str):
            return self._policy(("policy",))
        if self._findings.complete("policy"):
            self._findings.report(
                "missing-key",
                (),
                "no policy is named",
                "write for example 'policy: ./policy.yaml', or give --policy",
                on_key=True,
            )
        return None

    def _policy(self, path: Path) -> Loaded | None:
        """The policy that is named at `path`; its own problems are raised, others reported."""
        name = self._findings.get(path)
        assert isinstance(name, str)
        if "\0" in name:
            self._findings.report("bad-value", path, "no path has a NUL in it", "remove it")
            return None
        if "/" in name or name.endswith(".yaml"):
            name = _plain(str(self._folder / name))
        try:
            return self._read(name)
        except PolicyProblems as found:
            problem = found.problems[0]
            if problem.span is not None:
                raise
            where = "" if "/" not in name else f" ({found.origin})"
            self._findings.report(problem.code, path, problem.message + where, problem.hint)
            return None

    def _scenarios(self, loaded: Loaded) -> Iterator[Scenario]:
        first: dict[str, Path] = {}
        for path in self._findings.items(("scenarios",)):
            name = self._findings.get((*path, "name"))
            if not isinstance(name, str):
                continue
            if name in first:
                line = self._document.values[first[name]].line
                message = f"a scenario in line {line} has this name already"
                self._findings.report(
                    "duplicate-name", (*path, "name"), message, "give it a name of its own"
                )
            first.setdefault(name, (*path, "name"))
            yield self._scenario(path, name, loaded)

    def _scenario(self, path: Path, name: str, loaded: Loaded) -> Scenario:
        found = tuple(self._events((*path, "events")))
        events = tuple((at, happening) for _, at, happening in found)
        reloads = [e.policy for _, e in events if isinstance(e, ReloadEvent)]
        names = names_of([loaded.policy, *reloads])
        rounds: tuple[Rounds, ...] = ()
        expectations: tuple[Expectation, ...] = ()
        # While a policy that it reloads is not known, nothing can be said about names.
        if len(reloads) == self._reloads_written((*path, "events")):
            self._check_events(path, names)
            for inner, _, happening in found:
                if isinstance(happening, NextHopEvent):
                    check_next_hop(self._findings, inner, names, happening)
            rounds = tuple(self._rounds((*path, "rounds"), names))
            expectations = tuple(read_expectations(self._findings, (*path, "expect"), names))
            self._check_in_time(found, expectations)
        span = self._document.values[*path, "name"]
        in_order = tuple(sorted(events, key=lambda event: event[0]))
        return Scenario(name, span, rounds, in_order, expectations)

    def _reloads_written(self, path: Path) -> int:
        items = self._findings.items(path)
        return sum((*inner, "reload") in self._document.keys for inner in items)

    # Rounds.

    def _rounds(self, path: Path, names: Names) -> Iterator[Rounds]:
        for inner in self._findings.entries(path):
            uplink = str(inner[-1])
            if not names.check_uplink(self._findings, inner, uplink, on_key=True):
                continue
            if isinstance(self._findings.get(inner), str):
                yield Rounds(uplink, None, self._series(inner))
            for of_target in self._findings.entries(inner):
                name = str(of_target[-1])
                if names.is_probe(uplink, name):
                    if isinstance(self._findings.get(of_target), str):
                        yield Rounds(uplink, None, self._series(of_target), name)
                    continue
                target = names.target(self._findings, of_target, uplink, name)
                if target is not None and isinstance(self._findings.get(of_target), str):
                    yield Rounds(uplink, target, self._series(of_target))

    def _series(self, path: Path) -> tuple[Part, ...]:
        text = self._findings.get(path)
        assert isinstance(text, str)
        try:
            return parse_series(text)
        except SeriesError as error:
            self._findings.report("bad-series", path, str(error), error.hint)
            span = self._within(text, self._document.values[path], *error.place)
            self._findings.problems[-1] = replace(self._findings.problems[-1], span=span)
            return ()

    def _within(self, text: str, span: Span, begin: int, end: int) -> Span:
        """Where a part of the text that is written in `span` stands.

        All of it, if there are escapes or line breaks in it.
        """
        written = self._lines[span.line - 1][span.column - 1 : span.end_column - 1]
        quotes = (len(written) - len(text)) // 2
        if (begin, end) == (0, len(text)) or written[quotes : quotes + len(text)] != text:
            return span
        first = span.column + quotes
        return Span(span.line, first + begin, first + end)

    @cached_property
    def _lines(self) -> list[str]:
        return split_lines(self._document.text)

    # Events.

    def _events(self, path: Path) -> Iterator[tuple[Path, int, ScenarioEvent]]:
        """Each with its place and its time."""
        for inner in self._findings.items(path):
            at = read_time(self._findings, (*inner, "at"))
            happening = self._happening(inner) if self._is_one_thing(inner) else None
            if at is not None and happening is not None:
                yield inner, at, happening

    def _check_in_time(
        self, found: Iterable[tuple[Path, int, ScenarioEvent]], expectations: Sequence[Expectation]
    ) -> None:
        """Nobody would see what happens after the last expectation: it is not carried out."""
        end = max((expectation.until for expectation in expectations), default=None)
        for path, at, _ in found:
            if end is not None and at > end:
                ends = format_duration(end / 1e9)
                message = f"nothing is expected after this: the scenario ends at {ends}"
                hint = "expect something at a later time, or remove it"
                self._findings.report("bad-value", (*path, "at"), message, hint)

    def _is_one_thing(self, path: Path) -> bool:
        """Whether an event is sound, and says just one thing that happens; reports if not."""
        if not self._findings.sound(path):
            return False
        said = [key for key in _HAPPENINGS if (*path, key) in self._document.keys]
        if len(said) != 1:
            message = f"an event needs one of the keys {', '.join(_HAPPENINGS)}"
            if said:
                message = f"an event is one thing: '{said[0]}' and '{said[1]}' are two"
            hint = "write for example {at: 30s, link: primary, becomes: unplugged}"
            self._findings.report("bad-value", path, message, hint)
        return len(said) == 1

    def _happening(self, path: Path) -> ScenarioEvent | None:
        get = self._findings.get
        keys = {str(inner[-1]): inner for inner in self._findings.entries(path)}
        if "next_hop" in keys:
            return read_next_hop(self._findings, path)
        if "link" in keys:
            return LinkEvent(str(get(keys["link"])), LinkWord(get(keys["becomes"])))
        if "switch" in keys:
            lasts = read_time(self._findings, keys["for"]) if "for" in keys else None
            seconds = inf if lasts is None else lasts / 1e9
            force = "force" in keys and get(keys["force"]) is True
            return SwitchEvent(str(get(keys["switch"])), seconds, force)
        if "release" in keys:
            return ReleaseEvent(str(get(keys["release"])))
        if "reload" in keys:
            loaded = self._policy(keys["reload"])
            return None if loaded is None else ReloadEvent(loaded.policy)
        return RestartEvent()

    def _check_events(self, path: Path, names: Names) -> None:
        for inner in self._findings.items((*path, "events")):
            for key in ("link", "switch", "release"):
                uplink = self._findings.get((*inner, key))
                if isinstance(uplink, str):
                    names.check_uplink(self._findings, (*inner, key), uplink, on_key=False)
