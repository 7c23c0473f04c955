"""How much memory `run` takes, and whether it stays that much."""

import time
from pathlib import Path

from bench import every_type
from bench.figures import Table, first_paragraph, goal
from bench.observing import echo_requests
from bench.running import Engine, NotMeasuredError, policy_text
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.lab.topology import Lab

ROUNDS = 100_000
GOAL = 55.0
_PROBES = 50
_WARM = 10_000
_SETTLING = 10.0
_LOOK = 0.05
_PATIENCE = 180.0


def measure() -> Table:
    """Resident memory (VmRSS) of `run` with two uplinks: one probe a second, after ten seconds; and
    50 probes every 20 ms through each uplink (or as often as the machine can), after 10,000 rounds
    and after 100,000, by the internet's count of requests. Level: less than 1 % more. And one probe
    of every type (`https` and a program too) every second, after ten seconds.
    """
    with Lab() as lab:
        with Engine(lab, policy_text(lab, interval="1s")) as engine:
            engine.wait_until_healthy(rules=4)
            time.sleep(_SETTLING)
            small = _resident(engine.pid)
        with Engine(lab, _many_probes(lab)) as engine:
            _await_rounds(lab, _WARM)
            early = _resident(engine.pid)
            _await_rounds(lab, ROUNDS - _WARM)
            late = _resident(engine.pid)
            engine.said("start")  # raises if it has ended
    with every_type.served() as (lab, probes):
        policy = every_type.policy(lab, probes.values(), "interval: 1s, timeout: 1s")
        with Engine(lab, policy) as engine:
            engine.wait_until_healthy(rules=2 * len(probes))
            time.sleep(_SETTLING)
            all_types = _resident(engine.pid)
    rows = (
        ("one probe", f"{small:.1f} MB", "", goal(small, GOAL, "MB")),
        ("a probe of every type", f"{all_types:.1f} MB", "", goal(all_types, GOAL, "MB")),
        (
            f"{_PROBES} probes",
            f"{early:.1f} MB",
            f"{late:.1f} MB",
            f"{goal(late, GOAL, 'MB')}; level: {'met' if late < 1.01 * early else '**missed**'}",
        ),
    )
    columns = ("two uplinks", "at first", "after 100,000 rounds", "goal")
    return Table("Memory of `run`", first_paragraph(measure.__doc__), columns, rows)


def _resident(process: int) -> float:
    """Megabytes (10⁶ bytes)."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise NotMeasuredError(f"process {process} has no memory")


def _many_probes(lab: Lab) -> str:
    uplinks = [
        f"  {u.name}: {{interface: {u.interface}, gateway: {u.gateway}, metric: {u.metric}}}"
        for u in lab.uplinks
    ]
    target = lab.targets_v4[1]
    times = "interval: 20ms, timeout: 20ms"
    probes = [f"  p{n}: {{type: icmp, targets: [{target}], {times}}}" for n in range(_PROBES)]
    rules = [f"  - {{name: r{n}, probe: p{n}, fail: {{failures: 1000}}}}" for n in range(_PROBES)]
    lines = ["version: 1", "uplinks:", *uplinks, "probes:", *probes, "rules:", *rules, ""]
    return "\n".join(lines)


def _await_rounds(lab: Lab, rounds: int) -> None:
    goal_, end = echo_requests(lab, Family.IPV4) + rounds, time.monotonic() + _PATIENCE
    while (seen := echo_requests(lab, Family.IPV4)) < goal_:
        if time.monotonic() > end:
            raise NotMeasuredError(f"{goal_ - seen} of {rounds} rounds missing after {_PATIENCE} s")
        time.sleep(_LOOK)
