"""Which uplink of a family was active when, and why."""

from dataclasses import dataclass

from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.past.orders import PartOfDrill


@dataclass(frozen=True, slots=True)
class Active:
    """From `begins` to `ends` `uplink` was the active one of `family`.

    `then` is the decision that ended it, None if none did; `order` says in words by which order of
    an operator it was active.
    """

    family: Family
    uplink: str
    begins: float
    ends: float
    then: Decision | None = None
    order: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """A decision, and its time of day; `drill`: which part of a drill it is, None if of none."""

    at: float
    decision: Decision
    drill: PartOfDrill | None = None

    @property
    def cause(self) -> str:
        """Why the traffic moved, in words."""
        return (
            f"{self.decision.cause.value}{'' if self.drill is None else f' ({self.drill.value})'}"
        )


class Selections:
    """The active uplinks of all families, as the journal goes on."""

    def __init__(self) -> None:
        self.spans: list[Active] = []
        self.moves: list[Move] = []
        """Those that moved the traffic."""
        self._now: dict[Family, Active] = {}

    def active(self, family: Family) -> str | None:
        """The active uplink."""
        now = self._now.get(family)
        return None if now is None else now.uplink

    def decide(self, at: float, decision: Decision, order: str, drill: PartOfDrill | None) -> None:
        """The selection changes."""
        if decision.previous is not None:
            self.moves.append(Move(at, decision, drill))
        self._end(decision.family, at, decision)
        self._now[decision.family] = Active(decision.family, decision.selected, at, at, order=order)

    def know(self, at: float, family: Family, uplink: str) -> None:
        """`uplink` was active before the journal begins."""
        if family not in self._now:
            self._now[family] = Active(family, uplink, at, at)

    def rename(self, at: float, family: Family, name: str) -> None:
        """The active uplink is called so from now on."""
        order = self._now[family].order
        self._end(family, at, None)
        self._now[family] = Active(family, name, at, at, order=order)

    def close(self, at: float) -> None:
        """Nobody selects from `at` on."""
        for family in list(self._now):
            self._end(family, at, None)

    def _end(self, family: Family, at: float, then: Decision | None) -> None:
        now = self._now.pop(family, None)
        if now is not None and at > now.begins:
            span = Active(family, now.uplink, now.begins, at, then, now.order)
            self.spans.append(span)
