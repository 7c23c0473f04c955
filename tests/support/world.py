"""The product's virtual world for tests: lines that are cut and mended, all that the engine said,
and a table that checks every single route action.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import ip_address

from route_switcher.core.vocabulary.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.vocabulary.events import Event, LinkState
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy, Recover, Rule
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.virtual.internet import Fate
from route_switcher.virtual.next_hops import Line
from route_switcher.virtual.schedule import on_grid
from route_switcher.virtual.table import Table
from route_switcher.virtual.world import World as VirtualWorld
from support.pinging import pinging, target

RTT = on_grid(20_000_000)
"""Seconds, on the grid of times that the world tells: sums with it are exact."""


def uplink(name: str, number: int, metric: int | None = None, version: int = 4) -> Uplink:
    """An uplink on interface eth<number>, of metric 10, 20, … by number unless said."""
    gateway = f"198.51.100.{number + 1}" if version == 4 else f"2001:db8:{number + 1}::1"
    metric = 10 * (number + 1) if metric is None else metric
    return Uplink(
        name,
        f"eth{number}",
        ip_address(gateway),
        metric,
        Family.IPV4 if version == 4 else Family.IPV6,
    )


def policy(
    *uplinks: Uplink,
    interval: float = 1.0,
    timeout: float = 1.0,
    fast: float | None = None,
    failures: int = 3,
    stable: float = 60.0,
    carrier: bool = True,
) -> Policy:
    """The seed's policy, for any number of uplinks (primary and secondary if none is given)."""
    targets = (target("203.0.113.1"), target("2001:db8:ffff::1"))
    rules = [Rule("no-internet", ConsecutiveFailures("internet", failures), Recover(stable))]
    if carrier:
        rules.append(Rule("unplugged", CarrierDown(), Recover(stable)))
    return Policy(
        uplinks or (uplink("primary", 0), uplink("secondary", 1)),
        (pinging("internet", *targets, interval=interval, timeout=timeout, fast=fast),),
        tuple(rules),
        ignore_linkdown=False,
    )


@dataclass
class TestLine:
    """What happens to the rounds through one interface."""

    works: bool = True
    unknown: bool = False


class GapError(AssertionError):
    """There was a moment without a default route."""


class CheckedTable(Table):
    """A table that keeps every action that was carried out, and none that would leave no route."""

    def __init__(self, found: Iterable[Route], world: "World") -> None:
        super().__init__(found)
        self._world = world

    def apply(self, action: RouteAction) -> str | None:
        """Carry out one action, or refuse it if the test or a foreign route says so."""
        route = action.route
        had = self.best(route.family)
        key = (route.family, route.table, route.destination, route.metric)
        same_key = [r for r in self if (r.family, r.table, r.destination, r.metric) == key]
        why = self._world.refusing(action) or super().apply(action)
        if why is not None:
            return why
        match action.change:
            case Change.ADD:
                assert not same_key, f"{action}: the key is taken by {same_key}"
            case Change.APPEND:
                assert route.family is Family.IPV4
                assert all(r.ours for r in same_key)
            case Change.REPLACE:
                assert route.family is Family.IPV6
                assert all(r.ours for r in same_key)
            case Change.DELETE:
                assert route in same_key
                assert route.ours
        self._world.actions.append((self._world.now, action))
        if had is not None and self.best(route.family) is None:
            raise GapError(f"{self._world.now}: {action}")
        return None


