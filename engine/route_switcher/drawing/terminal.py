"""Timelines for a terminal: for every uplink how its line was, and when it was active.

A character is a column of time. Blocks are as high as the share of the column in which something
was so, and never empty where it was so at all: five minutes of a month are seen.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from route_switcher.drawing.share import Shares
from route_switcher.text.durations import span

RED, YELLOW, GREEN, DIM = "31", "33", "32", "2"

_TICKS = 4
_TICK_WIDTH = 14
_NARROWEST, _WIDEST = 20, 160

Paint = Callable[[str, str], str]
"""Gives a text a style, or leaves it as it is."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """The characters of a timeline; of each series the first is for the smallest share."""

    dead: str
    brown: str
    active: str
    fine: str
    tick: str


UNICODE = Alphabet("▁▂▃▄▅▆▇█", "░▒▓", "▁▂▃▄▅▆▇█", "·", "┬")
ASCII = Alphabet("xX", "~", "-=#", ".", "+")


def alphabet_for(encoding: str | None) -> Alphabet:
    """The one that a stream of this encoding can write."""
    try:
        "".join((UNICODE.dead, UNICODE.brown, UNICODE.fine, UNICODE.tick)).encode(
            encoding or "ascii"
        )
    except (UnicodeEncodeError, LookupError):
        return ASCII
    return UNICODE


def draw(shares: Shares, width: int, alphabet: Alphabet, paint: Paint) -> Iterator[str]:
    """The lines of a picture that is `width` characters wide, or as near to it as makes sense."""
    label = 2 + max(len(name) for name in (*shares.tracks, "outage IPv4")) + 2
    columns = max(_NARROWEST, min(_WIDEST, width - label - len("active ")))
    for name, track in shares.tracks.items():
        dead, brown = track.dead.of(columns), track.brown.of(columns)
        line = [_condition(d, b, alphabet, paint) for d, b in zip(dead, brown, strict=True)]
        yield f"  {name:{label - 2}}line   {''.join(line)}"
        active = [_block(a, alphabet.active, " ") for a in track.active.of(columns)]
        yield f"  {'':{label - 2}}active {paint(GREEN, ''.join(active).rstrip())}".rstrip()
    for family, share in shares.outages.items():
        which = f"outage {family}" if len(shares.outages) > 1 else "outage"
        seen = [
            paint(RED, _block(s, alphabet.dead, "")) if s else paint(DIM, alphabet.fine)
            for s in share.of(columns)
        ]
        yield f"  {which:{label - 2}}seen   {''.join(seen)}"
    yield from _axis(shares.seconds, columns, label + len("active "), alphabet)
    yield legend(alphabet)


def legend(alphabet: Alphabet) -> str:
    """What the characters mean."""
    return (
        f"  line: {alphabet.fine} fine, {alphabet.brown[0]} brown-out, {alphabet.dead[-1]} dead;"
        " the higher, the longer in that time"
    )


def _condition(dead: float, brown: float, alphabet: Alphabet, paint: Paint) -> str:
    if dead:
        return paint(RED, _block(dead, alphabet.dead, ""))
    if brown:
        return paint(YELLOW, _block(brown, alphabet.brown, ""))
    return paint(DIM, alphabet.fine)


def _block(share: float, series: Sequence[str], none: str) -> str:
    """The character of a series for a share; `none` for nothing at all."""
    if share <= 0:
        return none
    return series[min(len(series), ceil(share * len(series))) - 1]


def _axis(seconds: float, columns: int, indent: int, alphabet: Alphabet) -> Iterator[str]:
    marks, labels = [" "] * columns, [" "] * columns
    ticks = min(_TICKS, columns // _TICK_WIDTH)
    for number in range(ticks + 1):
        column = min(columns - 1, number * columns // ticks)
        marks[column] = alphabet.tick
        text = span(seconds * number / ticks)
        begin = max(0, min(column - len(text) // 2, columns - len(text)))
        labels[begin : begin + len(text)] = text
    yield " " * indent + "".join(marks)
    yield (" " * indent + "".join(labels)).rstrip()
