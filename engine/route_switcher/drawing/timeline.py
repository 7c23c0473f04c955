"""A picture as HTML: lanes of bars, of which each is a link to the entry of a list that tells more.

A bar shows its words when the mouse is over it or the keyboard has led to it, by the style alone.
"""

from collections.abc import Sequence

from route_switcher.drawing.look import Key, Look
from route_switcher.drawing.markup import Markup, element
from route_switcher.drawing.picture import Band, Bar, Lane, Mark, Picture

_EDGE = 0.06
"""Share of the picture from either end within which words begin or end at their mark."""

_THIN = (
    "What is too short for a bar of its length is drawn as thin as can be seen, and what would lie"
    " on one place is one bar."
)

_HOW_TO_READ = (
    "Point at a bar, or go to it with the Tab key: it says what it is. Press it to come to the"
    " list."
)


def timeline(picture: Picture) -> Markup:
    """The figure, with its axis and its legend."""
    return element(
        "figure",
        element(
            "div",
            *(_lane(lane, picture.seconds) for lane in picture.lanes),
            _axis(picture),
            class_="timeline",
            role="group",
            aria_label=picture.title,
        ),
        element(
            "figcaption",
            element("ul", *(_key(key) for key in picture.keys), class_="legend"),
            element("p", f"{picture.axis} {_THIN}", class_="soft"),
            element("p", _HOW_TO_READ, class_="soft screen"),
        ),
    )


def _key(key: Key) -> Markup:
    swatch = element("i", class_=f"mark {key.look.value}", aria_hidden="true")
    return element("li", element("span", swatch, class_="swatch"), key.words)


def _lane(lane: Lane, seconds: float) -> Markup:
    return element(
        "div",
        element("div", lane.name, class_="name"),
        element("div", *(_row(row, seconds) for row in lane.rows), class_="rows"),
        class_="lane",
    )


def _row(bands: Sequence[Band], seconds: float) -> Markup:
    low = all(band.look is Look.ACTIVE for band in bands)
    bars = (_bar(bar, band.look, seconds) for band in bands for bar in band.bars)
    return element("div", *bars, class_="row low" if low else "row")


def _bar(bar: Bar, look: Look, seconds: float) -> Markup:
    begin = 100 * bar.begins / seconds
    width = 100 * (bar.ends - bar.begins) / seconds
    place = f"left:{_figure(begin)}%;width:{_figure(width)}%"
    return element(
        "a",
        element("i", class_=f"mark {look.value}", style=place),
        element("span", bar.words, class_="tip"),
        href=f"#{bar.entry}",
    )


def _figure(percent: float) -> str:
    return f"{percent:.2f}".rstrip("0").rstrip(".")


def _axis(picture: Picture) -> Markup:
    last = len(picture.marks) - 1
    marks = (_mark(m, last - number, picture.seconds) for number, m in enumerate(picture.marks))
    scale = element("div", *marks, class_="scale")
    return element("div", element("div", class_="name"), scale, class_="lane axis")


def _mark(mark: Mark, from_the_end: int, seconds: float) -> Markup:
    """Where there is little room, the style leaves out every other one, but never the last."""
    share = mark.at / seconds
    side = "first" if share < _EDGE else "last" if share > 1 - _EDGE else "between"
    often = " odd" if from_the_end % 2 else ""
    return element(
        "span",
        element("span", mark.words),
        class_=f"tick {side}{often}",
        style=f"left:{_figure(100 * share)}%",
    )
