"""What it takes to check a small policy from a cold start."""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from bench.figures import Table, first_paragraph, goal
from bench.running import NotMeasuredError, program

TIMES = 20
GOAL = 0.2
_HEAVY = ("trio", "pyroute2.netlink")
_POLICY = """\
version: 1
uplinks:
  primary: {interface: eth0, gateway: 198.51.100.1}
  secondary: {interface: eth1, gateway: 203.0.113.1}
"""
_LOOK = f"""
import sys
from route_switcher.cli import main
main(["validate", sys.argv[1]])
print(*[name for name in {_HEAVY!r} if name in sys.modules], sep=", ", file=sys.stderr)
"""


def measure() -> Table:
    """`route-switcher validate` of four lines, 20 times, each in a new process, its files compiled
    and in the page cache: medians; and which of trio and pyroute2 are among its modules at the end.
    """
    with tempfile.TemporaryDirectory(prefix="route-switcher-bench-") as folder:
        policy = Path(folder, "policy.yaml")
        policy.write_text(_POLICY)
        _run([*program("validate", str(policy))])  # once, so that everything is compiled
        times = [_time([*program("validate", str(policy))]) for _ in range(TIMES)]
        heavy = _run([sys.executable, "-P", "-c", _LOOK, str(policy)]).strip()
    wall = median(time[0] for time in times)
    row = (
        f"{wall:.3f} s",
        f"{median(time[1] for time in times):.3f} s",
        goal(wall, GOAL, "s"),
        f"{heavy or 'neither'}: {'**missed**' if heavy else 'met'}",
    )
    columns = ("wall", "user + system", "goal for the wall time", "trio, pyroute2 imported")
    return Table("`validate`, cold", first_paragraph(measure.__doc__), columns, (row,))


def _time(words: list[str]) -> tuple[float, float]:
    """Seconds of wall time, and of user and system time."""
    before, began = _children(), time.perf_counter()
    _run(words)
    return time.perf_counter() - began, _children() - before


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _run(words: list[str]) -> str:
    """What it wrote to stderr."""
    # As where it is installed: compiled once. This variable would have it compiled each time.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(words, capture_output=True, text=True, env=environment)
    if done.returncode != 0:
        raise NotMeasuredError(f"{' '.join(words)}: {done.stderr}{done.stdout}")
    return done.stderr
