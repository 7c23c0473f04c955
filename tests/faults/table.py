"""The table of faults as it is printed: Markdown, and the machine that it was measured on."""

import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from route_switcher.lab.stream import Outage

_HEAD = (
    "| fault | then | outage, ms | lost | mended | outage, ms | lost |",
    "|---|---|--:|--:|---|--:|--:|",
)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table."""

    fault: str
    then: str
    outage: Outage | None
    """None: there is nothing to measure, or it lasted until the fault was mended."""
    mended: str = ""
    outage_then: Outage | None = None


def markdown(rows: Iterable[str]) -> str:
    """The whole table."""
    return "\n".join([*_HEAD, *rows, "", machine()])


def machine() -> str:
    """What the figures were measured on."""
    cores = len(os.sched_getaffinity(0))
    kernel = ".".join(platform.release().split(".")[:2])
    return (
        f"1,000 packets a second each way. Measured on: {_processor()}, {cores} cores, "
        f"Linux {kernel}, Python {platform.python_version()}."
    )


def markdown_row(line: Line) -> str:
    """The line as a row of the table."""
    cells = [line.fault, line.then, *_cells(line.outage), line.mended]
    return f"| {' | '.join([*cells, *_cells(line.outage_then)])} |"


def _cells(outage: Outage | None) -> tuple[str, str]:
    if outage is None:
        return "", ""
    return f"{outage.milliseconds:,.0f}", f"{outage.lost:,}"


def _processor() -> str:
    found = re.search(r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return found[1] if found else platform.machine()
