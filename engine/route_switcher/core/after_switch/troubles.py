"""What is down, as hooks are told of it: uplinks, and all uplinks of a family."""

from collections.abc import Iterable, Iterator, Mapping

from route_switcher.core.after_switch.moments import hook_uplink
from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.moments import Moment
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId


class Troubles:
    """Remembers what is down and since when; None: since a time before the start."""

    def __init__(self, down: Iterable[UplinkId] = (), all_down: Iterable[Family] = ()) -> None:
        self.down: dict[UplinkId, float | None] = dict.fromkeys(down)
        self.all_down: dict[Family, float | None] = dict.fromkeys(all_down)

    def rename(self, names: Mapping[UplinkId, UplinkId]) -> None:
        """Uplinks are called otherwise now; those that `names` lacks have left."""
        self.down = {names[its]: since for its, since in self.down.items() if its in names}

    def news(self, at: float, selections: Iterable[FamilySelection]) -> Iterator[Moment]:
        """What has changed since it was asked last."""
        for selection in selections:
            for health in selection.candidates:
                yield from self._of_uplink(at, health)
            yield from self._of_family(at, selection)

    def _of_uplink(self, at: float, health: UplinkHealth) -> Iterator[Moment]:
        its, family = health.uplink.id, health.uplink.family
        since: float | None
        if health.state is UplinkState.FAILED and its not in self.down:
            kind = HookKind.ON_UPLINK_DOWN
            since = self.down[its] = _began(health, at)
        elif health.state is UplinkState.HEALTHY and its in self.down:
            kind, since = HookKind.ON_UPLINK_UP, self.down.pop(its)
        else:
            return
        yield Moment(
            at=at,
            kind=kind,
            family=family,
            uplink=hook_uplink(health),
            rules=health.failed_rules(),
            evidence=(health.evidence(),),
            since=since,
        )

    def _of_family(self, at: float, selection: FamilySelection) -> Iterator[Moment]:
        healths, family = selection.candidates, selection.family
        all_down = _all_down(healths)
        if all_down == (family in self.all_down):
            return
        if all_down:
            kind = HookKind.ON_ALL_DOWN
            since: float | None = max(_began(h, at) for h in healths if _failed(h))
            self.all_down[family] = since
        else:
            kind, since = HookKind.ON_ALL_UP, self.all_down.pop(family)
        active = next((h for h in healths if h.uplink.name == selection.current), None)
        yield Moment(
            at=at,
            kind=kind,
            family=family,
            uplink=None if active is None else hook_uplink(active),
            rules=() if active is None else active.failed_rules(),
            evidence=tuple(health.evidence() for health in healths),
            since=since,
        )


def _failed(health: UplinkHealth) -> bool:
    return health.state is UplinkState.FAILED


def _all_down(healths: Iterable[UplinkHealth]) -> bool:
    healths = tuple(healths)
    unusable = all(_failed(h) or (h.state is UplinkState.UNKNOWN and not h.usable) for h in healths)
    return unusable and any(map(_failed, healths))


def _began(health: UplinkHealth, at: float) -> float:
    """When its trouble began."""
    return at - health.failing_for(at)
