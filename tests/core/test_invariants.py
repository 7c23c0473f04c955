"""What must hold in every world: hypothesis breaks lines, links and tables as it likes.

That there is never a moment without a default route is asserted by the world itself, after every
single route action.
"""

from collections.abc import Callable
from math import inf

from hypothesis import example, given, settings
from hypothesis import strategies as st

from route_switcher.core.vocabulary.events import Event, Round, Routes
from route_switcher.core.vocabulary.orders import Release, Switch
from route_switcher.core.vocabulary.outputs import Decision
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.routes import Change, Route, RouteAction
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.uplinks import DEMOTION, Family
from support.keys import v4
from support.leaving import check_no_lost_link_is_kept, refuge
from support.world import World, policy, uplink

NAMES = ("primary", "secondary", "tertiary")
FAILURES, STABLE = 3, 12.0
POLICY = policy(*(uplink(n, i) for i, n in enumerate(NAMES)), stable=STABLE)
FOREIGN = Route(Family.IPV4, "eth2", None, 500, protocol=16)

HOLDS = {"hold-own": 0, "hold-demoted": DEMOTION}
"""Somebody puts a route of theirs at a metric of ours."""

DEEDS = (
    *("cut", "mend", "silence", "speak", "unplug", "plug", "down", "remove", "take-away", "flush"),
    *("refuse", "accept", "order", "force", "release", "reverse", "shrink", "restore"),
    *("refuse-own", "refuse-demoted", *HOLDS, "free"),
)

CHANGES = ("refuse", "refuse-own", "refuse-demoted", *HOLDS, "free", "reverse", "shrink", "restore")
"""What leaves routes that a restart cannot know to be of an uplink of the policy."""

Step = tuple[float, str, str]

names = st.sampled_from(NAMES)
pauses = st.floats(0, 8, allow_nan=False)
lines = st.tuples(
    pauses, st.sampled_from(["cut", "mend", "silence", "speak", "unplug", "plug"]), names
)
here = st.tuples(pauses, st.sampled_from([d for d in DEEDS if d not in CHANGES]), names)
everything = st.tuples(pauses, st.sampled_from(DEEDS), names)
phases = st.lists(st.floats(0, 0.99), min_size=3, max_size=3)


def reversed_policy() -> Policy:
    return policy(
        *(uplink(n, i, metric=10 * (4 - i)) for i, n in reversed(list(enumerate(NAMES)))),
        stable=STABLE,
    )


def refuse(name: str) -> Callable[[RouteAction], str | None]:
    interface = f"eth{NAMES.index(name)}"

    def why(action: RouteAction) -> str | None:
        mine = action.route.interface == interface and action.change is not Change.DELETE
        return "refused" if mine else None

    return why


def refuse_at(metric: int) -> Callable[[RouteAction], str | None]:
    def why(action: RouteAction) -> str | None:
        mine = action.route.metric == metric and action.change is not Change.DELETE
        return "refused" if mine else None

    return why


