"""How uplinks stand whose next hop is the written one."""

from route_switcher.core.routing.plan import Standing
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import UplinkState
from route_switcher.core.vocabulary.uplinks import Uplink


def standing(
    uplink: Uplink, state: UplinkState = UplinkState.HEALTHY, routable: bool = True
) -> Standing:
    """How `uplink` stands."""
    return Standing(uplink, NextHop(uplink.written_gateway), state, routable)


def standing_route(uplink: Uplink, demotions: int = 0) -> Route:
    """Its route at its own metric, or at that many demotions above it."""
    return standing(uplink).route(demotions)
