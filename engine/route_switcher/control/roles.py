"""What each uplink is for, and how well a family stands."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf

from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, UplinkStatus

_BEST_FIRST = (
    UplinkState.HEALTHY,
    UplinkState.RECOVERING,
    UplinkState.UNKNOWN,
    UplinkState.FAILED,
)


class Verdict(Enum):
    """How well things stand; the later, the worse."""

    ABSENT = "absent"
    """No uplink of the family has ever had a next hop: it does not count."""
    OK = "ok"
    """The preferred uplink is active and healthy, by no order, and nothing stands before it."""
    DEGRADED = "degraded"
    DOWN = "down"
    """Every uplink is failed, and none answers."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A verdict, and why, in words."""

    verdict: Verdict
    why: str


def judge(family: FamilyStatus) -> Judged:
    """How well a family stands."""
    healths = [u.health for u in family.uplinks if not u.health.dormant]
    if not healths:
        return Judged(Verdict.ABSENT, "no uplink has had a next hop yet")
    first = healths[0]
    if all(h.state is UplinkState.FAILED and not h.answers for h in healths):
        return Judged(Verdict.DOWN, "no uplink answers")
    if family.active is None:
        left = family.departing is not None
        why = f"{family.departing} has left the policy" if left else "no uplink is selected yet"
    elif order_holds(family):
        why = f"an order keeps the traffic on {family.active}"
    elif first.uplink.name != family.active:
        why = f"{first.uplink.name} is preferred, but not active"
    elif first.state is not UplinkState.HEALTHY:
        why = f"{family.active} is {first.state.value}"
    elif family.astray:
        why = f"traffic does not use {family.active}"
    elif family.conflicts:
        why = "a foreign route comes before ours"
    else:
        return Judged(Verdict.OK, "the preferred uplink is active and healthy")
    return Judged(Verdict.DEGRADED, why)


def order_holds(family: FamilyStatus) -> bool:
    """Whether an operator's order is why the active uplink is active, or keeps it so."""
    return family.override is not None and family.override.uplink == family.active


def worst(verdicts: Iterable[Verdict]) -> Verdict:
    """The worst of those that count; degraded, if there is none yet."""
    counting = (each for each in verdicts if each is not Verdict.ABSENT)
    return max(counting, key=list(Verdict).index, default=Verdict.DEGRADED)


def roles(family: FamilyStatus) -> Mapping[str, str]:
    """Of each uplink by its name: active, standby (the next one), or backup 1, backup 2 …; absent,
    if it is in no selection."""
    others = [
        u for u in family.uplinks if u.health.uplink.name != family.active and not u.health.dormant
    ]
    # Sorting is stable: among equals the order of preference stays.
    others.sort(key=_rank)
    names = [uplink.health.uplink.name for uplink in others]
    found = {name: "standby" if n == 0 else f"backup {n}" for n, name in enumerate(names)}
    found |= {u.health.uplink.name: "absent" for u in family.uplinks if u.health.dormant}
    if family.active is not None:
        found[family.active] = "active"
    return found


def _rank(uplink: UplinkStatus) -> tuple[int, bool, bool]:
    damped = uplink.health.damped_until > -inf
    return _BEST_FIRST.index(uplink.health.state), damped, bool(uplink.refused)
