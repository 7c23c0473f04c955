"""Whether a condition holds: an evaluator for each condition, over what a rule has observed.

An evaluator that measures how long something has held must see every change of it. So all
evaluators of a rule are asked at every event that concerns it, also when one of them has decided.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import Protocol, assert_never

from route_switcher.core.health.measurements import Measurements
from route_switcher.core.vocabulary.conditions import (
    AllOf,
    AnyOf,
    Beyond,
    CarrierDown,
    CarrierUp,
    Condition,
    ConsecutiveFailures,
    ConsecutiveSuccesses,
    NextHopAbsent,
    Subject,
    Within,
    leaves,
    takes_time,
)
from route_switcher.core.vocabulary.events import LinkState
from route_switcher.core.vocabulary.link_troubles import describe_link


@dataclass(slots=True)
class Run:
    """The latest known rounds of one probe that came to the same."""

    failures: int = 0
    successes: int = 0
    failing_since: float = inf
    """When the first of the failed ones was sent; inf: the latest was good."""
    reason: str = ""
    """Why the latest failed round failed."""


@dataclass(slots=True)
class Observations:
    """What one rule knows of its uplink."""

    link: LinkState
    gap: float
    """Seconds after which a known round tells nothing of now."""
    absent: str = ""
    """Why there is no next hop or no address, in words; empty: there is, or the link is lost."""
    known_at: float = -inf
    """When the latest known round was sent."""
    runs: dict[str, Run] = field(default_factory=dict)
    """By the name of the probe."""
    measurements: dict[tuple[str, float], Measurements] = field(default_factory=dict)
    """By the name of the probe and the length of the window."""


class Evaluator(Protocol):
    """Says whether one condition holds."""

    def holds(self, at: float) -> bool:
        """Whether it holds, by the facts as they are at `at`."""
        ...

    def deadline(self) -> float:
        """When it may come to hold by time alone; inf: never."""
        ...

    def restart(self) -> None:
        """Forget how long it has held, if that was known from rounds."""
        ...

    def evidence(self) -> str:
        """What is known of it, in words."""
        ...


class _Timeless:
    def deadline(self) -> float:
        return inf

    def restart(self) -> None:
        pass


class _Failures(_Timeless):
    def __init__(self, condition: ConsecutiveFailures, observations: Observations) -> None:
        self._run = observations.runs[condition.probe]
        self._enough = condition.failures

    def holds(self, at: float) -> bool:
        return self._run.failures >= self._enough

    def evidence(self) -> str:
        rounds = "1 round" if self._enough == 1 else f"{self._enough} rounds in a row"
        return f"{rounds} failed: {self._run.reason}"


class _Successes(_Timeless):
    def __init__(self, condition: ConsecutiveSuccesses, observations: Observations) -> None:
        self._run = observations.runs[condition.probe]
        self._enough = condition.successes

    def holds(self, at: float) -> bool:
        return self._run.successes >= self._enough

    def evidence(self) -> str:
        rounds = "1 good round" if self._enough == 1 else f"{self._enough} good rounds"
        return f"{rounds} in a row"


class _Window(_Timeless):
    def __init__(self, condition: Beyond | Within, observations: Observations) -> None:
        self._measurements = observations.measurements[condition.probe, condition.over]
        self._measure = condition.measure
        self._limit = condition.limit

    def evidence(self) -> str:
        return self._measurements.describe(self._measure)


class _Beyond(_Window):
    def holds(self, at: float) -> bool:
        return self._measurements.beyond(self._measure, self._limit)


class _Within(_Window):
    def holds(self, at: float) -> bool:
        return self._measurements.within(self._measure, self._limit)


class _Carrier(_Timeless):
    def __init__(self, condition: CarrierDown | CarrierUp, observations: Observations) -> None:
        self._observations = observations
        self._connected = isinstance(condition, CarrierUp)

    def holds(self, at: float) -> bool:
        return self._observations.link.connected is self._connected

    def evidence(self) -> str:
        return describe_link(self._observations.link)


class _NextHop(_Timeless):
    def __init__(self, observations: Observations) -> None:
        self._observations = observations

    def holds(self, at: float) -> bool:
        return bool(self._observations.absent)

    def evidence(self) -> str:
        return self._observations.absent


class _Group:
    def __init__(self, condition: AnyOf | AllOf, observations: Observations) -> None:
        its = [(part, make_evaluator(part, observations)) for part in condition.conditions]
        self._parts = [part for _, part in its]
        self._timed = [part for of_it, part in its if takes_time(of_it)]
        self._combine: Callable[[Sequence[bool]], bool] = (
            any if isinstance(condition, AnyOf) else all
        )
        self._held: list[bool] = []

    def holds(self, at: float) -> bool:
        self._held = [part.holds(at) for part in self._parts]
        return self._combine(self._held)

    def deadline(self) -> float:
        earliest = inf
        for part in self._timed:
            earliest = min(earliest, part.deadline())
        return earliest

    def restart(self) -> None:
        for part in self._parts:
            part.restart()

    def evidence(self) -> str:
        """Of the parts that hold; of all while none does."""
        pairs = list(zip(self._parts, self._held, strict=True))
        told = [part for part, held in pairs if held] or self._parts
        return " and ".join(part.evidence() for part in told)


class _Held:
    """Holds once the evaluator of a condition has held, without a break, as long as it must."""

    def __init__(
        self, evaluator: Evaluator, condition: Condition, observations: Observations
    ) -> None:
        self._evaluator = evaluator
        self._observations = observations
        self._seconds = condition.for_seconds
        self._by_rounds = any(leaf.probe is not None for leaf in leaves(condition))
        self._until = inf
        self._asked_at = -inf

    def holds(self, at: float) -> bool:
        # A round may be told late: time does not go back, and what was found goes on to hold.
        at = self._asked_at = max(at, self._asked_at)
        stale = self._by_rounds and at - self._observations.known_at > self._observations.gap
        if not self._evaluator.holds(at) or stale:
            self._until = inf
            return False
        if self._until == inf:
            self._until = at + self._seconds
        return at >= self._until

    def deadline(self) -> float:
        inner = self._evaluator.deadline()
        return min(inner, self._until) if self._until > self._asked_at else inner

    def restart(self) -> None:
        if self._by_rounds:
            self._until = inf
        self._evaluator.restart()

    def evidence(self) -> str:
        return f"{self._evaluator.evidence()}, for {self._seconds:g} s"


def make_evaluator(condition: Condition, observations: Observations) -> Evaluator:
    """The evaluator of `condition`. `observations` has a run and measurements for all it names."""
    evaluator = _make_evaluator(condition, observations)
    return _Held(evaluator, condition, observations) if condition.for_seconds else evaluator


def _make_evaluator(condition: Condition, observations: Observations) -> Evaluator:
    match condition:
        case ConsecutiveFailures():
            return _Failures(condition, observations)
        case ConsecutiveSuccesses():
            return _Successes(condition, observations)
        case Beyond():
            return _Beyond(condition, observations)
        case Within():
            return _Within(condition, observations)
        case CarrierDown() | CarrierUp():
            return _Carrier(condition, observations)
        case NextHopAbsent():
            return _NextHop(observations)
        case AnyOf() | AllOf():
            return _Group(condition, observations)
        case _:
            assert_never(condition)


def may_still_fail(condition: Condition, observations: Observations) -> bool:
    """Whether the latest rounds, and the link, are such that the condition might come to hold: of
    several probes that must all fail for it, all do."""
    if isinstance(condition, AnyOf | AllOf):
        combine = any if isinstance(condition, AnyOf) else all
        return combine(may_still_fail(part, observations) for part in condition.conditions)
    if condition.subject is Subject.NEXT_HOP:
        return bool(observations.absent)
    if condition.probe is None:
        return not observations.link.connected
    return observations.runs[condition.probe].failures > 0
