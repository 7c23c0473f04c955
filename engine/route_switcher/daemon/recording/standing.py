"""What is known now, for the beginning of a file: the files before it may be gone one day."""

from dataclasses import dataclass, field

from route_switcher.core.vocabulary.events import (
    Event,
    Links,
    LinkState,
    NextHops,
    Reload,
    Routes,
    Start,
)
from route_switcher.core.vocabulary.next_hops import LearnedHop
from route_switcher.core.vocabulary.outputs import Decision, Output, RuleChange
from route_switcher.core.vocabulary.policy_rules import RoutingRule
from route_switcher.core.vocabulary.routes import Route
from route_switcher.core.vocabulary.states import RuleState
from route_switcher.core.vocabulary.uplinks import Family, UplinkId
from route_switcher.journal.records import Standing


@dataclass
class Known:
    """Follows what the core is told and says."""

    links: dict[str, LinkState] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    rules: tuple[RoutingRule, ...] = ()
    next_hops: tuple[LearnedHop, ...] = ()
    active: dict[Family, str] = field(default_factory=dict)
    states: dict[tuple[UplinkId, str], RuleState] = field(default_factory=dict)

    def event(self, event: Event) -> None:
        """The core is told this."""
        match event:
            case Start():
                self.links = {link.interface: link for link in event.links}
                self.routes, self.rules = event.routes, event.rules
                self.next_hops = event.next_hops
            case Reload():
                self.links = {link.interface: link for link in event.links}
                self.routes = self.routes if event.routes is None else event.routes
                self.rules = self.rules if event.rules is None else event.rules
                self.next_hops = self.next_hops if event.next_hops is None else event.next_hops
                ids = {uplink.id for uplink in event.policy.uplinks}
                self.states = {key: its for key, its in self.states.items() if key[0] in ids}
            case Links():
                self.links.update({link.interface: link for link in event.states})
                self.routes = self.routes if event.routes is None else event.routes
            case Routes():
                self.routes, self.rules = event.routes, event.rules
            case NextHops():
                self.next_hops = event.hops
            case _:
                pass

    def output(self, output: Output) -> None:
        """The core says this."""
        if isinstance(output, Decision):
            self.active[output.family] = output.selected
        elif isinstance(output, RuleChange):
            self.states[output.uplink, output.rule] = output.after

    def standing(self, at: float, version: str, boot: str, ahead: float, policy: str) -> Standing:
        """All of it; see `Standing` for what is given."""
        return Standing(
            at,
            version,
            boot,
            ahead,
            policy,
            tuple(self.links.copy().values()),
            self.routes,
            self.rules,
            self.next_hops,
            tuple(self.active.copy().items()),
            tuple((*key, state) for key, state in self.states.copy().items()),
        )
