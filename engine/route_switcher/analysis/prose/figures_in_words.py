"""The figures of a policy as a person reads them: two small tables.

A table that is too wide for a terminal is written as a block of lines for each row instead.
"""

import re
from collections.abc import Sequence
from math import inf
from textwrap import wrap

from route_switcher.analysis.figures.false_alarms import FalseAlarms
from route_switcher.analysis.figures.policy_figures import Figures, RuleFigures, UplinkFigures
from route_switcher.analysis.monitoring import Times
from route_switcher.analysis.prose.placement import table_in_words
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import how_often, listed, number, share, volume

_WIDTH = 78
"""Columns: a terminal of 80, less the two by which `validate` indents."""

_BEFORE_UNIT = re.compile(r"(?<=[0-9]) ")
_UNBROKEN = "\N{NO-BREAK SPACE}"

_MUCH = 0.05
"""The share of the time that an uplink may be away in vain before it is told."""


def figures_in_words(policy: Policy, figures: Figures) -> list[str]:
    """Lines of 78 columns at most: where the routes stand, what the rules see and when, and what
    the uplinks cost and risk."""
    stand = [*_folded(table_in_words(policy)), ""]
    rules = [*_table(_rules(policy, figures)), *_slowest(figures)]
    tables = [*stand, *rules, "", *_table(_uplinks(policy, figures))]
    return [*tables, "", *_folded(_flapping(figures))] if figures.moves_an_hour else tables


def _flapping(figures: Figures) -> str:
    """How often the traffic moves, and what damping is worth."""
    said = (
        f"a line that flaps moves the traffic up to {number(figures.moves_an_hour)} times an hour"
    )
    if figures.moves_an_hour_if_damped < figures.moves_an_hour / 2:
        often = number(figures.moves_an_hour_if_damped)
        said += f"; with 'damping' in 'hold_back': {often}"
    return said


def failing_in_words(failing: FalseAlarms) -> str:
    """How often, and if it matters, for how long altogether."""
    often = how_often(failing.failures)
    if failing.bound and failing.failures < inf and not often.startswith("never"):
        often = f"at most {often}"
    if _MUCH < failing.away < 1:
        return f"{often}, away {failing.away:.0%} of the time".replace("%", " %")
    return often


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows of a table as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def _table(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines that align, or as blocks where those would be too wide."""
    lines = aligned(rows)
    if max(map(len, lines)) <= _WIDTH:
        return lines
    (what, *heads), *others = rows
    blocks = []
    for name, *cells in others:
        pairs = zip(heads, cells, strict=True)
        blocks += _folded(f"{what} {name}")
        blocks += _folded("; ".join(f"{head}: {cell}" for head, cell in pairs if cell), "  ")
    return blocks


def _folded(text: str, indent: str = "") -> list[str]:
    """Lines of the width; a number and its unit stay together."""
    lines = wrap(
        _BEFORE_UNIT.sub(_UNBROKEN, text),
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
    return [line.replace(_UNBROKEN, " ") for line in lines]


def _rules(policy: Policy, figures: Figures) -> list[list[str]]:
    found = {figure.rule: figure for figure in figures.rules}
    sparse = any(_differs_on_standby(figure) for figure in figures.rules)
    head = ["rule", "detects", "after", "at most", *(["on standby"] if sparse else [])]
    rows = [[*head, "recovers after", "at most"]]
    for name in dict.fromkeys(rule.name for rule in policy.every_rule):
        figure = found.get(name)
        if figure is None:
            rows.append([name, "needs several faults", *[""] * (len(rows[0]) - 2)])
            continue
        rows.append(
            [
                name,
                figure.fault.value,
                *_pair(figure.fails),
                *([_soon(figure.fails_on_standby.worst)] if sparse else []),
                *_pair(figure.returns),
            ]
        )
    return rows


def _slowest(figures: Figures) -> list[str]:
    """Whose figures they are, where the uplinks of a rule differ."""
    rules: dict[str, list[str]] = {}
    for figure in figures.rules:
        if figure.slowest is not None:
            rules.setdefault(figure.slowest, []).append(figure.rule)
    said = (
        f"the times of {listed(names)} are those of {name}, the slowest uplink"
        for name, names in rules.items()
    )
    return [line for text in said for line in _folded(text)]


def _differs_on_standby(figure: RuleFigures) -> bool:
    return figure.fails_on_standby != figure.fails


def _pair(times: Times) -> tuple[str, str]:
    return "unknown" if times.bound else _soon(times.typical), _soon(times.worst)


def _soon(value: float) -> str:
    return seconds(value) if value else "at once"


def _uplinks(policy: Policy, figures: Figures) -> list[list[str]]:
    sparing = any(f.bytes_a_month != f.bytes_a_month_on_standby for f in figures.uplinks)
    losses = [share(loss) for loss, _ in figures.uplinks[0].false_failures]
    head = ["uplink", "probes a month", *(["on standby"] if sparing else [])]
    chances = [f"{'false failures at' if n == 0 else 'at'} {p} loss" for n, p in enumerate(losses)]
    return [[*head, *chances], *(_uplink(policy, figure, sparing) for figure in figures.uplinks)]


def _uplink(policy: Policy, figure: UplinkFigures, sparing: bool) -> list[str]:
    standby = [_taken(figure, figure.bytes_a_month_on_standby)] if sparing else []
    chances = [failing_in_words(failing) for _, failing in figure.false_failures]
    return [policy.label(figure.id), _taken(figure, figure.bytes_a_month), *standby, *chances]


def _taken(figure: UplinkFigures, count: float) -> str:
    """What is known, and what that lacks."""
    if not figure.not_counted:
        return volume(count)
    several = len(figure.not_counted) > 1
    programs = f"{len(figure.not_counted)} programs of yours" if several else "a program of yours"
    return f"{volume(count)}, without {programs}" if count else f"not known: {programs}"
