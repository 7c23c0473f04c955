"""One HTML file with everything: figures, timelines, switches, and what was simulated.

Nothing in it is loaded from anywhere, nothing in it runs, and what comes from a file is escaped.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from route_switcher import __version__
from route_switcher.simulation.figures import Switched
from route_switcher.simulation.report import MEANING, heads, rows, summary
from route_switcher.simulation.simulate import SimulationResult
from route_switcher.simulation.svg import svg
from route_switcher.text.durations import after, span

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #59636e; --paper: #fff; --rail: #eef1f4;
  --rule: #d5dbe1; --dead: #c62828; --brown: #c77700; --active: #2e7d46; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6edf3; --soft: #9aa5b1; --paper: #11151a;
  --rail: #1f262e; --rule: #37414c; --dead: #ff6b60; --brown: #ffb340; --active: #56c27a; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 72rem; margin: 0 auto; padding: 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
svg { width: 100%; height: auto; font: 13px system-ui, sans-serif; }
svg text { fill: var(--ink); } svg .time { text-anchor: middle; fill: var(--soft); }
svg .label { text-anchor: end; } svg .rail { fill: var(--rail); }
svg .tick { stroke: var(--rule); } .dead, .seen { fill: var(--dead); background: var(--dead); }
.brown { fill: var(--brown); background: var(--brown); }
.active { fill: var(--active); background: var(--active); }
.level0 { opacity: .65; } .level1 { opacity: .85; }
figure { margin: 0; overflow-x: auto; } figcaption, footer, .soft { color: var(--soft); }
i { display: inline-block; width: .9em; height: .9em; vertical-align: -.1em; margin: 0 .3em 0 1em; }
i.brown { height: .45em; vertical-align: 0; } i:first-child { margin-left: 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; vertical-align: top; }
tr { border-bottom: 1px solid var(--rule); } td.n, th.n { text-align: right; }
td.n { font-variant-numeric: tabular-nums; white-space: nowrap; }
td.sub, th.sub { padding-left: 1.2rem; font-weight: normal; } th { font-weight: 600; }
pre { overflow-x: auto; background: var(--rail); padding: 1rem; }
@media print { body { max-width: none; padding: 0; } details { display: none; }
  svg, i { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  tr, figure { break-inside: avoid; } }
"""

_LEGEND = (
    '<i class="dead"></i>the line is dead <i class="brown"></i>brown-out'
    ' <i class="active"></i>this uplink is active <i class="seen"></i>outage that users see;'
    " fainter: for a small part of that time only"
)


@dataclass(frozen=True, slots=True)
class Simulated:
    """One policy, under its name, as its file has it, and what came of it."""

    name: str
    text: str
    result: SimulationResult


def page(simulated: Sequence[Simulated], network: Sequence[str]) -> str:
    """The whole file. `network` says in lines what was simulated."""
    seconds = simulated[0].result.seconds
    title = f"{' and '.join(s.name for s in simulated)}, simulated for {span(seconds)}"
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<main><h1>{escape(title)}</h1>",
        *_timelines(simulated),
        *_figures(simulated),
        *(line for s in simulated for line in _switches(s, len(simulated) > 1)),
        "<section><h2>The network</h2><ul>",
        *(f"<li>{escape(line)}</li>" for line in network),
        "</ul></section>",
        *(line for s in simulated for line in _policy(s)),
        "</main>",
        f"<footer><p>Made by route-switcher {escape(__version__)}.</p></footer>",
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _timelines(simulated: Sequence[Simulated]) -> Iterator[str]:
    yield "<section>"
    for number, one in enumerate(simulated):
        if len(simulated) > 1:
            yield f"<h2>{escape(one.name)}</h2>"
        for sentence in summary(one.result):
            yield f"<p>{escape(sentence)}</p>"
        yield f"<figure>{svg(one.result, number)}<figcaption>{_LEGEND}</figcaption></figure>"
    yield "</section>"


def _figures(simulated: Sequence[Simulated]) -> Iterator[str]:
    yield '<section><h2>Figures</h2><div class="wide"><table><thead><tr><td></td>'
    for head in heads([s.name for s in simulated]):
        yield f'<th scope="col" class="n">{escape(head)}</th>'
    yield "</tr></thead><tbody>"
    for row in rows([s.result for s in simulated]):
        sub = ' class="sub"' if row.label.startswith(" ") else ""
        cells = "".join(f'<td class="n">{escape(cell)}</td>' for cell in row.cells)
        yield f'<tr><th scope="row"{sub}>{escape(row.label.strip())}</th>{cells}</tr>'
    yield "</tbody></table></div>"
    for line in MEANING:
        yield f'<p class="soft">{escape(line)}</p>'
    yield "</section>"


def _switches(one: Simulated, several: bool) -> Iterator[str]:
    of = f" of {escape(one.name)}" if several else ""
    yield f"<section><h2>Switches{of}</h2>"
    total = sum(figures.switches for figures in one.result.families.values())
    if not total:
        yield "<p>None.</p></section>"
        return
    yield '<div class="wide"><table><thead><tr><th scope="col" class="n">after</th>'
    yield '<th scope="col">from</th><th scope="col">to</th><th scope="col">why</th></tr></thead>'
    yield "<tbody>"
    for switch in one.result.switches:
        yield _switch(switch)
    yield "</tbody></table></div>"
    if total > len(one.result.switches):
        yield f"<p>And {total - len(one.result.switches):,} more.</p>"
    yield "</section>"


def _switch(switch: Switched) -> str:
    decision = switch.decision
    why = f"{decision.cause.value}: {'; '.join(decision.evidence)}"
    false = "<strong>False</strong>: nothing was wrong with the line. " if switch.false else ""
    return (
        f'<tr><td class="n">{after(decision.at)}</td><td>{escape(decision.previous or "")}</td>'
        f"<td>{escape(decision.selected)}</td><td>{false}{escape(why)}</td></tr>"
    )


def _policy(one: Simulated) -> Iterator[str]:
    yield f"<details><summary>The policy {escape(one.name)}</summary>"
    yield f"<pre>{escape(one.text)}</pre></details>"
