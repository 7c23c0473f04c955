"""How long traffic is lost when a cable is pulled, with and without the kernel's own help."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bench.cutting import Cable
from bench.figures import Table, first_paragraph, goal, median_and_largest
from bench.observing import Moves
from bench.running import Engine, policy_text
from route_switcher.lab.addresses import ROUTER
from route_switcher.lab.stream import Outage, PacketStream
from route_switcher.lab.topology import Lab

FAULTS = 20
GOAL = 5.0
MOVED = 10.0
"""Milliseconds after which the engine has moved the routes, at any interval."""
_LATE = 0.25
"""Seconds after which an answer counts as lost: packets wait at the router for the carrier."""
_QUIET = 0.1
"""Seconds that the stream runs undisturbed between two events."""
_PATIENCE = 12.0
_NOTHING_KNOWN = """
table inet firewall {
  chain output {
    type filter hook output priority filter; oifname eth1 icmp type echo-request drop;
  }
}
"""


@dataclass(frozen=True, slots=True)
class _Case:
    words: str
    policy: Callable[[Lab], str]
    faults: int = FAULTS
    healthy: int = 4
    """How many rules, on all uplinks, are ok before it begins."""
    firewall: str = ""


def _one_rule(lab: Lab) -> str:
    """Rounds every five seconds, and no rule about the carrier."""
    text = policy_text(lab, interval="5s", timeout="1s", stable="0s")
    return "".join(line for line in text.splitlines(keepends=True) if "unplugged" not in line)


_CASES = (
    _Case("`ignore_linkdown: true`", lambda lab: policy_text(lab, ignore_linkdown=True)),
    _Case("without it", policy_text),
    _Case("`interval: 5s`, one rule, about rounds", _one_rule, faults=5),
    _Case("a firewall here keeps the standby unknown", policy_text, 10, 2, _NOTHING_KNOWN),
)


def measure() -> Table:
    """The ISP's end of the active uplink is set down, up to 20 times, at 50 ms x 3 unless said. The
    outage is what a stream of 1,000 packets a second sees, of which those that take more than 250
    ms count as lost; beside it, when the engine itself had moved the routes. Milliseconds, median /
    largest.
    """
    rows = []
    for case in _CASES:
        with Lab() as lab:
            outages, moved = _faults(lab, case)
        lengths = sorted(o.milliseconds for o in outages)
        met = goal(lengths[len(lengths) // 2], GOAL, "ms")
        if case is not _CASES[0]:
            met = goal(sorted(moved)[len(moved) // 2], MOVED, "ms")
        rows.append(
            (
                case.words,
                median_and_largest(lengths),
                median_and_largest([float(o.lost) for o in outages], ".0f"),
                median_and_largest(moved),
                met,
            )
        )
    columns = ("policy", "outage", "packets lost", "routes moved after", "goal for the median")
    return Table("A lost carrier", first_paragraph(measure.__doc__), columns, tuple(rows))


def _faults(lab: Lab, case: _Case) -> tuple[list[Outage], list[float]]:
    """The outages, and milliseconds until the engine moved the routes."""
    with ExitStack() as held:
        primary, secondary = lab.uplinks
        moves = held.enter_context(Moves(lab))
        cable = held.enter_context(Cable(lab, primary))
        if case.firewall:
            lab.run(ROUTER, "nft", "-f", "-", given=case.firewall)
        engine = held.enter_context(Engine(lab, case.policy(lab)))
        engine.wait_until_healthy(rules=case.healthy)
        moves.catch_up()
        stream = held.enter_context(PacketStream(lab))
        faults = []
        for _ in range(case.faults):
            moves.wait_for(primary, _PATIENCE)
            time.sleep(_QUIET)
            pulled_at = cable.pull()
            moved_at = moves.wait_for(secondary, _PATIENCE)
            time.sleep(_QUIET)
            faults.append((pulled_at, moved_at, time.monotonic()))
            cable.plug()
        time.sleep(_QUIET)
        stream.stop()
    outages = [stream.outage(pulled - _QUIET / 2, until, _LATE) for pulled, _, until in faults]
    return outages, [1000 * (moved - pulled) for pulled, moved, _ in faults]
