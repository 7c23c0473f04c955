"""Through which uplinks there is a way: since when the table has held a default route of theirs.

Without one, the kernel takes every target for a neighbour on that wire, and a probe says nothing.
"""

from collections.abc import Iterable
from dataclasses import replace
from math import inf

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.refusals import Refusals
from route_switcher.core.vocabulary.events import Round, RoundOutcome
from route_switcher.core.vocabulary.policy import Address, Uplink
from route_switcher.core.vocabulary.routes import Route, RouteKind


class RoutePresence:
    """Remembers the ways of every family, ours and foreign."""

    __slots__ = ("_foreign", "_onlink", "_since", "readings")

    def __init__(self) -> None:
        self.readings = 0
        """How many times routes were taken: as long as this is the same, so is all that it says."""
        self._since: dict[tuple[str, Address | None], float] = {}
        self._foreign: dict[tuple[str, Address | None], Route] = {}
        self._onlink: set[tuple[str, Address | None]] = set()
        """Where a route has said that the gateway is on the link; that is remembered."""

    def see_routes(self, at: float, routes: Iterable[Route]) -> set[str]:
        """Take what the kernel has. Returns the interfaces where a gateway is now known to be on
        the link, and was not before."""
        self.readings += 1
        known = set(self._onlink)
        before, self._since, self._foreign = self._since, {}, {}
        for route in routes:
            if route.kind is not RouteKind.UNICAST:
                continue
            way = (route.interface, route.gateway)
            self._since[way] = before.get(way, at)
            best = self._foreign.get(way)
            if not route.ours and (best is None or route.metric < best.metric):
                self._foreign[way] = route
            if route.onlink:
                self._onlink.add(way)
        return {interface for interface, _ in self._onlink - known}

    def onlink(self, uplink: Uplink) -> bool:
        """Whether the gateway of `uplink` is to be taken for one on the link."""
        if uplink.onlink is not None:
            return uplink.onlink
        return (uplink.interface, uplink.gateway) in self._onlink

    def since(self, uplink: Uplink) -> float:
        """Since when there has been a way through `uplink`; inf: there is none."""
        return self._since.get((uplink.interface, uplink.gateway), inf)

    def has(self, interface: str, gateway: Address | None) -> bool:
        """Whether any route leads through these."""
        return (interface, gateway) in self._since

    def foreign(self, uplink: Uplink) -> Route | None:
        """The best route of somebody else through `uplink`."""
        return self._foreign.get((uplink.interface, uplink.gateway))

    def judge(self, event: Round, health: UplinkHealth, refusals: Refusals) -> Round:
        """The round as it is in the light of this: one without a way says nothing, unless it shows
        why there was none."""
        if self.since(health.uplink) <= event.sent_at:
            return event
        at_fault = not (health.link.connected and health.routable)
        if at_fault and event.outcome is not RoundOutcome.GOOD:
            if health.link.connected and event.outcome is RoundOutcome.FAILED:
                return replace(event, reason=health.without_address)
            return event
        refusal = refusals.reason(health.uplink)
        if refusal is not None and event.outcome is not RoundOutcome.UNKNOWN:
            reason = f"its route was refused: {refusal}"
            return replace(event, outcome=RoundOutcome.FAILED, reason=reason)
        reason = "its standing route was absent"
        return replace(event, outcome=RoundOutcome.UNKNOWN, reason=reason)
