"""What a timeline shows, before it is drawn. Times are seconds since the picture's begin."""

from collections.abc import Sequence
from dataclasses import dataclass

from route_switcher.drawing.look import Key, Look


@dataclass(frozen=True, slots=True)
class Bar:
    """Something was so from `begins` to `ends`. `words` tell of it, and `entry` is the id of the
    element of the page that tells more."""

    begins: float
    ends: float
    words: str
    entry: str


@dataclass(frozen=True, slots=True)
class Band:
    """Bars of one look."""

    look: Look
    bars: Sequence[Bar]


@dataclass(frozen=True, slots=True)
class Lane:
    """A line of the picture: under `name` the rows, each with bands that share its height."""

    name: str
    rows: Sequence[Sequence[Band]]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is written at a place of the axis."""

    at: float
    words: str


@dataclass(frozen=True, slots=True)
class Picture:
    """All of it. `title` says what it is, `axis` what its marks are, as a sentence."""

    title: str
    seconds: float
    axis: str
    marks: Sequence[Mark]
    lanes: Sequence[Lane]
    keys: Sequence[Key]