class World(VirtualWorld):
    """Give it a policy and what was there before, then `run` it to a time, and break things."""

    def __init__(
        self,
        rules: Policy,
        *,
        found: Iterable[Route] = (),
        links: Iterable[LinkState] = (),
        next_hops: Mapping[Line, NextHop | None] | None = None,
        start: float = 0.0,
        phase: Callable[[int], float] = lambda number: 0.1 * number,
    ) -> None:
        self.outputs: list[Output] = []
        self.heard: list[Event | Output] = []
        """What the engine was told, and what it said, in order."""
        self.actions: list[tuple[float, RouteAction]] = []
        self.refusing: Callable[[RouteAction], str | None] = lambda _: None
        self._interfaces: dict[str, str] = {}
        self._lines: dict[str, TestLine] = {}
        self._add_lines(rules)
        super().__init__(
            rules,
            self,
            self._keep,
            overhear=self.heard.append,
            links=links,
            next_hops=next_hops,
            table=CheckedTable(found, self),
            start=start,
            spread=lambda number, _: phase(number),
        )

    # What a test reads.

    def active(self, family: Family = Family.IPV4) -> str | None:
        """The selected uplink."""
        return super().active(family)

    def decisions(self) -> list[Decision]:
        """Every decision so far."""
        return [o for o in self.outputs if isinstance(o, Decision)]

    def switches(self) -> list[tuple[float, str | None, str]]:
        """When the selection went from which uplink to which; the first selection left out."""
        return [(d.at, d.previous, d.selected) for d in self.decisions() if d.previous]

    def notices(self) -> list[str]:
        """The text of every notice so far."""
        return [o.text for o in self.outputs if isinstance(o, Notice)]

    def rule_changes(self, name: str) -> list[tuple[float, str, str]]:
        """When which rule of an uplink entered which state."""
        changes = [o for o in self.outputs if isinstance(o, RuleChange) and o.uplink.name == name]
        return [(c.at, c.rule, c.after.value) for c in changes]

    def best(self, family: Family = Family.IPV4) -> Route | None:
        """The default route that the kernel takes."""
        return self.table.best(family)

    def metrics(self, family: Family = Family.IPV4) -> dict[str, int]:
        """The metric at which each interface's route of ours stands."""
        return {r.interface: r.metric for r in self.table if r.ours and r.family is family}

    # What a test does.

    def cut(self, *names: str) -> None:
        """Beyond the gateway, nothing answers any more, and no answer under way arrives."""
        for name in names:
            interface = self._interface(name)
            self._lines[interface].works = False
            for uplink in self.policy.uplinks:
                if uplink.interface == interface:
                    self.lose(uplink.id)

    def mend(self, *names: str) -> None:
        """Everything answers again."""
        for name in names:
            self._lines[self._interface(name)].works = True

    def outage(self, name: str, until: float) -> None:
        """From now until then, the uplink is cut."""
        self.cut(name)
        self.run(until)
        self.mend(name)

    def silence(self, name: str, silent: bool = True) -> None:
        """Rounds through this uplink have no known outcome."""
        self._lines[self._interface(name)].unknown = silent

    def link(
        self, name: str, *, present: bool = True, up: bool = True, carrier: bool = True
    ) -> None:
        """Change the link of an uplink: present, up, carrier. Admin down takes its routes along."""
        self.set_links(LinkState(self._interface(name), present, up, carrier))

    def take_away(self, *routes: Route) -> None:
        """Somebody else deletes routes."""
        self.table.take_away(*routes)
        self.see_routes()

    def put(self, *routes: Route) -> None:
        """Somebody else adds routes."""
        self.table.put(*routes)
        self.see_routes()

    def reload(self, rules: Policy) -> None:
        """Let a new policy take effect."""
        self._add_lines(rules)
        super().reload(rules)

    # How it works.

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> Fate:
        """See `virtual.internet.Internet`."""
        line = self._lines[self._interface(uplink.name)]
        if line.unknown:
            return "delayed"
        return RTT if line.works else None

    def _keep(self, output: Output) -> None:
        self.outputs.append(output)
        self.heard.append(output)

    def _handle(self, event: Event) -> None:
        self._tell(event)

    def _tell(self, event: Event) -> None:
        super()._handle(event)

    def _interface(self, name: str) -> str:
        return self._interfaces[name]

    def _add_lines(self, rules: Policy) -> None:
        for uplink in rules.uplinks:
            self._interfaces[uplink.name] = uplink.interface
            self._lines.setdefault(uplink.interface, TestLine())
