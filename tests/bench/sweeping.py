"""How late rounds are while connections that stick to the uplink that was left are ended."""

import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from bench.cutting import Blackhole
from bench.figures import Table, first_paragraph, goal, median_and_largest
from bench.observing import Moves, Sendings
from bench.running import Engine, eventually, policy_text
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.topology import Lab
from support.many_connections import fill, opened

SWITCHES = 4
WANTED = (100_000, 1_000_000)
GOAL = 5.0
_INTERVAL = 0.05
_FROM, _UNTIL = 0.15, 1.65
"""Seconds after a move: its own round by the default route is over, most of a sweep is ahead."""
_PATIENCE = 20.0
_LARGEST = Path("/proc/sys/net/netfilter/nf_conntrack_max")
_ROOM = 1_000
"""Connections beside ours that fit into the table."""


def measure() -> Table:
    """The active one of two uplinks is cut four times, while the router tracks so many connections
    that were translated to its address: with `conntrack: previous`, which ends them, and with
    `none`. Judged are the rounds through the other uplink, every 50 ms, as seen at its ISP, from
    0.15 to 1.65 s after the routes have moved: how long after its time each was sent. Milliseconds,
    median / largest of all rounds; and the median of the latest ones of each switch, with the sweep
    less without it. The largest table is what this kernel allows (nf_conntrack_max), up to a
    million.
    """
    most = int(_LARGEST.read_text()) - _ROOM
    rows = []
    for count in (min(wanted, most) for wanted in WANTED):
        swept, took = _switches(count, "previous")
        left, _ = _switches(count, "none")
        more = median(map(max, swept)) - median(map(max, left))
        rows.append(
            (
                f"{count:,}",
                f"{median(took):.1f}",
                median_and_largest([late for each in swept for late in each]),
                median_and_largest([late for each in left for late in each]),
                f"{more:.1f}",
                goal(more, GOAL, "ms"),
            )
        )
    columns = ("connections", "sweep, s", "late", "late without it", "more", "goal")
    return Table("Rounds beside a sweep", first_paragraph(measure.__doc__), columns, tuple(rows))


def _switches(count: int, key: str) -> tuple[list[list[float]], list[float]]:
    """How late the rounds of each switch were, in milliseconds; and the seconds of each sweep."""
    found = []
    with ExitStack() as held:
        lab = held.enter_context(Lab())
        primary, secondary = lab.uplinks
        with lab.inside(ROUTER):
            kernel = held.enter_context(opened())
        moves = held.enter_context(Moves(lab))
        hole = held.enter_context(Blackhole(lab, primary))
        sent = held.enter_context(Sendings(lab, secondary))
        policy = policy_text(lab) + f"after_switch: {{conntrack: {key}}}\n"
        engine = held.enter_context(Engine(lab, policy))
        engine.wait_until_healthy(rules=4)
        moves.wait_for(primary, _PATIENCE)
        for number in range(SWITCHES):
            fill(kernel, count, primary.address.ip)
            hole.cut()
            moved = moves.wait_for(secondary, _PATIENCE)
            time.sleep(_UNTIL)
            if key == "previous":
                eventually(lambda n=number: len(_sweeps(engine)) > n, "the sweep", _PATIENCE)  # type: ignore[misc]
            found.append(_late(sent.times(), moved))
            hole.mend()
            moves.wait_for(primary, _PATIENCE)
        return found, _sweeps(engine)


def _sweeps(engine: Engine) -> list[float]:
    """The seconds of each, away from the primary."""
    return [
        said["seconds"]
        for said in engine.said("conntrack")
        if said["left"] == ["primary"] and not said["again"]
    ]


def _late(times: list[float], moved: float) -> list[float]:
    first, *others = (sent for sent in times if moved + _FROM < sent < moved + _UNTIL)
    half = _INTERVAL / 2
    apart = [0.0, *((sent - first + half) % _INTERVAL - half for sent in others)]
    return [1000 * (each - min(apart)) for each in apart]
