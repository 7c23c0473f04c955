"""A written internet around the real core, in virtual time: lines that are cut and mended, a table.

Nothing here decides anything: it sends rounds on their schedule, gives the engine what it would be
told, and carries out what the engine's plans ask of the table, checking every single action.
"""

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from ipaddress import ip_address
from math import inf

from route_switcher.core.conditions import CarrierDown, ConsecutiveFailures
from route_switcher.core.decisions import Decision, Notice, Output, ProbeNow
from route_switcher.core.diff import diff
from route_switcher.core.engine import Engine
from route_switcher.core.events import (
    Event,
    Link,
    LinkState,
    Refused,
    Reload,
    Round,
    RoundOutcome,
    Routes,
    Start,
    Tick,
)
from route_switcher.core.model import (
    Family,
    Policy,
    Probe,
    Recover,
    Rule,
    Uplink,
)
from route_switcher.core.pace import Pace
from route_switcher.core.plan import Plan
from route_switcher.core.routes import Change, Route, RouteAction
from route_switcher.core.rules import RuleChange

RTT = 0.02
STEPS = 200_000
"""More than any test needs, so that an engine that wakes for ever fails."""


def uplink(name: str, number: int, metric: int | None = None, version: int = 4) -> Uplink:
    """An uplink on interface eth<number>, of metric 10, 20, … by number unless said."""
    gateway = f"198.51.100.{number + 1}" if version == 4 else f"2001:db8:{number + 1}::1"
    metric = 10 * (number + 1) if metric is None else metric
    return Uplink(name, f"eth{number}", ip_address(gateway), metric)


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
    targets = (ip_address("203.0.113.1"), ip_address("2001:db8:ffff::1"))
    rules = [Rule("no-internet", ConsecutiveFailures("internet", failures), Recover(stable))]
    if carrier:
        rules.append(Rule("unplugged", CarrierDown(), Recover(stable)))
    return Policy(
        uplinks or (uplink("primary", 0), uplink("secondary", 1)),
        (
            Probe(
                "internet", targets, "any", interval, timeout, fast or interval, interval, interval
            ),
        ),
        tuple(rules),
        ignore_linkdown=False,
    )


@dataclass
class Line:
    """What happens to the rounds of one uplink."""

    works: bool = True
    unknown: bool = False
    link: LinkState = field(default_factory=lambda: LinkState(""))


class GapError(AssertionError):
    """There was a moment without a default route."""


