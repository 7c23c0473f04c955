"""The page of a simulation: figures, a timeline, all that happened, and what was simulated."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from route_switcher.drawing.document import document, paragraphs, section
from route_switcher.drawing.markup import Markup, element, joined
from route_switcher.drawing.tables import Column, Row, table
from route_switcher.drawing.timeline import timeline
from route_switcher.simulation.happenings import outages, switches, troubles
from route_switcher.simulation.picture import picture
from route_switcher.simulation.report import MEANING, heads, rows, summary
from route_switcher.simulation.simulate import SimulationResult
from route_switcher.text.durations import span
from route_switcher.text.quantities import listed


@dataclass(frozen=True, slots=True)
class Simulated:
    """One policy, under its name, as its file has it, and what came of it."""

    name: str
    text: str
    result: SimulationResult


def page(simulated: Sequence[Simulated], network: Sequence[str]) -> str:
    """The whole file. `network` says in lines what was simulated."""
    names = listed([one.name for one in simulated])
    title = f"{names}, simulated for {span(simulated[0].result.seconds)}"
    return document(title, _parts(simulated, network))


def _parts(simulated: Sequence[Simulated], network: Sequence[str]) -> Iterator[Markup]:
    several = len(simulated) > 1
    for number, one in enumerate(simulated):
        yield section(
            f"Timeline of {one.name}" if several else "Timeline",
            *paragraphs(summary(one.result), "lead"),
            timeline(picture(one.result, number)),
        )
    yield _figures(simulated)
    for number, one in enumerate(simulated):
        of = f" of {one.name}" if several else ""
        yield section(f"Outages that users saw{of}", outages(one.result, number))
        yield section(f"Switches{of}", switches(one.result), entry=f"switches{number}")
        yield section(f"What happened to the lines{of}", troubles(one.result, number))
    yield section("The network", element("ul", *(element("li", line) for line in network)))
    for one in simulated:
        opened = element("summary", f"The policy {one.name}")
        yield element("details", opened, element("pre", one.text), class_="screen")


def _figures(simulated: Sequence[Simulated]) -> Markup:
    columns = [Column("")]
    columns += [Column(head, figures=True) for head in heads([one.name for one in simulated])]
    lines = [Row((_label(row.label), *row.cells)) for row in rows([s.result for s in simulated])]
    return section(
        "Figures",
        table("What came of it", columns, lines, blocks=len(simulated) > 1),
        joined(*paragraphs(MEANING, "soft")),
    )


def _label(words: str) -> str:
    return element("span", words.strip(), class_="sub") if words.startswith(" ") else words
