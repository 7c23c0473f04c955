"""Rounds and late answers in a few bytes: nearly all that a journal has.

What is the same in many rounds (uplink, probe, targets, reasons) is their shape, which is written
once in a chapter. A round is the number of its shape, its two times and the round-trip times.
Times are whole numbers of `2 ** -grid` seconds: the clock gives no others, so they stay exact.
"""

import struct
from dataclasses import fields
from operator import attrgetter
from typing import Any, NamedTuple, TypeAlias

from route_switcher.core.vocabulary.events import Answer, Answers, Round
from route_switcher.journal.numbers import Damaged, read_varint, varint
from route_switcher.journal.values import Opaque, made

ROUND = 0x80
"""The first byte of a round has this bit, and beside it:"""
LATE = 0x40
"""it is an `Answers`;"""
_SCALE_SHIFT = 4
"""two bits: in which unit round-trip times are;"""
_RAW = 0x08
"""its times are doubles, for they are not on the grid;"""
_WIDTH = 0x07
"""three bits: bytes of each round-trip time, less one."""

_MICROSECONDS, _ON_GRID, _DOUBLES = range(3)
_MICRO = 1_000_000
_LONGEST = 1e6
"""Seconds of a round-trip time beyond which it is written as a double."""
_DOUBLE_BYTES = 8
_TWO_DOUBLES = struct.Struct("<dd")
_SEVERAL = {1: "B", 2: "H", 4: "I", 8: "Q"}
_ROUNDED_UP = (0, 1, 2, 4, 4, 8, 8, 8, 8)
"""Several times are of 1, 2, 4 or 8 bytes each: struct reads them all at once."""

Told: TypeAlias = Round | Answers

_OF_ANSWER = tuple(f.name for f in fields(Answer) if f.name != "rtt")
_OF_ROUND = tuple(f.name for f in fields(Round) if f.name not in ("at", "sent_at", "answers"))
_OF_LATE = tuple(f.name for f in fields(Answers) if f.name not in ("at", "sent_at", "answers"))
_answer_parts = attrgetter(*_OF_ANSWER)
_quick_parts = attrgetter(*(name for name in _OF_ANSWER if name != "target"))
_round_parts = attrgetter(*_OF_ROUND)
_late_parts = attrgetter(*_OF_LATE)

Shape: TypeAlias = tuple[tuple[str, ...], tuple[object, ...], tuple[str, ...], tuple[object, ...]]
"""The class and its fields, the values of these, the fields of an answer, the values of these for
each answer, and whether it has a round-trip time."""


def shape_of(event: Told) -> Shape:
    """What is written once for all rounds of the same kind."""
    late = isinstance(event, Answers)
    names = ("Answers", *_OF_LATE) if late else ("Round", *_OF_ROUND)
    values = _late_parts(event) if late else _round_parts(event)
    each = tuple((*_answer_parts(answer), answer.rtt is not None) for answer in event.answers)
    return names, values, _OF_ANSWER, each


def key_of(event: Told) -> tuple[object, ...]:
    """The same for events of one shape, as long as one of them lives; quicker to have and compare
    than the shape. Targets are told apart by being the same object."""
    parts = _late_parts(event) if isinstance(event, Answers) else _round_parts(event)
    return parts, *[(id(a.target), a.rtt is None, _quick_parts(a)) for a in event.answers]


def write_round(event: Told, shape: int, base: int, unit: float) -> tuple[bytes, int]:
    """The bytes of `event`, and the base for the next. Times are in units of which a second has
    `unit`, and count from `base`: when the round before in the block was told."""
    sent, at = event.sent_at * unit, event.at * unit
    rtts = [answer.rtt for answer in event.answers if answer.rtt is not None]
    first = ROUND | LATE * isinstance(event, Answers)
    scale, width, content = _round_trips(rtts, unit)
    first |= scale << _SCALE_SHIFT | width - 1
    number = bytes((shape,)) if shape < 0x80 else varint(shape)
    try:
        whole_sent, whole_at = int(sent), int(at)
    except (ValueError, OverflowError):
        whole_sent, whole_at = 0, 1
        sent = 0.5
    if whole_sent == sent and whole_at == at:
        after = whole_sent - base
        took = whole_at - whole_sent
        if scale == _ON_GRID and len(rtts) == 1:  # from when the answer came
            took -= int.from_bytes(content, "little")
        # zigzag, without the calls
        after = after << 1 if after >= 0 else (-after << 1) - 1
        took = took << 1 if took >= 0 else (-took << 1) - 1
        length = (after.bit_length() + 7) >> 3
        its = (took.bit_length() + 7) >> 3
        if length < 9 and its < 9:
            parts = (
                bytes((first,)),
                number,
                bytes((length << 4 | its,)),
                after.to_bytes(length, "little"),
                took.to_bytes(its, "little"),
                content,
            )
            return b"".join(parts), whole_at
    times = _TWO_DOUBLES.pack(event.sent_at, event.at)
    return b"".join((bytes((first | _RAW,)), number, times, content)), base


def _round_trips(rtts: list[float], unit: float) -> tuple[int, int, bytes]:
    """The unit, the bytes of each, and all of them."""
    for scale, parts in ((_MICROSECONDS, _MICRO), (_ON_GRID, unit)):
        numbers = []
        for rtt in rtts:
            number = round(rtt * parts) if 0.0 <= rtt < _LONGEST else -1
            if number / parts != rtt:
                break
            numbers.append(number)
        else:
            widest = max(numbers, default=0)
            width = (widest.bit_length() + 7) >> 3 or 1
            if width > 8:
                break
            if len(numbers) == 1:
                return scale, width, numbers[0].to_bytes(width, "little")
            width = _ROUNDED_UP[width]
            return scale, width, struct.pack(f"<{len(numbers)}{_SEVERAL[width]}", *numbers)
    return _DOUBLES, _DOUBLE_BYTES, struct.pack(f"<{len(rtts)}d", *rtts)


