"""A series of rounds in the notation of scenarios, and which outcome it has for which round.

    series   = part {"," part}
    part     = count "x" "(" series ")"
             | [amount] ("good" | "lost" | "unknown" | PERCENT "lost")
             | [amount "at"] DURATION
    amount   = count | DURATION

An amount that is a count is a number of rounds, and one that is a duration is a stretch of time; no
amount is one round. Time is counted from the end of the stretch of time before, or from the first
round after a number of rounds. After the end, the last part of all goes on for ever.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.policy.durations import parse_duration
from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.virtual.schedule import nanoseconds

MAX_NESTING = 8
"""Brackets within brackets."""

_TOKEN = re.compile(r"\s*([0-9]+(?=x\b)|[0-9.]+[a-z]+|[0-9]+%?|[A-Za-z]+|\S)", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,8}\Z")
_PERCENT = re.compile(r"([0-9]{1,3})%\Z")
_AMOUNT = re.compile(r"[0-9]")


class Outcome(Enum):
    """What becomes of a target."""

    GOOD = "good"
    """It answers, as soon as is usual."""
    AT = "at"
    """It answers after a given time."""
    LOST = "lost"
    UNKNOWN = "unknown"
    """It could not be asked."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rounds of one outcome: `rounds` of them, or those sent within `span` nanoseconds."""

    outcome: Outcome
    rounds: int = 1
    span: int | None = None
    rtt: float = 0.0
    """Seconds, of `AT`."""
    percent: int = 100
    """How many of a hundred are lost, of `LOST`: evenly spread, and the others are good."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Parts one after the other, `times` times."""

    times: int
    parts: "tuple[Part, ...]"


Part: TypeAlias = Stretch | Repeat


class SeriesError(Exception):
    """A text is not a series; the message says where it went wrong, `hint` what to write."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.hint = hint


def parse_series(text: str) -> tuple[Part, ...]:
    """The parts of a series. Raises `SeriesError`."""
    reader = _Reader(_TOKEN.findall(text.strip()))
    parts = reader.series(0)
    if reader.next is not None:
        raise _out_of_place(reader.next)
    return parts


def stretches(parts: tuple[Part, ...]) -> Iterator[Stretch]:
    """The stretches that the parts come to, one after the other."""
    for part in parts:
        if isinstance(part, Stretch):
            yield part
        else:
            for _ in range(part.times):
                yield from stretches(part.parts)


class Cursor:
    """Where in a series the rounds of one probe and target are."""

    def __init__(self, parts: tuple[Part, ...]) -> None:
        self._coming = stretches(parts)
        self._stretch = next(self._coming)
        self._begun: int | None = 0
        self._used = 0

    def next(self, at: int) -> Stretch:
        """What becomes of the round that is sent `at` (nanoseconds from the start)."""
        while self._is_over(at) and (following := next(self._coming, None)) is not None:
            ended = self._end()
            self._stretch, self._used, self._begun = following, 0, ended
        if self._begun is None:
            self._begun = at
        self._used += 1
        stretch = self._stretch
        if stretch.percent < 100:
            before, after = ((n * stretch.percent) // 100 for n in (self._used - 1, self._used))
            return stretch if after > before else _GOOD
        return stretch

    def _is_over(self, at: int) -> bool:
        if self._stretch.span is None:
            return self._used >= self._stretch.rounds
        return self._begun is not None and at >= self._begun + self._stretch.span

    def _end(self) -> int | None:
        """When the stretch ended; None: with the round that comes now."""
        if self._stretch.span is None or self._begun is None:
            return None
        return self._begun + self._stretch.span


_GOOD = Stretch(Outcome.GOOD)

_WORDS = {o.value: o for o in (Outcome.GOOD, Outcome.LOST, Outcome.UNKNOWN)}

_EXAMPLE = (
    "write for example '10 good, 3 lost, good', '1m 20% lost', '5 at 300ms' or '5 x (2 good, lost)'"
)


class _Reader:
    """A recursive descent over the tokens."""

    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._place = 0

    @property
    def next(self) -> str | None:
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def series(self, depth: int) -> tuple[Part, ...]:
        parts = [self._part(depth)]
        while self._take(","):
            parts.append(self._part(depth))
        return tuple(parts)

    def _take(self, token: str) -> bool:
        if self.next != token:
            return False
        self._place += 1
        return True

    def _word(self) -> str:
        if self.next is None:
            raise SeriesError("the series ends where an outcome is expected", _EXAMPLE)
        self._place += 1
        return self._tokens[self._place - 1]

    def _part(self, depth: int) -> Part:
        word = self._word()
        if not _AMOUNT.match(word) or _PERCENT.match(word):
            return self._outcome(word, 1, None)
        if _COUNT.match(word):
            if self._take("x"):
                return self._repeat(int(word), depth)
            return self._outcome(self._word(), int(word), None)
        span = nanoseconds(_duration(word))
        if self.next in (None, ",", ")"):
            return Stretch(Outcome.AT, rtt=_duration(word))
        if not span:
            raise SeriesError(f"{quoted(word)} is no time at all", "write a longer one")
        return self._outcome(self._word(), 1, span)

    def _repeat(self, times: int, depth: int) -> Repeat:
        if depth == MAX_NESTING:
            raise SeriesError(f"brackets are nested more than {MAX_NESTING} deep", "nest fewer")
        if not self._take("("):
            raise SeriesError(f"a '(' is missing after '{times} x'", _EXAMPLE)
        parts = self.series(depth + 1)
        if not self._take(")"):
            if self.next is not None:
                raise _out_of_place(self.next)
            raise SeriesError("a ')' is missing at the end of the series", "close every '('")
        return Repeat(times, parts)

    def _outcome(self, word: str, rounds: int, span: int | None) -> Stretch:
        if word == "at":
            return Stretch(Outcome.AT, rounds, span, rtt=_duration(self._word()))
        if percent := _PERCENT.match(word):
            share = int(percent[1])
            if not 1 <= share <= 100:
                raise SeriesError(f"{quoted(word)} is not a share", "write 1% to 100%")
            if not self._take("lost"):
                raise SeriesError(f"'lost' is missing after {quoted(word)}", "write '20% lost'")
            return Stretch(Outcome.LOST, rounds, span, percent=share)
        if word in _WORDS:
            return Stretch(_WORDS[word], rounds, span)
        raise _unexpected(word)


def _duration(word: str) -> float:
    try:
        return parse_duration(word)
    except ValueError:
        raise _unexpected(word) from None


def _unexpected(word: str) -> SeriesError:
    hint = did_you_mean(word, [*_WORDS, "at"], _EXAMPLE)
    return SeriesError(f"{quoted(word)} cannot stand here in a series", hint)


def _out_of_place(word: str) -> SeriesError:
    hint = "remove it" if word in ("(", ")") else "is a ',' missing before it?"
    return SeriesError(f"{quoted(word)} cannot stand here in a series", hint)
