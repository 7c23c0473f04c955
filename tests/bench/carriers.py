"""How long traffic is lost when a cable is pulled, with and without the kernel's own help."""

import time
from contextlib import ExitStack

from bench.cutting import Cable
from bench.figures import Table, first_paragraph, goal, median_and_largest
from bench.observing import Moves
from bench.running import Engine, policy_text
from route_switcher.lab.stream import Outage, Stream
from route_switcher.lab.topology import Lab

FAULTS = 20
GOAL = 5.0
_LATE = 0.25
"""Seconds after which an answer counts as lost: packets wait at the router for the carrier."""
_QUIET = 0.1
"""Seconds that the stream runs undisturbed between two events."""
_PATIENCE = 5.0


def measure() -> Table:
    """The ISP's end of the active uplink is set down 20 times, at 50 ms x 3. The outage is what a
    stream of 1,000 packets a second sees, of which those that take more than 250 ms count as lost;
    beside it, when the engine itself had moved the routes. Milliseconds, median / largest.
    """
    rows = []
    for words, ignored in (("`ignore_linkdown: true`", True), ("without it", False)):
        with Lab() as lab:
            outages, moved = _faults(lab, ignored)
        lengths = sorted(o.milliseconds for o in outages)
        rows.append(
            (
                words,
                median_and_largest(lengths),
                median_and_largest([float(o.lost) for o in outages], ".0f"),
                median_and_largest(moved),
                goal(lengths[len(lengths) // 2], GOAL, "ms") if ignored else "",
            )
        )
    columns = ("policy", "outage", "packets lost", "routes moved after", "goal for the median")
    return Table("A lost carrier", first_paragraph(measure.__doc__), columns, tuple(rows))


def _faults(lab: Lab, ignore_linkdown: bool) -> tuple[list[Outage], list[float]]:
    """The outages, and milliseconds until the engine moved the routes."""
    with ExitStack() as held:
        primary, secondary = lab.uplinks
        moves = held.enter_context(Moves(lab))
        cable = held.enter_context(Cable(lab, primary))
        policy = policy_text(lab, ignore_linkdown=ignore_linkdown)
        held.enter_context(Engine(lab, policy)).wait_until_healthy(rules=4)
        moves.catch_up()
        stream = held.enter_context(Stream(lab))
        faults = []
        for _ in range(FAULTS):
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
