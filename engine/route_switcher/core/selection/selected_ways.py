"""What the ways of packets are held against, read from the selections."""

from collections.abc import Iterable, Iterator, Mapping

from route_switcher.core.health.uplink_health import UplinkHealth
from route_switcher.core.routing.route_presence import RoutePresence
from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Address, Family, UplinkId
from route_switcher.core.ways.questions import Carrier, Line
from route_switcher.core.ways.situation import Situation


def situation(
    policy: Policy,
    selections: Mapping[Family, FamilySelection],
    presence: RoutePresence,
    routes: Iterable[Route],
    named: Mapping[UplinkId, Mapping[Target, Address]],
) -> Situation:
    """The situation now; `routes` are those that were seen, `named` the addresses of names."""
    there = frozenset(routes)
    return Situation(
        policy,
        tuple(
            line
            for selection in selections.values()
            for health in selection.healths
            for line in _lines(health, presence)
        ),
        {
            family: carrier
            for family, selection in selections.items()
            for carrier in _carriers(selection, presence, there)
        },
        frozenset(family for family, its in selections.items() if its.conflicts.found),
        named,
    )


def _lines(health: UplinkHealth, presence: RoutePresence) -> Iterator[Line]:
    hop, uplink, link = health.next_hop, health.uplink, health.link
    if hop is not None:
        mine = frozenset(a for a in link.addresses if a.version == uplink.family.value)
        connected = health.usable and presence.has(uplink.family, health.way)
        yield Line(uplink, hop.gateway, mine, link.own_name, connected)


def _carriers(
    selection: FamilySelection, presence: RoutePresence, there: frozenset[Route]
) -> Iterator[Carrier]:
    if selection.refusing:
        return  # the traffic is meant to go nowhere
    route = selection.plan().active
    for health in selection.healths:
        if health.uplink.name == selection.current and route in there:
            for line in _lines(health, presence):
                if line.connected:
                    yield Carrier(line, route)