class Watched(World):
    """A world that checks every decision as it falls, and keeps what the engine was told."""

    def __init__(self, rules: Policy, phase: list[float], found: tuple[Route, ...] = ()) -> None:
        self.rounds: list[Round] = []
        self._absent: dict[str, float] = {}
        super().__init__(rules, found=found, phase=lambda number: phase[number % len(phase)])

    def _tell(self, event: Event) -> None:
        if isinstance(event, Routes):
            present = {route.interface for route in event.routes}
            gone = [
                interface for interface in self._interfaces.values() if interface not in present
            ]
            self._absent |= dict.fromkeys(gone, event.at)
        # A round during which the standing route was absent says nothing.
        if isinstance(event, Round) and event.sent_at >= self._absent.get(
            self._interface(event.uplink.name), 0.0
        ):
            self.rounds.append(event)
        known = len(self.outputs)
        super()._tell(event)
        for output in self.outputs[known:]:
            if isinstance(output, Decision):
                self._check(output)
        check_no_lost_link_is_kept(self.engine, self.now)
        self._check_table()

    def _check(self, decision: Decision) -> None:
        free = decision.cause in (Cause.OPERATOR, Cause.REFUSED, Cause.REMOVED, Cause.RESTART)
        if free or decision.previous is None:
            return
        if self.status().health(v4(decision.previous)).link_lost:
            best = refuge(self.engine, decision.family, decision.previous, decision.at)
            admission = self.engine._families[decision.family].admission
            # What the kernel has refused by now was not refused when it was selected.
            health = next(
                h
                for h in self.engine._families[decision.family].healths
                if h.uplink.name == decision.selected
            )
            since_refused = admission.refused(health)
            assert decision.selected == best or since_refused
            return
        left = self.status().health(v4(decision.previous)).state
        taken = self.status().health(v4(decision.selected)).state
        assert taken in (UplinkState.HEALTHY, UplinkState.RECOVERING)
        if left in (UplinkState.HEALTHY, UplinkState.UNKNOWN):
            assert taken is UplinkState.HEALTHY
        latest = [
            r for r in self.rounds
            if r.uplink.name == decision.selected and r.outcome is not RoundOutcome.UNKNOWN
        ][-1]  # fmt: skip
        assert latest.outcome is RoundOutcome.GOOD
        assert decision.since is None or latest.sent_at >= decision.since

    def _check_table(self) -> None:
        """The kernel takes the active uplink, unless a foreign route decides, which is told; and
        each uplink has one route where it can."""
        for plan in self.engine.plans():
            active, best = plan.active, self.best(plan.family)
            ours = {r for r in self.table if r.ours and r.family is plan.family}
            if active is None or best is None or active not in self.table:
                continue
            if active.ours:
                assert min(ours, key=lambda r: r.metric) == active
            if (best.interface, best.gateway) != (active.interface, active.gateway):
                assert any(f"foreign route in the way: {best} " in text for text in self.notices())
            instead = {w.route.interface: w.route for w in plan.routes}
            for left in ours - {w.route for w in plan.routes}:
                assert instead[left.interface] not in ours

    def hold(self, name: str, above: int) -> None:
        """A foreign route takes the place of ours, as by `ip route replace`."""
        own = next((u for u in POLICY.uplinks if u.name == name), POLICY.uplinks[0])
        line = POLICY.uplinks[(own.metric // 10) % len(NAMES)]
        theirs = Route(
            Family.IPV4, line.interface, line.written_gateway, own.metric + above, protocol=16
        )
        self.table.take_away(*[r for r in self.table if r.metric == theirs.metric])
        self.put(theirs)

    def free(self) -> None:
        """All of them go."""
        self.take_away(*[r for r in self.table if not r.ours and r != FOREIGN])

    def do(self, step: Step) -> None:
        pause, what, name = step
        self.run(self.now + pause)
        known = {u.name for u in self.policy.uplinks}
        match what:
            case "cut":
                self.cut(name)
            case "mend":
                self.mend(name)
            case "silence":
                self.silence(name)
            case "speak":
                self.silence(name, silent=False)
            case "unplug" if name in known:
                self.link(name, carrier=False)
            case "plug" if name in known:
                self.link(name)
            case "down" if name in known:
                self.link(name, up=False, carrier=False)
            case "remove" if name in known:
                self.link(name, present=False, up=False, carrier=False)
            case "take-away":
                self.take_away(*[r for r in self.table if r.interface == self._interface(name)])
            case "flush":
                self.take_away(*self.table)
            case "refuse":
                self.refusing = refuse(name)
            case "refuse-own":
                self.refusing = refuse_at(10 * (NAMES.index(name) + 1))
            case "refuse-demoted":
                self.refusing = refuse_at(10 * (NAMES.index(name) + 1) + DEMOTION)
            case "hold-own" | "hold-demoted":
                self.hold(name, HOLDS[what])
            case "free":
                self.free()
            case "accept":
                self.refusing = lambda _: None
            case "order":
                self.tell(Switch(self.now, name, until=self.now + 30))
            case "force":
                self.tell(Switch(self.now, name, until=inf, force=True))
            case "release":
                self.tell(Release(self.now, name))
            case "reverse":
                self.reload(reversed_policy())
            case "shrink":
                self.reload(policy(uplink(name, NAMES.index(name)), stable=STABLE))
            case "restore":
                self.reload(POLICY)

    def all_well(self) -> None:
        """Everything works again, and nobody orders anything."""
        self.refusing = lambda _: None
        self.free()
        self.reload(POLICY)
        for name in NAMES:
            self.mend(name)
            self.silence(name, silent=False)
            self.link(name)
            self.tell(Release(self.now, name))


@settings(max_examples=60, deadline=None)
@given(st.lists(everything, max_size=12), phases, st.booleans())
@example(
    [
        (0, "cut", "secondary"),
        (0, "cut", "tertiary"),
        (0, "force", "secondary"),
        (2, "unplug", "primary"),
    ],
    [0, 0, 0],
    False,
)
def test_whatever_happens_every_decision_is_sound_and_all_ends_well(
    steps: list[Step], phase: list[float], foreign: bool
) -> None:
    world = Watched(POLICY, phase, (FOREIGN,) if foreign else ())
    for step in steps:
        world.do(step)
    world.all_well()
    before = len(world.decisions())
    world.run(world.now + STABLE + 5)
    # The recover condition holds and nothing holds it back: fail-back, once.
    assert world.active() == "primary"
    after = [d for d in world.decisions()[before:] if d.cause is Cause.PREFERENCE]
    assert [d.selected for d in after].count("primary") <= 1
    assert world.metrics() == {"eth0": 10, "eth1": 20, "eth2": 30}
    settled = len(world.decisions())
    world.run(world.now + 100)
    assert len(world.decisions()) == settled


@settings(max_examples=60, deadline=None)
@given(st.lists(lines, max_size=12), phases)
def test_no_switch_comes_sooner_than_the_thresholds_allow(
    steps: list[Step], phase: list[float]
) -> None:
    world = Watched(POLICY, phase)
    unplugged: dict[str, list[float]] = {name: [] for name in NAMES}
    for step in steps:
        world.do(step)
        if step[1] == "unplug":
            unplugged[step[2]].append(world.now)
    world.run(world.now + 40)
    for decision in world.decisions():
        told = [r for r in world.rounds if r.at <= decision.at and r.outcome is not _UNKNOWN]
        if decision.cause in (Cause.FAILOVER, Cause.FIRST_ANSWER):
            assert decision.previous is not None
            lost = [at for at in unplugged[decision.previous] if at <= decision.at]
            assert lost or _ever_failed(told, decision.previous)
        if decision.cause is Cause.PREFERENCE and decision.previous is not None:
            mine = [r for r in told if r.uplink.name == decision.selected]
            covered = _covered(mine)
            first_ever = _never_failed(world, decision)
            assert covered >= STABLE or first_ever


_UNKNOWN = RoundOutcome.UNKNOWN


def _ever_failed(rounds: list[Round], name: str) -> bool:
    run = 0
    for r in rounds:
        if r.uplink.name == name:
            run = run + 1 if r.outcome is RoundOutcome.FAILED else 0
            if run >= FAILURES:
                return True
    return False


def _covered(rounds: list[Round]) -> float:
    """Seconds that the latest good rounds cover."""
    end = rounds[-1].at
    begin = rounds[-1].sent_at
    for r in reversed(rounds):
        if r.outcome is not RoundOutcome.GOOD:
            break
        begin = r.sent_at
    return end - begin


def _never_failed(world: Watched, decision: Decision) -> bool:
    states = [
        after
        for at, _, after in world.rule_changes(decision.selected)
        if at < decision.at and after in ("failed", "recovering")
    ]
    return not states


@settings(max_examples=60, deadline=None)
@given(
    st.floats(5, 30, allow_nan=False),
    phases,
    st.integers(2, 5),
    st.sampled_from([0.2, 1.0]),
)
def test_all_lines_cut_at_one_instant_move_nothing(
    at: float, phase: list[float], failures: int, timeout: float
) -> None:
    cut = policy(*POLICY.uplinks, failures=failures, timeout=timeout)
    world = Watched(cut, phase)
    world.run(at)
    world.cut(*NAMES)
    world.run(at + 60)
    assert world.switches() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(here, max_size=15), phases)
def test_a_restart_at_any_moment_moves_nothing(steps: list[Step], phase: list[float]) -> None:
    world = Watched(POLICY, phase)
    for step in steps:
        world.do(step)
    links = [world.link_of(u.interface) for u in POLICY.uplinks]
    again = World(POLICY, found=tuple(world.table), links=links)
    best = world.best()
    if best is not None and best.metric < DEMOTION:
        # Usually the active uplink's; if that has lost its route, the kernel goes by the next.
        first = again.decisions()[0]
        assert first.cause is Cause.RESTART
        assert again.status().health(v4(first.selected)).uplink.interface == best.interface
        # A lost link is left by the new engine too: it knows of no order that kept traffic there.
        assert again.best() == best or again.status().health(v4(first.selected)).link_lost


held = st.tuples(pauses, st.sampled_from([*HOLDS, "free", "take-away"]), names)


@settings(max_examples=60, deadline=None)
@given(st.lists(held, max_size=20), phases)
def test_foreign_routes_at_our_metrics_move_nothing(steps: list[Step], phase: list[float]) -> None:
    world = Watched(POLICY, phase).run(5)
    for step in steps:
        world.do(step)
    world.free()
    world.run(world.now + 100)
    assert world.switches() == []
    assert world.metrics() == {"eth0": 10, "eth1": 20, "eth2": 30}


possible = st.tuples(pauses, st.sampled_from(["refuse", "accept", "take-away"]), names)


@settings(max_examples=60, deadline=None)
@given(st.lists(possible, max_size=20), phases)
def test_an_uplink_whose_route_comes_and_goes_is_chosen_once_in_a_stable_time(
    steps: list[Step], phase: list[float]
) -> None:
    world = Watched(POLICY, phase).run(5)
    for step in steps:
        world.do(step)
    world.run(world.now + 20)
    chosen: dict[str, float] = {}
    for decision in world.decisions():
        if decision.cause in (Cause.PREFERENCE, Cause.BETTER):
            last = chosen.get(decision.selected, -STABLE)
            assert decision.at - last >= STABLE
        chosen[decision.selected] = decision.at
