"""What happened in a simulation, as lists of a page: each with its begin, length and reason."""

from collections.abc import Sequence

from route_switcher.drawing.markup import Markup, element, joined
from route_switcher.drawing.stretches import LISTED
from route_switcher.drawing.tables import Column, Row, table
from route_switcher.simulation.outcome import SeenOutage, Switched
from route_switcher.simulation.picture import entry
from route_switcher.simulation.simulate import SimulationResult
from route_switcher.text.durations import after, hundredths, span
from route_switcher.text.quantities import counted

_BEGIN = Column("begin", figures=True)
_LENGTH = Column("length", figures=True)
_CLOCK = "Begins are days, hours, minutes and seconds since the start."


def outages(result: SimulationResult, number: int) -> Markup:
    """Those that users saw, of each family."""
    parts = []
    for place, (family, seen) in enumerate(result.timeline.seen.items()):
        name = entry(number, place, "seen")
        whose = f"Users of {family} saw" if len(result.families) > 1 else "Users saw"
        told = [outage for outage in result.seen if outage.family is family]
        rows = [
            Row((after(one.begins), _length(one.ends - one.begins), _reason(one, result)), name(n))
            for n, one in enumerate(told)
        ]
        caption = f"{whose} {counted(seen.count, 'outage')}, {span(seen.seconds)} in all. {_CLOCK}"
        columns = (_BEGIN, _LENGTH, Column("reason"))
        parts.append(_listed(caption, columns, rows, seen.count, name(LISTED)))
    return joined(*parts)


def _reason(outage: SeenOutage, result: SimulationResult) -> str:
    words = f"the line of {outage.uplink} was dead" if outage.uplink else "no uplink was active yet"
    if outage.unavoidable:
        words += f", for {_length(outage.unavoidable)} so was every other"
    if outage.switched_to is not None:
        return f"{words}; then {outage.switched_to} carried the traffic"
    if outage.ends >= result.seconds:
        return f"{words}; it lasted at the end"
    return f"{words}; then the line came back"


def switches(result: SimulationResult) -> Markup:
    """All moves of traffic."""
    total = sum(figures.switches for figures in result.families.values())
    caption = f"{counted(total, 'switch', 'switches')}. {_CLOCK}"
    columns = (_BEGIN, Column("from"), Column("to"), Column("reason"))
    rows = [Row(_switch(switch)) for switch in result.switches]
    return _listed(caption, columns, rows, total)


def _switch(switch: Switched) -> Sequence[str]:
    decision = switch.decision
    why = f"{decision.cause.value}: {'; '.join(decision.evidence)}"
    if switch.false:
        false = element("strong", "False")
        why = joined(false, f": nothing was wrong with the line. {why}")
    return (after(decision.at), decision.previous or "", decision.selected, why)


def troubles(result: SimulationResult, number: int) -> Markup:
    """Of each line when it was dead, and when it was in a brown-out."""
    parts = []
    columns = (_BEGIN, _LENGTH, Column("what"))
    for place, (uplink, course) in enumerate(result.timeline.courses.items()):
        for kind, what, stretches in (
            ("dead", "dead", course.dead),
            ("brown", "in a brown-out", course.brown),
        ):
            name = entry(number, place, kind)
            rows = [
                Row((after(one.begins), _length(one.seconds), f"{uplink} {what}"), name(n))
                for n, one in enumerate(stretches.first)
            ]
            told = f"{counted(stretches.count, 'time')}, {span(stretches.seconds)} in all"
            caption = f"{uplink}: the line was {what} {told}. {_CLOCK}"
            parts.append(_listed(caption, columns, rows, stretches.count, name(LISTED)))
    return joined(*parts)


def _length(seconds: float) -> str:
    return hundredths(seconds)


def _listed(
    caption: str,
    columns: Sequence[Column],
    rows: Sequence[Row],
    total: int,
    end: str | None = None,
) -> Markup:
    """The list, or its caption alone if it is empty. What is not listed any more is counted at its
    end, in an element with the id `end`."""
    if not rows:
        return element("p", caption)
    whole = table(caption, columns, rows)
    more = total - len(rows)
    return joined(whole, element("p", f"And {more:,} more.", id=end)) if more else whole
