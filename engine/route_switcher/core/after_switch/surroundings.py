"""All that is known around a switch, as the engine has it."""

from collections.abc import Callable, Collection, Mapping, Set
from dataclasses import dataclass

from route_switcher.core.selection.family_selection import FamilySelection
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.uplinks import Family
from route_switcher.core.ways.situation import Situation


@dataclass(frozen=True, slots=True)
class Surroundings:
    """Routes and rules are those that were seen last."""

    policy: Policy
    selections: Mapping[Family, FamilySelection]
    routes: Collection[Route]
    rules: Collection[RoutingRule]
    situation: Callable[[], Situation]
    """What the ways are held against."""
    suspects: Callable[[Family], Mapping[str, Set[Target]]]
    """The targets of each probe that are silent through every uplink that works."""
