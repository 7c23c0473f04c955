"""How long what was lost or slow in a fault stays in a window after the mending."""

from math import ceil

from route_switcher.analysis.leaves.mending import Mending
from route_switcher.analysis.leaves.outage import HALF
from route_switcher.analysis.monitoring import Fault
from route_switcher.core.vocabulary.conditions import Beyond, Measure, Within


def empties(mending: Mending, leaf: Beyond | Within, *, in_failed: bool) -> float:
    """When a window is no longer beyond its limit (`in_failed`: rounds go at the down interval
    until then), or within it.

    With D for the down interval and u for the time since the first good round, c rounds of
    weight D are still in the window of length W, c = ceil((W - u) / D) - 1. Their share is
    c x D of c x D + D + u.
    """
    probe = mending.monitoring.probe(leaf.probe)
    first = mending.first[probe.name]
    lost = leaf.measure is Measure.LOSS
    if lost is (mending.fault is Fault.SLOW):
        return 0.0 if lost else first
    share = leaf.limit if lost else leaf.limit / probe.timeout
    if mending.typical and not lost:
        share = max(share, HALF)
    over, down = round(leaf.over * 1e6), round(probe.down_interval * 1e6)

    def over_it(at: float) -> bool:
        since = round((at - first) * 1e6)
        inside = max(0, -((since - over) // down) - 1) * down
        if in_failed and lost and inside > share * over:
            return True
        beyond = share * (inside + down + since)
        return inside > beyond if lost else inside > 0 and inside >= beyond

    most = min(-(-over // down) - 1, int(share * (over + down) / down) + 1) if share else 0
    for inside in range(most, -1, -1):
        # The earliest time at which so few are inside, and not too many.
        enough = ceil(inside * down * (1 - share) / share) - down if inside else 0
        since = max(0, over - (inside + 1) * down, enough)
        if inside and since >= over - inside * down:
            continue  # Fewer are inside by then.
        at = first + since / 1e6
        at = mending.next_down(probe, at) if in_failed else mending.next(probe, at)
        if not over_it(at):
            return at
    raise AssertionError("an empty window is within every limit")
