"""Other routers are tried through uplinks that have failed."""

from collections.abc import Iterable, Iterator

from route_switcher.core.health.next_hop_notices import trial_notices
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.outputs import Notice


def try_routers(at: float, selections: Iterable[FamilySelection]) -> Iterator[Notice]:
    """Use the next router of each failed uplink that is told of several, where it is time."""
    for selection in selections:
        for health in selection.healths:
            if not health.wants_another_router(at) or not selection.may_try_routers(health, at):
                continue
            before = health.next_hop
            if health.hop.try_another(at):
                yield from trial_notices(at, health, before)
