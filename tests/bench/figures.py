"""What a measurement comes to, and how it is printed: Markdown tables that FIGURES.md repeats."""

import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns. `method` says in a sentence how they were measured."""

    title: str
    method: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def markdown(table: Table) -> str:
    """The table as Markdown, with its title and its method."""
    lines = [
        f"### {table.title}",
        "",
        " ".join(table.method.split()),
        "",
        _row(table.columns),
        _row(["---"] * len(table.columns)),
        *map(_row, table.rows),
        "",
    ]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def first_paragraph(text: str | None) -> str:
    """What a docstring says first: of a measurement, its method."""
    assert text is not None
    return " ".join(text.split("\n\n")[0].split())


def goal(value: float, limit: float, unit: str) -> str:
    """A goal, and whether the value reaches it."""
    return f"≤ {limit:g} {unit}: {'met' if value <= limit else '**missed**'}"


def median_and_largest(values: Sequence[float], form: str = ".1f") -> str:
    """Median and largest of the values."""
    return f"{median(values):{form}} / {max(values):{form}}"


def machine() -> str:
    """What this was measured on, in a line, without what would tell one machine from its twins."""
    cpuinfo = Path("/proc/cpuinfo").read_text()
    models = [line.split(": ")[1] for line in cpuinfo.splitlines() if line.startswith("model name")]
    kernel = ".".join(platform.release().split(".")[:2])
    load = Path("/proc/loadavg").read_text().split()[0]
    return (
        f"Measured on {len(models) or '?'} x {models[0] if models else platform.machine()},"
        f" Linux {kernel}, Python {platform.python_version()}; load average before: {load}."
    )
