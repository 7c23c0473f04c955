"""Runs a scenario in virtual time, and says which of its expectations did not come true."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from route_switcher.core.messages import describe
from route_switcher.core.vocabulary.effects import RunHook
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.next_hops import NextHop
from route_switcher.core.vocabulary.outputs import Decision, Notice, Output, RuleChange
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.policy.problems import Span
from route_switcher.scenarios.assertions import MOMENT, Checker, Decisions, expected, when
from route_switcher.scenarios.coverage import Coverage
from route_switcher.scenarios.internet import WrittenInternet
from route_switcher.scenarios.scenario import (
    LinkEvent,
    LinkWord,
    NextHopEvent,
    ReleaseEvent,
    ReloadEvent,
    RestartEvent,
    Scenario,
    SwitchEvent,
)
from route_switcher.text.durations import clock
from route_switcher.virtual.next_hops import Line
from route_switcher.virtual.world import World

EVIDENCE = 6
"""Of what the engine said before, so many lines are shown."""


@dataclass(frozen=True, slots=True)
class Failure:
    """An expectation that did not come true."""

    span: Span
    when: str
    expected: str
    seen: str
    evidence: tuple[str, ...]
    """What the engine had said last when it went wrong, in the words of the daemon's log."""

    @property
    def message(self) -> str:
        """What was expected when, and what was seen."""
        return f"{self.when}: expected {self.expected}, but {self.seen}"


def run_scenario(
    scenario: Scenario,
    policy: Policy,
    coverage: Coverage | None = None,
) -> tuple[Failure, ...]:
    """Run a scenario; `coverage` takes what it reaches."""
    return tuple(_Run(scenario, policy, coverage).failures())


@dataclass(slots=True)
class _Record:
    """What the engine has said so far."""

    coverage: Coverage | None
    decisions: Decisions = field(default_factory=Decisions)
    said: list[Decision | RuleChange | Notice] = field(default_factory=list)

    def on_output(self, output: Output) -> None:
        if self.coverage is not None:
            self.coverage.watch(output)
        if isinstance(output, Decision):
            self.decisions.made.append(output)
        if isinstance(output, RunHook) and output.moment not in self.decisions.told[-1:]:
            self.decisions.told.append(output.moment)
        if isinstance(output, Decision | RuleChange | Notice):
            self.said.append(output)

    def evidence(self, until: float, policy: Policy) -> tuple[str, ...]:
        """What was said last, up to a moment (seconds)."""
        latest = [output for output in self.said if output.at <= until][-EVIDENCE:]
        return tuple(f"{clock(output.at):>9}  {describe(output, policy)}" for output in latest)


class _Run:
    """One run of one scenario."""

    def __init__(self, scenario: Scenario, policy: Policy, coverage: Coverage | None) -> None:
        self._scenario = scenario
        self._families = {name: policy.families_of(name) for name in policy.names}
        self._interfaces = {uplink.name: uplink.interface for uplink in policy.uplinks}
        self._internet = WrittenInternet(scenario, policy)
        self._record = _Record(coverage)
        self._events = deque(scenario.events)
        links = self._links_from_the_start()
        hops = self._hops_from_the_start()
        overhear = None
        if coverage is not None:
            coverage.begin()
            overhear = coverage.overhear
        self._world = World(
            policy,
            self._internet,
            self._record.on_output,
            links=links.values(),
            next_hops=hops,
            overhear=overhear,
        )
        self._judge = Checker(self._world, self._record.decisions, self._families)

    def failures(self) -> Iterator[Failure]:
        """Run it, and tell of what does not come true as soon as that is certain."""
        for expectation in sorted(self._scenario.expectations, key=lambda e: e.until):
            self._run_to(expectation.until)
            for assertion in expectation.assertions:
                check = self._judge.check(assertion, expectation)
                if check is not None:
                    yield Failure(
                        assertion.span,
                        when(expectation),
                        expected(assertion),
                        check.seen,
                        self._record.evidence(check.at, self._world.policy),
                    )

    # Events.

    def _links_from_the_start(self) -> dict[str, LinkState]:
        links: dict[str, LinkState] = {}
        while self._events and self._events[0][0] == 0:
            happening = self._events[0][1]
            if not isinstance(happening, LinkEvent):
                break
            self._events.popleft()
            interface = self._interfaces[happening.uplink]
            link = links.get(interface, LinkState(interface))
            links[interface] = self._changed(link, happening)
        return links

    def _hops_from_the_start(self) -> dict[Line, NextHop | None]:
        hops: dict[Line, NextHop | None] = {}
        while self._events and self._events[0][0] == 0:
            happening = self._events[0][1]
            if not isinstance(happening, NextHopEvent):
                break
            self._events.popleft()
            hops |= self._hops(happening)
        return hops

    def _run_to(self, until: int) -> None:
        while self._events and self._events[0][0] <= until:
            at, happening = self._events.popleft()
            self._world.run_before(at / 1e9)
            if isinstance(happening, LinkEvent):
                self._world.set_links(*self._with_those_after(at, happening))
            else:
                self._carry_out(happening)
        self._world.run(until / 1e9 + MOMENT)

    def _with_those_after(self, at: int, happening: LinkEvent) -> Iterator[LinkState]:
        """What becomes of a link, and of those that change right after it at the same instant."""
        links: dict[str, LinkState] = {}
        while True:
            name = self._interfaces[happening.uplink]
            link = links.get(name) or self._world.link_of(name)
            links[name] = self._changed(link, happening)
            yield links[name]
            if not self._events or self._events[0][0] != at:
                return
            following = self._events[0][1]
            if not isinstance(following, LinkEvent):
                return
            happening = following
            self._events.popleft()

    def _carry_out(
        self, happening: NextHopEvent | SwitchEvent | ReleaseEvent | RestartEvent | ReloadEvent
    ) -> None:
        world = self._world
        match happening:
            case NextHopEvent():
                world.set_next_hops(self._hops(happening))
            case SwitchEvent():
                world.switch(happening.uplink, seconds=happening.seconds, force=happening.force)
            case ReleaseEvent():
                world.release(happening.uplink)
            case RestartEvent():
                world.restart()
            case ReloadEvent():
                self._families |= {
                    n: happening.policy.families_of(n) for n in happening.policy.names
                }
                self._interfaces |= {u.name: u.interface for u in happening.policy.uplinks}
                self._internet.apply_policy(happening.policy)
                world.reload(happening.policy)

    def _hops(self, happening: NextHopEvent) -> dict[Line, NextHop | None]:
        hop = None if happening.gateway is None else NextHop(happening.gateway)
        interface = self._interfaces[happening.uplink]
        return {(interface, family): hop for family in happening.families}

    def _changed(self, link: LinkState, happening: LinkEvent) -> LinkState:
        name = link.interface
        match happening.becomes:
            case LinkWord.CONNECTED:
                return LinkState(name)
            case LinkWord.UNPLUGGED:
                return LinkState(name, carrier=False, families=link.families)
            case LinkWord.DOWN:
                return LinkState(name, up=False, carrier=False, families=link.families)
            case LinkWord.MISSING:
                return LinkState.missing(name)
            case LinkWord.WITHOUT_ADDRESS:
                left = link.families.difference(self._families[happening.uplink])
                return LinkState(name, link.present, link.up, link.carrier, left)
