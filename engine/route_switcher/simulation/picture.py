"""The timeline of a simulation, as a page draws it."""

from collections.abc import Callable, Iterator

from route_switcher.drawing.axis import since_the_start
from route_switcher.drawing.look import Key, Look
from route_switcher.drawing.picture import Band, Bar, Lane, Picture
from route_switcher.drawing.stretches import LISTED, Run, Stretches
from route_switcher.simulation.simulate import SimulationResult
from route_switcher.text.durations import after, span
from route_switcher.text.quantities import counted

_KEYS = (
    Key(Look.DEAD, "the line is dead"),
    Key(Look.BROWN, "brown-out (half as high)"),
    Key(Look.ACTIVE, "this uplink is active"),
    Key(Look.SEEN, "outage that users see"),
)


def picture(result: SimulationResult, number: int) -> Picture:
    """All uplinks and all outages. `number` is that of the result on its page."""
    seconds = result.timeline.shares.seconds
    return Picture(
        f"Timeline of {span(seconds)}",
        seconds,
        "The time is counted from the start.",
        tuple(since_the_start(seconds)),
        tuple(_lanes(result, number)),
        _KEYS,
    )


def _lanes(result: SimulationResult, number: int) -> Iterator[Lane]:
    for place, (name, course) in enumerate(result.timeline.courses.items()):
        brown = _band(Look.BROWN, course.brown, name, "brown-out", entry(number, place, "brown"))
        dead = _band(Look.DEAD, course.dead, name, "line dead", entry(number, place, "dead"))
        active = _band(Look.ACTIVE, course.active, name, "active", lambda _: f"switches{number}")
        yield Lane(name, ((brown, dead), (active,)))
    for place, (family, seen) in enumerate(result.timeline.seen.items()):
        which = f"outage seen, {family}" if len(result.families) > 1 else "outage seen"
        yield Lane(which, ((_band(Look.SEEN, seen, which, "", entry(number, place, "seen")),),))


def entry(number: int, place: int, kind: str) -> Callable[[int], str]:
    """The id of the entry for a stretch of that kind, by its number, on the uplink or of the family
    at that place, in the result of that number; of the list's end where it is not listed."""

    def named(stretch: int) -> str:
        return f"{kind}{number}-{place}-{min(stretch, LISTED)}"

    return named


def _band(
    look: Look, stretches: Stretches, name: str, what: str, entry_of: Callable[[int], str]
) -> Band:
    told = f"{name}: {what}" if what else name
    return Band(look, [_bar(run, told, entry_of(run.first)) for run in stretches.runs])


def _bar(run: Run, told: str, where: str) -> Bar:
    words = f"{told} for {span(run.seconds)}, from {after(run.begins)}"
    if run.count > 1:
        words = (
            f"{told} {counted(run.count, 'time')}, {span(run.seconds)} in all,"
            f" from {after(run.begins)} until {after(run.ends)}"
        )
    return Bar(run.begins, run.ends, words, where)
