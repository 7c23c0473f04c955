"""When an operator had the traffic elsewhere."""

from dataclasses import dataclass
from enum import Enum

from route_switcher.core.vocabulary.orders import Drill, Release, Switch
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.states import Cause
from route_switcher.core.vocabulary.uplinks import UplinkId


class PartOfDrill(Enum):
    """What a move is to a drill, in words."""

    BEGIN = "a drill"
    END = "the end of a drill"


@dataclass(frozen=True, slots=True)
class _Standing:
    uplink: str
    until: float
    words: str


class Orders:
    """The orders that stand, as the journal goes on.

    An order counts while the uplink that it names is the active one: one that was refused moved
    nothing, and one that has ended early left it.
    """

    def __init__(self) -> None:
        self._standing: _Standing | None = None
        self._drilled: str | None = None
        """The uplink of the latest order, if that was a drill."""

    def take(self, order: Switch | Drill | Release, ahead: float) -> None:
        """One more; `ahead` is from the engine's clock to the time of day."""
        if isinstance(order, Release):
            self._standing = None
            return
        self._drilled = order.uplink if isinstance(order, Drill) else None
        what = "a drill tried" if isinstance(order, Drill) else "the traffic was ordered to"
        words = f"{what} {order.uplink}"
        self._standing = _Standing(order.uplink, order.until + ahead, words)

    def away_from(self, uplink: UplinkId, at: float, active: str | None) -> str:
        """Why the traffic of its family is elsewhere by an order, in words; empty: it is not.
        `active` is the active uplink of that family."""
        return "" if active == uplink.name else self.tried(active, at)

    def tried(self, uplink: str | None, at: float) -> str:
        """By what order the traffic goes through `uplink`, in words; empty: by none."""
        order = self._standing
        holds = order is not None and order.uplink == uplink and at < order.until
        return order.words if order is not None and holds else ""

    def part_of_drill(self, decision: Decision) -> PartOfDrill | None:
        """Which part of a drill a move is; None: it is none."""
        if decision.cause is not Cause.OPERATOR or self._drilled is None:
            return None
        parts = {decision.selected: PartOfDrill.BEGIN, decision.previous: PartOfDrill.END}
        return parts.get(self._drilled)

    def forget(self) -> None:
        """The engine that knew of them has ended."""
        self._standing = None
