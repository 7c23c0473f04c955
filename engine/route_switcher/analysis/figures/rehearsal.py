"""Times for which there is no formula: faults played in the virtual world, at many instants.

Several probes, rules that slow each other's rounds down, and a `for` within a condition interact
in ways that only the core itself knows.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from itertools import takewhile

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.monitoring import Fault, Times, UplinkMonitoring, monitoring_of
from route_switcher.core.probing.pace import slowest_interval
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf, Condition
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.outputs import Output, RuleChange
from route_switcher.core.vocabulary.policy import HoldBack, Policy
from route_switcher.core.vocabulary.probes import Target
from route_switcher.core.vocabulary.states import RuleState, Speed
from route_switcher.core.vocabulary.uplinks import GatewayMode, UplinkId
from route_switcher.virtual.world import World

_INSTANTS = (23, 11, 7)
"""How many instants are tried, as many as can be afforded. Primes, so that the instants fall on
every part of every interval, also where one interval is a multiple of another."""

_MOST_ROUNDS = 10_000
"""Rounds that are played for one uplink and fault: less than half a second."""

_NEAR = 1.02
"""By what factor a formula may differ from the mean of some instants and be right."""

_RTT = 0.001

_GRID = 1e-5
"""What times in the virtual world are rounded by, in seconds, and a little more."""


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What was seen of one rule."""

    fails: Times
    returns: Times
    """Seen only through an uplink that was active; else as computed."""


@cache
def rehearse(policy: Policy, uplink: str, fault: Fault, speed: Speed) -> Mapping[str, Rehearsed]:
    """What the rules of an uplink that is asked at `speed` make of a silent outage, or of a lost
    carrier: by their names. Nothing where that would take too long to find out, or where one does
    not fail, or does not come back, in any time that could be foreseen.
    """
    stage = _stage(policy, uplink, speed)
    monitoring = monitoring_of(stage, uplink)
    fails = {
        r.name: t for r in monitoring.rules if (t := time_to_fail(monitoring, r, fault, speed))
    }
    returns = {
        r.name: t
        for r in monitoring.rules
        if r.name in fails and (t := time_to_return(monitoring, r, fault))
    }
    if fault is Fault.SLOW or not fails or not returns:
        return {}
    longest = max(t.worst for t in fails.values()) + max(t.worst for t in returns.values())
    begun = 3 * max(slowest_interval(p) for p in monitoring.probes)
    settled = _longest_window(monitoring) + begun
    instants = _affordable(stage, begun + settled + longest)
    mended = speed is not Speed.STANDBY
    plays = (
        _Play(stage, uplink, fault, frozenset(fails), 3 * longest + settled).at(
            begun + _instant(monitoring, number, instants),
            settled + _after(monitoring, (5 * number % instants + 0.5) / instants)
            if mended
            else None,
        )
        for number in range(instants)
    )
    seen = [play for play in takewhile(bool, plays) if play is not None]
    if not seen or len(seen) < instants:
        return {}
    # An instant between those that were tried may be that much worse.
    between = max(slowest_interval(p) for p in monitoring.probes) / instants
    late = max(p.timeout for p in monitoring.probes) + between
    return {
        name: Rehearsed(
            _times([failed[name] for failed, _ in seen], between, fails[name]),
            _times([back[name] for _, back in seen], late, returns[name])
            if mended
            else returns[name],
        )
        for name in fails
    }


def _times(seen: list[float], more: float, computed: Times) -> Times:
    """What was seen, by the numbers of the formula where that comes as near."""
    mean, most = sum(seen) / len(seen), max(seen)
    worst = most + more
    return Times(
        computed.typical if mean / _NEAR <= computed.typical <= mean * _NEAR else mean,
        computed.worst if most - _GRID <= computed.worst <= worst * _NEAR else worst,
    )


def _stage(policy: Policy, uplink: str, speed: Speed) -> Policy:
    """The uplink and another of its family; the one that is to be active comes first."""
    star = next(u for u in policy.uplinks if u.name == uplink)
    others = [u for u in policy.uplinks_of(star.family) if u is not star][:1]
    cast = [*others, star] if speed is Speed.STANDBY else [star, *others]
    metrics = sorted(u.metric for u in cast)
    # Next hops are no part of it: one that is learned would be waited for.
    uplinks = tuple(
        replace(u, metric=m, gateway=GatewayMode.NONE) for u, m in zip(cast, metrics, strict=True)
    )
    rules = tuple(replace(r, uplinks=(uplink,)) for r in policy.rules_for(uplink))
    return replace(policy, uplinks=uplinks, rules=rules, hold_back=HoldBack())


