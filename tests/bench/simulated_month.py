"""How long a month of virtual time takes, and how much memory."""

import json
import subprocess
import sys
from collections.abc import Mapping

from bench.figures import Table, first_paragraph, goal
from bench.running import MINIMAL, NotMeasuredError

GOAL = 30.0
_WARM = 1.1
_DAYS = (3, 30, 300)
_SIMULATE = """\
import json, re, sys, time
from pathlib import Path
from route_switcher.policy.load import load
from route_switcher.simulation.generate import generate
from route_switcher.simulation.line_profiles import TargetKind
from route_switcher.simulation.simulate import simulate
policy = load(sys.argv[3])
network = generate((policy,), {}, TargetKind(), seed=1)
seconds, leaping = 86400.0 * float(sys.argv[1]), sys.argv[2] == "leaping"
began = time.perf_counter()
result = simulate(policy, network, seconds, leaping=leaping)
took = time.perf_counter() - began
status = Path("/proc/self/status").read_text()
memory = 1024 * int(re.search(r"VmHWM:\\s+(\\d+)", status)[1])
rounds = sum(u.probe_bytes for u in result.uplinks.values()) / 88
print(json.dumps({
    "took": took, "memory": memory, "rounds": rounds, "leaps": result.fast_forwards,
    "made": rounds * (1 - result.leapt / result.seconds),
}))
"""


def measure() -> Table:
    """`simulate` with the example `minimal` (two uplinks, a round a second through each) and the
    lines that it has by default, each in a new process: wall time, and the largest resident memory
    (VmHWM). Level: 300 days take less than 10 % more memory than 3. The last row is one day without
    leaps.
    """
    found = {days: _simulate(days, "leaping") for days in _DAYS}
    whole = _simulate(1, "whole")
    level = found[_DAYS[-1]]["memory"] < _WARM * found[_DAYS[0]]["memory"]
    goals = {
        30: goal(found[30]["took"], GOAL, "s"),
        300: f"level memory: {'met' if level else '**missed**'}",
    }
    rows = [_row(f"{days} days", f, goals.get(days, "")) for days, f in found.items()]
    rows.append(_row("1 day, every round made", whole, ""))
    columns = ("virtual time", "rounds", "of them made", "leaps", "wall", "memory", "goal")
    return Table("A month simulated", first_paragraph(measure.__doc__), columns, tuple(rows))


def _row(label: str, figures: Mapping[str, float], goal_: str) -> tuple[str, ...]:
    return (
        label,
        f"{figures['rounds']:,.0f}",
        f"{figures['made']:,.0f}",
        f"{figures['leaps']:,.0f}",
        f"{figures['took']:.1f} s",
        f"{figures['memory'] / 1e6:.1f} MB",
        goal_,
    )


def _simulate(days: int, how: str) -> dict[str, float]:
    words = [sys.executable, "-P", "-c", _SIMULATE, str(days), how, str(MINIMAL)]
    done = subprocess.run(words, capture_output=True, text=True)
    if done.returncode != 0:
        raise NotMeasuredError(f"{days} days: {done.stderr}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures
