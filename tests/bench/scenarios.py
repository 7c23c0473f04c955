"""What it takes to test a policy by a hundred scenarios."""

import resource
import subprocess
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.figures import Table, first_paragraph, goal
from bench.running import MINIMAL, NotMeasuredError, program

SCENARIOS = 100
TIMES = 5
GOAL = 2.0
_HEAD = f"version: 1\npolicy: {MINIMAL}\nscenarios:\n"
_SCENARIO = """\
  - name: number {number}
    rounds:
      primary: {good} good, 3 lost, good
    events:
      - {{at: 90s, link: primary, becomes: unplugged}}
      - {{at: 92s, link: primary, becomes: connected}}
    expect:
      - {{at: {failed}s, active: secondary, switches: 1, reason: no-internet}}
      - {{at: 89s, active: primary, switches: 2}}
      - {{from: 91s, until: 100s, active: secondary, switches: 0}}
"""


def measure() -> Table:
    """`route-switcher test` of the example `minimal` by 100 scenarios of 100 virtual seconds each
    (three lost rounds, the way back, a pulled cable), 5 times, each in a new process: medians of
    the whole process, from its start to its end.
    """
    with tempfile.TemporaryDirectory(prefix="route-switcher-bench-") as folder:
        file = Path(folder, "scenarios.yaml")
        scenarios = (
            _SCENARIO.format(number=number, good=10 + number % 10, failed=13 + number % 10)
            for number in range(SCENARIOS)
        )
        file.write_text(_HEAD + "".join(scenarios))
        words = [*program("test", str(file))]
        _time(words)  # once, so that everything is compiled
        times = [_time(words) for _ in range(TIMES)]
    wall = median(time[0] for time in times)
    row = (f"{wall:.2f} s", f"{median(time[1] for time in times):.2f} s", goal(wall, GOAL, "s"))
    columns = ("wall", "user + system", "goal for the wall time")
    return Table("`test`, 100 scenarios", first_paragraph(measure.__doc__), columns, (row,))


def _time(words: list[str]) -> tuple[float, float]:
    """Seconds of wall time, and of user and system time."""
    before, began = _children(), time.perf_counter()
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotMeasuredError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
    return time.perf_counter() - began, _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