class World:
    """Give it a policy and what was there before, then `run` it to a time, and break things."""

    def __init__(
        self,
        rules: Policy,
        *,
        found: Iterable[Route] = (),
        links: Iterable[LinkState] = (),
        start: float = 0.0,
        phase: Callable[[int], float] = lambda number: 0.1 * number,
    ) -> None:
        self.now = start
        self.policy = rules
        self.engine = Engine(rules)
        self.outputs: list[Output] = []
        self.actions: list[tuple[float, RouteAction]] = []
        self.table: dict[Route, None] = dict.fromkeys(found)
        self.refusing: Callable[[RouteAction], str | None] = lambda _: None
        self.lines: dict[str, Line] = {}
        self._interfaces: dict[str, str] = {}
        self._queue: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        self._generation = 0
        self._converged: tuple[tuple[Plan, ...], tuple[Route, ...]] | None = None
        self._phase = phase
        self._add_lines(rules)
        for state in links:
            self.lines[state.interface].link = state
        told = tuple(self.lines[u.interface].link for u in rules.uplinks)
        self._tell(Start(self.now, told, tuple(self.table)))
        self._schedule_probes()

    # What a test reads.

    def active(self, family: Family = Family.IPV4) -> str | None:
        """The selected uplink."""
        return self.engine.active(family)

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
        changes = [o for o in self.outputs if isinstance(o, RuleChange) and o.uplink == name]
        return [(c.at, c.rule, c.after.value) for c in changes]

    def best(self, family: Family = Family.IPV4) -> Route | None:
        """The default route that the kernel takes."""
        routes = [r for r in self.table if r.family is family]
        return min(routes, key=lambda r: r.metric, default=None)

    def metrics(self, family: Family = Family.IPV4) -> dict[str, int]:
        """The metric at which each interface's route of ours stands."""
        return {r.interface: r.metric for r in self.table if r.ours and r.family is family}

    # What a test does.

    def run(self, until: float) -> "World":
        """Let time pass."""
        for _ in range(STEPS):
            deadline = self.engine.deadline()
            due = self._queue[0][0] if self._queue else inf
            if min(deadline, due) > until:
                self.now = max(self.now, until)
                return self
            if deadline < due:
                self.now = max(self.now, deadline)
                self.tell(Tick(self.now))
            else:
                at, _, call = heapq.heappop(self._queue)
                self.now = max(self.now, at)
                call()
        raise AssertionError(f"{STEPS} steps, and it is only {self.now}: the engine spins")

    def cut(self, *names: str) -> None:
        """Beyond the gateway, nothing answers any more."""
        for name in names:
            self.lines[self._interface(name)].works = False

    def mend(self, *names: str) -> None:
        """Everything answers again."""
        for name in names:
            self.lines[self._interface(name)].works = True

    def silence(self, name: str, silent: bool = True) -> None:
        """Rounds through this uplink have no known outcome."""
        self.lines[self._interface(name)].unknown = silent

    def link(
        self, name: str, *, present: bool = True, up: bool = True, carrier: bool = True
    ) -> None:
        """Change the link of an uplink: present, up, carrier. Admin down takes its routes along."""
        interface = self._interface(name)
        line = self.lines[interface]
        line.link = LinkState(interface, present, up, carrier)
        if not (line.link.present and line.link.up):
            self.table = {r: None for r in self.table if r.interface != interface}
        self.tell(Link(self.now, line.link))
        self.tell(Routes(self.now, tuple(self.table)))

    def take_away(self, *routes: Route) -> None:
        """Somebody else deletes routes."""
        for route in routes:
            self.table.pop(route, None)
        self.tell(Routes(self.now, tuple(self.table)))

    def put(self, *routes: Route) -> None:
        """Somebody else adds routes."""
        self.table.update(dict.fromkeys(routes))
        self.tell(Routes(self.now, tuple(self.table)))

    def reload(self, rules: Policy) -> None:
        """Let a new policy take effect."""
        self.policy = rules
        self._add_lines(rules)
        links = tuple(self.lines[u.interface].link for u in rules.uplinks)
        self.tell(Reload(self.now, rules, links))
        self._schedule_probes()

    def tell(self, event: Event) -> None:
        """Give the engine one event, and follow its plan."""
        self._tell(event)

    # How it works.

    def _tell(self, event: Event) -> None:
        for output in self.engine.handle(event):
            self.outputs.append(output)
            if isinstance(output, ProbeNow):
                self._at(self.now, self._round_of(output.uplink))
        self._converge()

    def _converge(self) -> None:
        for _ in range(5):
            plans = self.engine.plans()
            if (plans, tuple(self.table)) == self._converged:
                return
            refused = False
            before = tuple(self.table)
            for plan in plans:
                refused |= self._follow(plan)
            if tuple(self.table) != before:
                self.outputs += self.engine.handle(Routes(self.now, tuple(self.table)))
            if not refused and self.engine.plans() == plans:
                self._converged = (plans, tuple(self.table))
                return

    def _follow(self, plan: Plan) -> bool:
        refused = False
        for deletions in (False, True):
            for action in diff(plan, self.table):
                if (action.change is Change.DELETE) is not deletions:
                    continue
                if deletions and plan.active not in self.table:
                    continue
                why = self.refusing(action) or self._held(action)
                if why is None:
                    self._apply(action)
                else:
                    refused = True
                    self.outputs += self.engine.handle(Refused(self.now, action, why))
        return refused

    def _held(self, action: RouteAction) -> str | None:
        """The kernel refuses a key that a foreign route holds."""
        key = (action.route.family, action.route.metric)
        held = any(not r.ours and (r.family, r.metric) == key for r in self.table)
        return "held by a foreign route" if held and action.change is Change.ADD else None

    def _apply(self, action: RouteAction) -> None:
        route = action.route
        had = self.best(route.family)
        same_key = [r for r in self.table if (r.family, r.metric) == (route.family, route.metric)]
        match action.change:
            case Change.ADD:
                assert not same_key, f"{action}: the key is taken by {same_key}"
                self.table[route] = None
            case Change.APPEND:
                assert route.family is Family.IPV4
                assert all(r.ours for r in same_key)
                self.table[route] = None
            case Change.REPLACE:
                assert route.family is Family.IPV6
                assert all(r.ours for r in same_key)
                for r in same_key:
                    del self.table[r]
                self.table[route] = None
            case Change.DELETE:
                assert route.ours
                del self.table[route]
        self.actions.append((self.now, action))
        if had is not None and self.best(route.family) is None:
            raise GapError(f"{self.now}: {action}")

    def _interface(self, name: str) -> str:
        return self._interfaces[name]

    def _add_lines(self, rules: Policy) -> None:
        for u in rules.uplinks:
            self._interfaces[u.name] = u.interface
            self.lines.setdefault(u.interface, Line(link=LinkState(u.interface)))

    def _at(self, time: float, call: Callable[[], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (time, self._count, call))

    def _schedule_probes(self) -> None:
        self._generation += 1
        for number, u in enumerate(self.policy.uplinks):
            for probe in self.policy.probes:
                start = self.now + self._phase(number) * probe.interval
                pace = Pace(probe, self.policy.rules)
                self._at(start, self._repeating(u, probe, start, pace, self._generation))

    def _repeating(
        self, u: Uplink, probe: Probe, due: float, pace: Pace, generation: int
    ) -> Callable[[], None]:
        def again(outcome: RoundOutcome) -> None:
            after = due + pace.after(outcome)
            self._at(after, self._repeating(u, probe, after, pace, generation))

        def send() -> None:
            if generation == self._generation:
                self._send(u, probe, again)

        return send

    def _round_of(self, name: str) -> Callable[[], None]:
        u = next(u for u in self.policy.uplinks if u.name == name)

        def send() -> None:
            for probe in self.policy.probes:
                self._send(u, probe, lambda _: None)

        return send

    def _send(self, u: Uplink, probe: Probe, then: Callable[[RoundOutcome], None]) -> None:
        sent_at = self.now
        line = self.lines[u.interface]
        state = line.link

        def told(outcome: RoundOutcome, reason: str) -> Callable[[], None]:
            def tell() -> None:
                found = outcome
                # The answer was lost if the line went while it was under way.
                if found is RoundOutcome.GOOD and not (line.works and line.link.connected):
                    self._at(sent_at + probe.timeout, told(RoundOutcome.FAILED, "no answer"))
                    return
                self.tell(Round(self.now, u.name, probe.name, sent_at, found, (), reason))
                then(found)

            return tell

        if line.unknown:
            self._at(sent_at + RTT, told(RoundOutcome.UNKNOWN, "delayed"))
        elif not (state.present and state.up):
            self._at(sent_at, told(RoundOutcome.FAILED, "link down"))
        elif line.works and state.carrier:
            self._at(sent_at + RTT, told(RoundOutcome.GOOD, ""))
        else:
            self._at(sent_at + probe.timeout, told(RoundOutcome.FAILED, "no answer"))
