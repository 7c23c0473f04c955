"""A series of rounds in the notation of scenarios, and which outcome it has for which round.

    series   = part {"," part}
    part     = count "x" "(" series ")"
             | [amount] ("good" | "lost" | "unknown" | PERCENT "lost" | "at" DURATION)
    amount   = count | DURATION

An amount that is a count is a number of rounds, and one that is a duration is a stretch of time; no
amount is one round. The time that answers take stands behind `at`. Time is counted from the end of
the stretch of time before, or from the first round after a number of rounds. After the end, the
last part of all goes on for ever.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from route_switcher.policy.problems import quoted
from route_switcher.policy.suggestions import did_you_mean
from route_switcher.scenarios.words import SIGNS, outcome_hint
from route_switcher.text.durations import format_duration, parse_duration
from route_switcher.virtual.schedule import nanoseconds

MAX_NESTING = 8
"""Brackets within brackets."""

_TOKEN = re.compile(r"\s*([0-9]+(?=x\b)|(?:[0-9.]+[a-z]+)+|[0-9]+%?|[A-Za-z]+|\S)", re.ASCII)
_COUNT = re.compile(r"[1-9][0-9]{0,8}\Z")
_PERCENT = re.compile(r"([0-9]{1,3})%\Z")
_AMOUNT = re.compile(r"[0-9]")
_NUMBER_AND_UNIT = re.compile(r"[0-9.]+[a-z]+", re.ASCII)


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
    """A text is not a series; the message says what is wrong, `hint` what to write.

    `place` is where the text goes wrong: the first character and the one after the last.
    """

    def __init__(self, message: str, hint: str, place: tuple[int, int]) -> None:
        super().__init__(message)
        self.hint = hint
        self.place = place


def parse_series(text: str) -> tuple[Part, ...]:
    """The parts of a series. Raises `SeriesError`."""
    return _Reader(text).whole()


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

_LINK_WORDS = ("connected", "down", "missing", "unplugged")
"""What becomes of links (see `scenario.LinkWord`) and not of rounds."""

_EXAMPLE = (
    "write for example '10 good, 3 lost, good', '1m 20% lost', '5 at 300ms' or '5 x (2 good, lost)'"
)


class _Reader:
    """A recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self._all = (0, len(text))
        self._tokens = list(_TOKEN.finditer(text))
        self._place = 0

    def whole(self) -> tuple[Part, ...]:
        parts = self._series(0)
        if self._next is not None:
            raise self._out_of_place()
        return parts

    @property
    def _next(self) -> str | None:
        return self._ahead(0)

    def _ahead(self, by: int) -> str | None:
        place = self._place + by
        return self._tokens[place][1] if place < len(self._tokens) else None

    def _series(self, depth: int) -> tuple[Part, ...]:
        parts = [self._part(depth)]
        while self._take(","):
            parts.append(self._part(depth))
        return tuple(parts)

    def _take(self, token: str) -> bool:
        if self._next != token:
            return False
        self._place += 1
        return True

    def _word(self) -> str:
        word = self._next
        if word is None:
            message = "the series ends where an outcome is expected"
            raise SeriesError(message, _EXAMPLE, self._all)
        self._place += 1
        return word

    def _part(self, depth: int) -> Part:
        word = self._word()
        if not _AMOUNT.match(word) or _PERCENT.match(word):
            found = self._outcome(word, 1, None)
            self._refuse_amount_behind(word)
            return found
        if _COUNT.match(word):
            if self._take("x"):
                return self._repeat(int(word), depth)
            return self._outcome(self._share_apart(word), int(word), None)
        span = nanoseconds(self._duration(word))
        if self._next in (None, ",", ")"):
            hint = f"write '{word} good' for a stretch of time, or"
            hint = f"{hint} 'at {word}' for an answer after that time"
            raise self._wrong(f"{quoted(word)} alone is no outcome", hint)
        if not span:
            raise self._wrong(f"{quoted(word)} is no time at all", "write a longer one")
        return self._outcome(self._word(), 1, span, written=word)

    def _repeat(self, times: int, depth: int) -> Repeat:
        if depth == MAX_NESTING:
            message = f"brackets are nested more than {MAX_NESTING} deep"
            raise self._wrong(message, "nest fewer")
        if not self._take("("):
            hint = f"write '{times} {self._next}'" if self._next in _WORDS else _EXAMPLE
            raise self._wrong(f"a '(' is missing after '{times} x'", hint)
        parts = self._series(depth + 1)
        if not self._take(")"):
            if self._next is not None:
                raise self._out_of_place()
            message = "a ')' is missing at the end of the series"
            raise SeriesError(message, "close every '('", self._all)
        return Repeat(times, parts)

    def _outcome(self, word: str, rounds: int, span: int | None, written: str = "TIME") -> Stretch:
        """`written` is how the text says the span."""
        if word == "at":
            return Stretch(Outcome.AT, rounds, span, rtt=self._duration(self._word()))
        if percent := _PERCENT.match(word):
            share = int(percent[1])
            if not 1 <= share <= 100:
                raise self._wrong(f"{quoted(word)} is not a share", "write 1% to 100%")
            if not self._take("lost"):
                message = f"'lost' is missing after {quoted(word)}"
                raise self._wrong(message, f"write '{word} lost'")
            return Stretch(Outcome.LOST, rounds, span, percent=share)
        if word in _WORDS:
            return Stretch(_WORDS[word], rounds, span)
        if word in _LINK_WORDS:
            hint = f"a link is an event: {{at: {written}, link: NAME, becomes: {word}}}"
            raise self._unexpected(word, hint)
        raise self._unexpected(word)

    # What people write instead.

    def _share_apart(self, count: str) -> str:
        """The outcome after a count, which is no share with its '%' apart."""
        word = self._word()
        if word == "%":
            raise self._unexpected(word, f"write '{count}% lost'")
        return word

    def _refuse_amount_behind(self, outcome: str) -> None:
        """`good 1m`, `lost for 10s` or `lost 20%`."""
        behind = 1 if self._next == "for" else 0
        amount = self._ahead(behind)
        if outcome not in _WORDS or amount is None or not _AMOUNT.match(amount):
            return
        if self._ahead(behind + 1) in (None, ",", ")"):
            self._place += 1
            raise self._unexpected(self._tokens[self._place - 1][1], f"write '{amount} {outcome}'")

    def _duration(self, word: str) -> float:
        try:
            return parse_duration(word)
        except ValueError:
            raise self._unexpected(word, _summed(word)) from None

    def _wrong(self, message: str, hint: str) -> SeriesError:
        """The error that the last token read is."""
        return SeriesError(message, hint, self._tokens[self._place - 1].span(1))

    def _unexpected(self, word: str, hint: str = "") -> SeriesError:
        before = self._ahead(-2) if self._place > 1 else None
        slip = outcome_hint(word, before)
        hint = hint or slip or did_you_mean(word, [*_WORDS, "at"], _EXAMPLE)
        return self._wrong(f"{quoted(word)} cannot stand here in a series", hint)

    def _out_of_place(self) -> SeriesError:
        word = self._word()
        hint = _EXAMPLE if word == "for" else SIGNS.get(word, "is a ',' missing before it?")
        return self._unexpected(word, hint)


def _summed(word: str) -> str:
    """What to write for `1m30s`; nothing if a word is not such a sum."""
    try:
        seconds = sum(map(parse_duration, _NUMBER_AND_UNIT.findall(word)))
    except ValueError:
        return ""
    return f"write {format_duration(seconds)}" if seconds else ""
