"""What is known to be wrong with a document so far, and so which of its parts can be relied on."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from route_switcher.policy.problems import MAX_TOLD, Problem, Severity, Span
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.policy.yaml.reader import Data, Document, Path

_BAD_KEYS = frozenset({"unknown-key", "merge-key", "bad-key"})


@dataclass(slots=True)
class Findings:
    """Collects problems by path. Later checks look at sound parts only, so no mistake is told
    twice."""

    document: Document
    problems: list[Problem] = field(default_factory=list)
    _unsound: set[Path] = field(default_factory=set)
    _misfits: dict[Path, int] = field(default_factory=dict)
    """Which of the problems is about a value that has not the right form, by its path."""
    _misspelt: bool = False
    _suggestions_left: int = MAX_TOLD

    def __post_init__(self) -> None:
        for path, problem in self.document.problems:
            self._add(path, problem)

    def report(
        self,
        code: str,
        path: Path,
        message: str,
        hint: str = "",
        *,
        on_key: bool = False,
        severity: Severity = Severity.ERROR,
    ) -> None:
        """A problem with the value at `path`, or with the key that leads to it."""
        self._add(path, Problem(code, message, hint, self._span(path, on_key), severity))

    def amend(self, path: Path, hint: str) -> None:
        """Another hint for the value at `path`, which has not the right form: nothing may be
        recommended that would be refused next."""
        if (place := self._misfits.get(path)) is not None:
            self.problems[place] = replace(self.problems[place], hint=hint)

    def distrust(self, path: Path) -> None:
        """Something else that was reported tells what is wrong with the value at `path` too."""
        self._unsound.update(path[:length] for length in range(len(path) + 1))

    def written(self, path: Path) -> Data:
        """The value at `path`, sound or not; None if there is none."""
        return self._written(path)

    def did_you_mean(self, word: str, known: Iterable[str], otherwise: str) -> str:
        """As `suggestions.did_you_mean`, but only for as many words as problems are told."""
        if not self._suggestions_left:
            return otherwise
        self._suggestions_left -= 1
        return did_you_mean(word, known, otherwise)

    def sound(self, path: Path) -> bool:
        """Whether nothing is wrong with the value at `path` or within it."""
        return path not in self._unsound

    def get(self, path: Path) -> Data:
        """The value at `path`; None if there is none, or none that is sound."""
        return self._written(path) if self.sound(path) else None

    def entries(self, path: Path) -> Sequence[Path]:
        """The paths of the entries of the mapping at `path`, sound or not; none if it is none."""
        value = self._written(path)
        return [(*path, name) for name in value] if isinstance(value, dict) else []

    def items(self, path: Path) -> Sequence[Path]:
        """The paths of the items of the list at `path`, sound or not; none if it is none."""
        value = self._written(path)
        return [(*path, index) for index in range(len(value))] if isinstance(value, list) else []

    def _written(self, path: Path) -> Data:
        value = self.document.data
        for step in path:
            if isinstance(value, dict) and isinstance(step, str):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and step < len(value):
                value = value[step]
            else:
                return None
        return value

    def complete(self, section: str) -> bool:
        """Whether all of a top-level section is sound, or it is certain that there is none."""
        written = (section,) in self.document.keys
        return self.sound((section,)) and (written or not self._misspelt)

    def _add(self, path: Path, problem: Problem) -> None:
        if problem.code == "bad-value":
            self._misfits.setdefault(path, len(self.problems))
        self.problems.append(problem)
        if problem.severity is not Severity.ERROR:
            return
        self.distrust(path)
        # An unknown or impossible key at the top may have been meant for any missing section.
        self._misspelt |= len(path) <= 1 and problem.code in _BAD_KEYS

    def _span(self, path: Path, on_key: bool) -> Span:
        keys, values = self.document.keys, self.document.values
        if path not in values:
            # Nothing is written at this path: the place is where it would be written.
            return self._span(path[:-1], True)
        value = values[path]
        empty = value.end_column == value.column
        return keys[path] if path in keys and (on_key or empty) else value