def _longest_window(monitoring: UplinkMonitoring) -> float:
    conditions = [
        c for r in monitoring.rules for c in (r.fail, r.recover.condition) if c is not None
    ]
    windows = [leaf.window or 0.0 for rule in monitoring.rules for leaf in rule.leaves]
    return max(windows, default=0.0) + max((_held(c) for c in conditions), default=0.0)


def _held(condition: Condition) -> float:
    """The longest time that parts of a condition must hold, one after the other."""
    if isinstance(condition, AnyOf | AllOf):
        return condition.for_seconds + max(_held(part) for part in condition.conditions)
    return condition.for_seconds


def _affordable(stage: Policy, seconds: float) -> int:
    """How many instants can be afforded if each takes so many seconds; 0: too few."""
    rate = sum(1 / p.interval for u in stage.uplinks for p in stage.probes_through(u.name))
    return next((n for n in _INSTANTS if n * rate * seconds <= _MOST_ROUNDS), 0)


def _instant(monitoring: UplinkMonitoring, number: int, of: int) -> float:
    """When a fault begins: on every part of the longest interval."""
    interval = max(max(p.interval, p.standby_interval) for p in monitoring.probes)
    return interval * (number % 3 + (number + 0.5) / of)


def _after(monitoring: UplinkMonitoring, share: float) -> float:
    """How much longer than it must a fault lasts: every part of the longest interval."""
    return share * max(p.down_interval for p in monitoring.probes)


class _Play:
    """One fault and its end, in a world of its own; `rules` are those that see it."""

    def __init__(
        self, stage: Policy, uplink: str, fault: Fault, rules: frozenset[str], patience: float
    ) -> None:
        self._uplink = next(u for u in stage.uplinks if u.name == uplink)
        self._fault = fault
        self._rules = rules
        self._patience = patience
        probes = stage.probes_through(uplink)
        self._step = max(p.interval for p in probes)
        self._works = True
        self._failed: dict[str, float] = {}
        self._ok: dict[str, float] = {}
        self._world = World(stage, self, self._note)

    def answer(self, uplink: UplinkId, probe: str, target: Target, sent_at: float) -> float | None:
        """What becomes of one target of a round (`virtual.internet.Internet`)."""
        return _RTT if self._works or uplink != self._uplink.id else None

    def at(
        self, instant: float, lasts: float | None
    ) -> tuple[dict[str, float], dict[str, float]] | None:
        """Seconds until each rule failed after a fault at `instant`, and until it was ok after the
        end, which comes so long after the last one failed, if ever. None: it takes too long."""
        world = self._world
        world.run_before(instant)
        self._break(works=False)
        self._failed.clear()
        self._ok.clear()
        if not self._run(self._failed):
            return None
        failed = {name: at - instant for name, at in self._failed.items()}
        if lasts is None:
            return failed, {}
        mended = instant + max(failed.values()) + lasts
        world.run_before(mended)
        self._ok.clear()
        self._break(works=True)
        if not self._run(self._ok):
            return None
        return failed, {name: at - mended for name, at in self._ok.items()}

    def _break(self, *, works: bool) -> None:
        self._works = works
        if not works:
            self._world.lose(self._uplink.id)
        if self._fault is Fault.UNPLUGGED:
            self._world.set_links(LinkState(self._uplink.interface, carrier=works))

    def _run(self, seen: dict[str, float]) -> bool:
        """Whether all rules are `seen` before patience is lost."""
        world = self._world
        end = world.now + self._patience
        while len(seen) < len(self._rules) and world.now < end:
            world.run(world.now + self._step)
        return len(seen) == len(self._rules)

    def _note(self, output: Output) -> None:
        if not isinstance(output, RuleChange) or output.uplink != self._uplink.id:
            return
        if output.rule in self._rules and output.after is RuleState.FAILED:
            self._failed.setdefault(output.rule, output.at)
            self._ok.pop(output.rule, None)
        elif output.rule in self._rules and output.after is RuleState.OK:
            self._ok[output.rule] = output.at
