"""What a round of each type of probe costs beside one of pings."""

import time

from bench.every_type import policy, served
from bench.figures import Table, first_paragraph
from bench.running import Engine, cpu_seconds

_INTERVAL = 0.5
_WINDOW = 5.0
_TIMES = "interval: 500ms, timeout: 500ms"
_UPLINKS = 2
_PROBES = 4
"""Of each type, so that what the process does besides is a small part."""


def measure() -> Table:
    """Four probes of one target through two uplinks, every 500 ms; for each type a process of its
    own. CPU is user and system time of that process over five seconds, divided by its rounds; what
    a program (`exec`) takes itself is not part of it. The ratio is to `icmp` in the same run.
    """
    costs = {}
    with served() as (lab, probes):
        for name, keys in probes.items():
            with Engine(lab, policy(lab, [keys] * _PROBES, _TIMES)) as engine:
                engine.wait_until_healthy(rules=_UPLINKS * _PROBES, patience=60.0)
                before, began = cpu_seconds(engine.pid), time.monotonic()
                time.sleep(_WINDOW)
                rounds = _UPLINKS * _PROBES * (time.monotonic() - began) / _INTERVAL
                costs[name] = 1e6 * (cpu_seconds(engine.pid) - before) / rounds
                engine.said("start")  # raises if it has ended
    rows = tuple(
        (name, f"{cost:.0f} µs", f"{cost / costs['icmp']:.2f}") for name, cost in costs.items()
    )
    columns = ("type", "CPU a round", "÷ icmp")
    return Table("Rounds of each type of probe", first_paragraph(measure.__doc__), columns, rows)