class RoundReader:
    """Reads rounds of one shape."""

    def __init__(self, shape: object) -> None:
        """Raises Damaged for what is no shape."""
        try:
            self._names, self._values, self._of_answer, self._each = _checked(shape)
        except (TypeError, ValueError) as error:
            raise Damaged from error
        self._round = dict(zip(self._names[1:], self._values, strict=True))
        answers = [dict(zip(self._of_answer, each[:-1], strict=True)) for each in self._each]
        self._heard = tuple(bool(each[-1]) for each in self._each)
        self.count = sum(self._heard)
        """How many round-trip times a round has."""
        lost = [
            None if heard else made("Answer", {**answer, "rtt": None})
            for answer, heard in zip(answers, self._heard, strict=True)
        ]
        self._lost = lost
        self._answers = answers
        known = not any(isinstance(each, Opaque) for each in (*self._values, *lost))
        self._quick = (
            known
            and self._names in (("Round", *_OF_ROUND), ("Answers", *_OF_LATE))
            and tuple(self._of_answer) == _OF_ANSWER
        )
        like = self.told(0.0, 0.0, (0.0,) * self.count) if self._names[0] == "Round" else None
        self.like = like if isinstance(like, Round) else None
        """A round of this shape, whose times say nothing; None: it is none, or not known."""

    def told(self, at: float, sent_at: float, rtts: tuple[float, ...]) -> object:
        """The event; `Opaque`, if this program does not know all that it is made of."""
        if self._quick:
            answers = self._quick_answers(rtts)
            its = Round if self._names[0] == "Round" else Answers
            return its(at=at, sent_at=sent_at, answers=answers, **self._round)
        left = iter(rtts)
        every = tuple(
            made("Answer", {**answer, "rtt": next(left)}) if lost is None else lost
            for answer, lost in zip(self._answers, self._lost, strict=True)
        )
        if any(isinstance(each, Opaque) for each in every):
            return Opaque("Answer")
        times = {"at": at, "sent_at": sent_at, "answers": every}
        return made(self._names[0], {**self._round, **times})

    def _quick_answers(self, rtts: tuple[float, ...]) -> tuple[Any, ...]:
        if self.count == len(self._lost) == 1:
            return (Answer(rtt=rtts[0], **self._answers[0]),)
        left = iter(rtts)
        return tuple(
            [
                Answer(rtt=next(left), **answer) if lost is None else lost
                for answer, lost in zip(self._answers, self._lost, strict=True)
            ]
        )


def _checked(shape: Any) -> tuple[Any, Any, Any, Any]:
    names, values, of_answer, each = shape
    if not all(isinstance(part, tuple) for part in (names, values, of_answer, each, *each)):
        raise Damaged
    if len(names) != len(values) + 1 or any(len(its) != len(of_answer) + 1 for its in each):
        raise Damaged
    if not all(isinstance(name, str) for name in (*names, *of_answer)):
        raise Damaged
    return names, values, of_answer, each


class Read(NamedTuple):
    """A round as it was written: with `RoundReader.told` it becomes an event."""

    shape: int
    at: float
    sent_at: float
    rtts: tuple[float, ...]
    end: int
    """Where what follows begins."""
    base: int
    """For the next."""


def read_round(data: bytes, at: int, shapes: list[RoundReader], base: int, unit: float) -> Read:
    """The round at `at`. Raises Damaged, and IndexError at the end of data."""
    first = data[at]
    shape = data[at + 1]
    at += 2
    if shape >= 0x80:
        shape, at = read_varint(data, at - 1)
    count = shapes[shape].count
    raw = first & _RAW
    if raw:
        sent = took = 0
        if at + 16 > len(data):
            raise Damaged
        sent_at, told_at = _TWO_DOUBLES.unpack_from(data, at)
        at += 16
    else:
        sent_at = told_at = 0.0
        lengths = data[at]
        middle = at + 1 + (lengths >> 4)
        end = middle + (lengths & 15)
        after = int.from_bytes(data[at + 1 : middle], "little")
        took = int.from_bytes(data[middle:end], "little")
        # unzigzag, without the calls
        sent = base + (after >> 1 if not after & 1 else -(after >> 1) - 1)
        took = took >> 1 if not took & 1 else -(took >> 1) - 1
        at = end
    width = (first & _WIDTH) + 1
    end = at + width * count
    if end > len(data):
        raise Damaged
    scale = first >> _SCALE_SHIFT & 3
    rtts: tuple[float, ...]
    if scale == _DOUBLES:
        if width != _DOUBLE_BYTES:
            raise Damaged
        rtts = struct.unpack_from(f"<{count}d", data, at)
    else:
        parts = unit if scale else _MICRO
        if count == 1:
            number = int.from_bytes(data[at:end], "little")
            rtts = (number / parts,)
            if scale:
                took += number
        elif count:
            form = _SEVERAL.get(width)
            if form is None:
                raise Damaged
            numbers = struct.unpack_from(f"<{count}{form}", data, at)
            rtts = tuple([each / parts for each in numbers])
        else:
            rtts = ()
    if not raw:
        base = sent + took
        sent_at, told_at = sent / unit, base / unit
    return Read(shape, told_at, sent_at, rtts, end, base)
