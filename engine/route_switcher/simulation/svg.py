"""Timelines as SVG: for every uplink how its line was and when it was active.

Colours are classes, for the page to say; what is dead is drawn full, brown-outs at half height, so
that no colour is needed to tell them apart.
"""

from collections.abc import Iterator, Sequence
from html import escape

from route_switcher.simulation.simulate import SimulationResult
from route_switcher.simulation.timeline import PIECES, Share
from route_switcher.text.durations import span

_LEFT, _TOP, _GAP = 150, 8, 10
_LINE, _ACTIVE = 22, 10
_TICKS = 6

_LEVELS = (0.05, 0.35, 1.0)
"""Shares of a piece up to which it is drawn faint, medium, and full."""


def svg(result: SimulationResult, number: int) -> str:
    """The timeline of a result; `number` makes its ids unique on the page."""
    height = _TOP + len(result.uplinks) * (_LINE + _ACTIVE + _GAP)
    height += len(result.families) * (_LINE + _GAP)
    head = (
        f'<svg viewBox="0 0 {_LEFT + PIECES + 20} {height + 30}" role="img"'
        f' aria-labelledby="title{number} desc{number}">'
        f'<title id="title{number}">Timeline of {span(result.seconds)}</title>'
        f'<desc id="desc{number}">{escape(" ".join(_description(result)))}</desc>'
    )
    return "\n".join([head, *_axis(result.seconds, height), *_lanes(result), "</svg>"])


def _description(result: SimulationResult) -> Iterator[str]:
    for name, figures in result.uplinks.items():
        yield (
            f"{name}: active for {span(figures.active)}, its line dead for {span(figures.dead)}"
            f" and in a brown-out for {span(figures.brown)}."
        )
    for family, seen in result.families.items():
        yield f"{family}: {span(seen.outage)} of outage seen, {seen.switches:,} switches."


def _lanes(result: SimulationResult) -> Iterator[str]:
    top = _TOP
    for name, track in result.timeline.tracks.items():
        yield _label(name, top + _LINE)
        yield _rail(top, _LINE)
        yield from _bars(track.brown, "brown", top + _LINE // 2, _LINE // 2)
        yield from _bars(track.dead, "dead", top, _LINE)
        yield from _bars(track.active, "active", top + _LINE + 1, _ACTIVE - 1)
        top += _LINE + _ACTIVE + _GAP
    for family, share in result.timeline.outages.items():
        which = f"outage seen, {family}" if len(result.families) > 1 else "outage seen"
        yield _label(which, top + _LINE // 2 + 5)
        yield _rail(top, _LINE)
        yield from _bars(share, "seen", top, _LINE)
        top += _LINE + _GAP


def _label(text: str, y: int) -> str:
    shown = text if len(text) <= 20 else f"{text[:19]}…"
    return f'<text class="label" x="{_LEFT - 10}" y="{y}">{escape(shown)}</text>'


def _rail(top: int, height: int) -> str:
    return f'<rect class="rail" x="{_LEFT}" y="{top}" width="{PIECES}" height="{height}"/>'


def _bars(share: Share, kind: str, top: int, height: int) -> Iterator[str]:
    """One path for each level that occurs; pieces side by side become one bar."""
    levels = [_level(piece) for piece in share.of(PIECES)]
    for level in range(len(_LEVELS)):
        bars = [
            f"M{_LEFT + begin} {top}h{end - begin}v{height}h{begin - end}z"
            for begin, end in _runs(levels, level)
        ]
        if bars:
            yield f'<path class="{kind} level{level}" d="{"".join(bars)}"/>'


def _level(share: float) -> int | None:
    if share <= 0:
        return None
    return next(number for number, limit in enumerate(_LEVELS) if share <= limit)


def _runs(levels: Sequence[int | None], level: int) -> Iterator[tuple[int, int]]:
    """From where to where pieces of this level stand side by side."""
    begin = None
    for place, found in enumerate([*levels, None]):
        if found == level and begin is None:
            begin = place
        elif found != level and begin is not None:
            yield begin, place
            begin = None


def _axis(seconds: float, height: int) -> Iterator[str]:
    for number in range(_TICKS + 1):
        x = _LEFT + number * PIECES // _TICKS
        yield f'<path class="tick" d="M{x} {_TOP}V{height}"/>'
        time = span(seconds * number / _TICKS)
        yield f'<text class="time" x="{x}" y="{height + 18}">{time}</text>'
