"""Figures in words: what a person reads, and what a program does."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.simulation.outcome import FamilyFigures, UplinkOutcome, median
from route_switcher.simulation.simulate import SimulationResult
from route_switcher.text.durations import hundredths, span
from route_switcher.text.quantities import counted

_MILLION = 1e6


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of every policy; `cells` has one for each, and the difference if there are two."""

    label: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Figure:
    label: str
    value: Callable[[FamilyFigures], float | None]
    shown: Callable[[float], str]


def _share(part: float, whole: float) -> str:
    return f"{span(part)} ({100 * part / whole:.3g} %)" if part else span(0)


def _count(number: float) -> str:
    return f"{number:,.0f}"


_HOOKS = _Figure("hooks run", lambda f: f.hooks or None, _count)
"""Told only where there are any."""

_FIGURES = (
    _Figure("outage seen", lambda f: f.outage, span),
    _Figure("  of it, every line dead", lambda f: f.unavoidable, span),
    _Figure("  of it, another line worked", lambda f: f.avoidable, span),
    _Figure("  longest", lambda f: f.worst, span),
    _Figure("  how often", lambda f: f.outages, _count),
    _Figure("brown-out seen", lambda f: f.brown, span),
    _Figure("switches", lambda f: f.switches, _count),
    _Figure("  failovers", lambda f: f.failovers, _count),
    _Figure("  of these, false", lambda f: f.false_failovers, _count),
    _Figure("  fail-backs", lambda f: f.fail_backs, _count),
    _Figure("time to detect, median", lambda f: median(f.detected), hundredths),
    _Figure("  worst", lambda f: max(f.detected, default=None), hundredths),
    _Figure("outages never detected", lambda f: f.missed, _count),
    _HOOKS,
)

MEANING = (
    "outage seen: the active uplink's line was dead, or no uplink was active",
    "false: a failover while nothing was wrong with the line that was left",
    "time to detect: from the death of the active uplink's line until a rule failed",
    "probes: what is sent and what is answered, with IP headers",
)


def rows(results: Sequence[SimulationResult]) -> Iterator[Row]:
    """The figures of one policy, or of two side by side with the difference."""
    families = [f for f in Family if any(f in r.families for r in results)]
    for name in _names(results):
        yield _of_uplinks(f"{name} active", name, results, lambda f: f.active, of_time=True)
    for family in families:
        suffix = f" ({family})" if len(families) > 1 else ""
        for figure in _FIGURES:
            values = [
                figure.value(r.families[family]) if family in r.families else None for r in results
            ]
            if figure is not _HOOKS or any(value is not None for value in values):
                yield Row(figure.label + suffix, _cells(values, figure.shown))
    for name in _names(results):
        lacking = any(r.uplinks[name].not_counted for r in results if name in r.uplinks)
        label = f"probes through {name}{', without programs of yours' * lacking}"
        yield _of_uplinks(label, name, results, lambda f: f.probe_bytes)


def _of_uplinks(
    label: str,
    name: str,
    results: Sequence[SimulationResult],
    value: Callable[[UplinkOutcome], float],
    of_time: bool = False,
) -> Row:
    values = [value(r.uplinks[name]) if name in r.uplinks else None for r in results]
    if of_time:
        whole = results[0].seconds
        return Row(label, _cells(values, lambda v: _share(v, whole), span))
    return Row(label, _cells(values, megabytes))


def megabytes(number: float) -> str:
    """Bytes as megabytes (10⁶)."""
    return f"{number / _MILLION:,.1f} MB"


def _cells(
    values: Sequence[float | None],
    shown: Callable[[float], str],
    difference: Callable[[float], str] | None = None,
) -> tuple[str, ...]:
    cells = ["-" if value is None else shown(value) for value in values]
    if len(values) > 1:
        cells.append(_difference(values[0], values[1], difference or shown))
    return tuple(cells)


def _difference(one: float | None, other: float | None, shown: Callable[[float], str]) -> str:
    if one is None or other is None:
        return ""
    more = one - other
    if shown(abs(more)) == shown(0):
        return "="
    return f"{'+' if more > 0 else '-'}{shown(abs(more))}"


def heads(names: Sequence[str]) -> tuple[str, ...]:
    """What stands above the cells of a row."""
    return (*names, "difference") if len(names) > 1 else tuple(names)


def table(names: Sequence[str], results: Sequence[SimulationResult]) -> Iterator[str]:
    """The rows in columns under the names of the policies."""
    lines = [("", *heads(names)), *((row.label, *row.cells) for row in rows(results))]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for first, *others in lines:
        cells = [f"{cell:>{width}}" for cell, width in zip(others, widths[1:], strict=True)]
        yield f"  {first:{widths[0]}}  {'  '.join(cells)}".rstrip()


def _names(results: Sequence[SimulationResult]) -> list[str]:
    return list(dict.fromkeys(name for result in results for name in result.uplinks))


def summary(result: SimulationResult) -> Iterator[str]:
    """What came of it, in a sentence for each family."""
    for family, figures in result.families.items():
        whose = f"users of {family}" if len(result.families) > 1 else "users"
        spent = ""
        if figures.unavoidable:
            spent = f", {span(figures.unavoidable)} of it while every line was dead"
        switches = "no switch"
        if figures.switches:
            false = counted(figures.false_failovers, "false failover")
            switches = counted(figures.switches, "switch", "switches")
            switches += (
                f", {false} among them" if figures.false_failovers else ", none of them false"
            )
        yield (
            f"In {span(result.seconds)} {whose} would have seen {span(figures.outage)} of outage"
            f"{spent}, and {switches}."
        )


# For programs.


def as_data(result: SimulationResult) -> dict[str, object]:
    """Everything as JSON has it: times in seconds, traffic in bytes."""
    return {
        "seconds": result.seconds,
        "uplinks": {name: _uplink_data(f) for name, f in result.uplinks.items()},
        "families": {str(family): _family_data(f) for family, f in result.families.items()},
        "switches": [
            {
                "at": round(switch.decision.at, 6),
                "family": str(switch.decision.family),
                "from": switch.decision.previous,
                "to": switch.decision.selected,
                "cause": switch.decision.cause.value,
                "rules": list(switch.decision.rules),
                "evidence": list(switch.decision.evidence),
                "false": switch.false,
            }
            for switch in result.switches
        ],
        "leapt_seconds": result.leapt,
    }


def _uplink_data(figures: UplinkOutcome) -> dict[str, object]:
    return {
        "active": round(figures.active, 6),
        "dead": round(figures.dead, 6),
        "brown_out": round(figures.brown, 6),
        "outages": figures.outages,
        "missed": figures.missed,
        "time_to_detect": _times(figures.detected),
        "probe_bytes": figures.probe_bytes,
        "not_counted": list(figures.not_counted),
    }


def _family_data(figures: FamilyFigures) -> dict[str, object]:
    return {
        "outage": round(figures.outage, 6),
        "unavoidable": round(figures.unavoidable, 6),
        "avoidable": round(figures.avoidable, 6),
        "longest_outage": round(figures.worst, 6),
        "outages": figures.outages,
        "brown_out": round(figures.brown, 6),
        "switches": figures.switches,
        "hooks": figures.hooks,
        "failovers": figures.failovers,
        "false_failovers": figures.false_failovers,
        "fail_backs": figures.fail_backs,
        "missed": figures.missed,
        "time_to_detect": _times(figures.detected),
    }


def _times(values: Sequence[float]) -> dict[str, object]:
    middle = median(values)
    return {
        "count": len(values),
        "median": None if middle is None else round(middle, 6),
        "worst": round(max(values), 6) if values else None,
    }
