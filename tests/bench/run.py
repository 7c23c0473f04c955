"""`make bench`: every measurement, as Markdown tables on stdout; what is going on, on stderr.

A missed goal is printed as missed, and is no error. Exit code: 0, or 1 if something could not be
measured.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from bench.figures import Table, machine, markdown
from bench.one import MEASUREMENTS

_PHASES = (
    # These wait most of the time, or count packets and measure no time.
    (("blackhole-1s",), ("blackhole-fast", "moves")),
    # These want the machine for themselves.
    (("blackhole-100ms", "blackhole-50ms", "carrier", "sweeping", "probes", "validate"),),
    # These count memory, or CPU time of their own.
    (
        ("memory", "flapping"),
        ("types", "fast-interval", "metrics", "journal", "core", "scenarios", "month"),
    ),
)
"""Phases one after the other; in each its lanes side by side, of which two suit two cores."""

_PATIENCE = 300.0
"""Seconds that one measurement may take."""


def main() -> int:
    """Measure everything."""
    began, before = time.monotonic(), machine()
    found: dict[str, Table | None] = {}
    for lanes in _PHASES:
        with ThreadPoolExecutor(len(lanes)) as pool:
            for of_lane in pool.map(_lane, lanes):
                found |= of_lane
    tables = _joined(table for name in MEASUREMENTS if (table := found[name]) is not None)
    sys.stdout.write("\n".join([before, "", *map(markdown, tables)]))
    _tell(f"all: {time.monotonic() - began:.0f} s")
    missing = [name for name, table in found.items() if table is None]
    if missing:
        _tell(f"not measured: {', '.join(missing)}")
    return 1 if missing else 0


def _joined(tables: Iterable[Table]) -> Iterable[Table]:
    """Those of one title as one."""
    joined: dict[str, Table] = {}
    for table in tables:
        before = joined.get(table.title)
        rows = table.rows if before is None else before.rows + table.rows
        joined[table.title] = replace(table, rows=rows)
    return joined.values()


def _lane(names: Sequence[str]) -> dict[str, Table | None]:
    return {name: _measure(name) for name in names}


def _measure(name: str) -> Table | None:
    """What a process of its own found; None if it could not."""
    began = time.monotonic()
    words = [sys.executable, "-P", "-m", "bench.one", name]
    try:
        done = subprocess.run(words, stdout=subprocess.PIPE, text=True, timeout=_PATIENCE)
    except subprocess.TimeoutExpired:
        _tell(f"{name}: not done after {_PATIENCE:g} s")
        return None
    _tell(f"{name}: {time.monotonic() - began:.0f} s")
    if done.returncode != 0:
        return None
    fields = json.loads(done.stdout)
    return Table(
        fields["title"],
        fields["method"],
        tuple(fields["columns"]),
        tuple(tuple(row) for row in fields["rows"]),
    )


def _tell(text: str) -> None:
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
