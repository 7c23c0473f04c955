"""What the kernel's refusals mean for the uplinks of one family: which have no route, and which had
none and must prove themselves."""

from collections.abc import Iterable
from dataclasses import replace
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.plan import Standing
from route_switcher.core.routing.refusals import FIRST_PAUSE, FIRST_PAUSE_WITHOUT_ROUTE, Refusals
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.routing.rule_refusals import RuleRefusals
from route_switcher.core.routing.uplink_tables import UplinkTables
from route_switcher.core.vocabulary.events import Round
from route_switcher.core.vocabulary.routes import Change, RouteAction
from route_switcher.core.vocabulary.states import RoundOutcome, UplinkState


class Admission:
    """Remembers what was refused. The `presence` is shared, not copied."""

    __slots__ = (
        "_presence",
        "_proving",
        "_without_route",
        "refusals",
        "rule_refusals",
        "tables",
    )

    def __init__(self, presence: RoutePresence, tables: UplinkTables) -> None:
        self.refusals = Refusals()
        self.rule_refusals = RuleRefusals()
        self.tables = tables
        self._presence = presence
        self._without_route: frozenset[str] = frozenset()
        self._proving: dict[str, float] = {}
        """Until when uplinks that had no route are not moved to by choice; each for its stable
        time: whoever adds and deletes a route again and again must not move the traffic as often.
        """

    @property
    def calm(self) -> bool:
        """Whether nothing is refused."""
        return self.refusals.none

    @property
    def idle(self) -> bool:
        """Whether `on_time` has nothing to do."""
        return self.calm and self.rule_refusals.none and not self._without_route

    def on_refusal(self, at: float, action: RouteAction, reason: str) -> bool:
        """The kernel refused `action`. Returns whether that is worth telling a person."""
        route = action.route
        if action.change is Change.DELETE:
            return self.refusals.add_kept(at, route, reason)
        there = self._presence.has(route.family, (route.interface, route.gateway))
        pause = FIRST_PAUSE if there else FIRST_PAUSE_WITHOUT_ROUTE
        return self.refusals.add(at, route, reason, pause)

    def apply_policy(self, departing: Standing | None, tables: UplinkTables) -> None:
        """A person changed the policy: everything is tried again, except for the uplink that has
        left it and still carries the traffic."""
        self.tables = tables
        self.refusals.keep(departing)
        self.rule_refusals.forget()
        self._without_route = frozenset()
        self._proving.clear()

    def on_time(self, at: float, healths: Iterable[UplinkHealth], active: str | None) -> None:
        """See which uplinks have a route again at `at`."""
        self.rule_refusals.expire(at)
        if self.calm and not self._without_route:
            return
        self.refusals.expire(at)
        before, found = self._without_route, set()
        for health in healths:
            name = health.uplink.name
            if self._has_no_route(health):
                found.add(name)
            elif name in before and name != active:
                self._proving[name] = at + health.stable_time
        self._without_route = frozenset(found)

    def standing(self, health: UplinkHealth) -> Standing:
        """How an uplink stands; made here and nowhere else."""
        hop = health.next_hop
        if hop is not None:
            hop = replace(hop, onlink=self._presence.onlink(health))
        foreign = self._presence.foreign(health)
        table = self.tables.placement.table
        small = self.tables.small(health.uplink.name)
        taken = small is not None and self._presence.takes_all(health.uplink.family, small)
        return Standing(
            health.uplink,
            hop,
            health.state,
            health.routable,
            foreign,
            table,
            small,
            not taken,
        )

    def judge(self, event: Round, health: UplinkHealth) -> Round:
        """The round as it is in the light of this: one without a way says nothing, unless it shows
        why there was none."""
        unsettled = health.unsettled(event.sent_at)
        if unsettled:
            return replace(event, outcome=RoundOutcome.UNKNOWN, reason=unsettled)
        if self._presence.since(health) <= event.sent_at and not health.hop.gone:
            return event
        at_fault = not health.usable
        if at_fault and event.outcome is not RoundOutcome.GOOD:
            if health.link.connected and event.outcome is RoundOutcome.FAILED:
                return replace(event, reason=health.lacks)
            return event
        refusal = self.refusal(health)
        if refusal is not None and event.outcome is not RoundOutcome.UNKNOWN:
            reason = f"its route was refused: {refusal}"
            return replace(event, outcome=RoundOutcome.FAILED, reason=reason)
        reason = health.hop.absent or "its standing route was absent"
        return replace(event, outcome=RoundOutcome.UNKNOWN, reason=reason)

    def refused(self, health: UplinkHealth) -> bool:
        """Whether an uplink cannot be active: the kernel refuses its routes, and no route of
        somebody else does for it."""
        if not self.refusals.routes:
            return False
        standing = self.standing(health)
        return self.refusals.unfit(standing) and standing.foreign is None

    def refusal(self, health: UplinkHealth) -> str | None:
        """Why the kernel refused a route of an uplink, or None if it refused none."""
        return self.refusals.reason(self.standing(health)) if self.refusals.routes else None

    def state(self, health: UplinkHealth, at: float) -> UplinkState:
        """The state of an uplink that is not active, as the selection takes it."""
        proving = self.proving_until(health, at) > -inf
        if proving and health.state is UplinkState.HEALTHY:
            return UplinkState.RECOVERING
        return health.state

    def proving_until(self, health: UplinkHealth, at: float) -> float:
        """Until when an uplink that had no route proves itself; -inf: it need not."""
        until = self._proving.get(health.uplink.name, -inf)
        return until if until > at else -inf

    def deadline(self, at: float) -> float:
        """When the next uplink has proven itself; inf: none has to."""
        return min((until for until in self._proving.values() if until > at), default=inf)

    def _has_no_route(self, health: UplinkHealth) -> bool:
        if self.refusal(health) is None:
            return False
        return self.refused(health) or not self._presence.has(health.uplink.family, health.way)
