"""What can be said of an uplink so that a rule fails or recovers: declarative, nothing to evaluate.

A condition is a small tree: leaves about the rounds of a probe, about what its targets answered
over a window of time, about the carrier, or about the next hop, joined by any and all. Every
condition may have to hold for a time before it counts. Durations are seconds; losses are shares
from 0 to 1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import ClassVar, Protocol, TypeAlias


class Subject(Enum):
    """What a condition is about."""

    ROUNDS = "rounds"
    CARRIER = "carrier"
    NEXT_HOP = "next hop"


class ConditionLeaf(Protocol):
    """What the engine asks of every leaf. It knows a leaf by these facts, not by its kind."""

    @property
    def for_seconds(self) -> float:
        """Seconds that it must have held without a break before it counts."""
        ...

    @property
    def subject(self) -> Subject:
        """What it is about."""
        ...

    @property
    def probe(self) -> str | None:
        """The name of the probe whose rounds it is about; None: it is about no rounds."""
        ...

    @property
    def rounds(self) -> int:
        """How many rounds in a row it asks for; 0: it does not count rounds."""
        ...

    @property
    def window(self) -> float | None:
        """Seconds that it looks back; None: it has no window."""
        ...

    @property
    def holds_by_silence(self) -> bool:
        """Whether lost answers alone make it hold."""
        ...


class Measure(Enum):
    """What a window says of a target's answers."""

    LOSS = "loss"
    """The share of the time whose rounds it did not answer."""
    LATENCY = "latency"
    """The mean round-trip time, in seconds."""
    JITTER = "jitter"
    """The mean difference between one round-trip time and the next, in seconds (RFC 3393)."""


@dataclass(frozen=True, slots=True)
class ConsecutiveFailures:
    """At least this many rounds of `probe` in a row have failed."""

    probe: str
    failures: int
    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.ROUNDS
    window: ClassVar[None] = None
    holds_by_silence: ClassVar[bool] = True

    @property
    def rounds(self) -> int:
        """How many in a row."""
        return self.failures


@dataclass(frozen=True, slots=True)
class ConsecutiveSuccesses:
    """At least this many rounds of `probe` in a row were good."""

    probe: str
    successes: int
    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.ROUNDS
    window: ClassVar[None] = None
    holds_by_silence: ClassVar[bool] = False

    @property
    def rounds(self) -> int:
        """How many in a row."""
        return self.successes


@dataclass(frozen=True, slots=True)
class Beyond:
    """Over the last `over` seconds, fewer targets than the quorum are within `limit`.

    It needs the window full; a loss may also be so high that the full window must exceed it.
    """

    measure: Measure
    probe: str
    limit: float
    over: float
    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.ROUNDS
    rounds: ClassVar[int] = 0

    @property
    def window(self) -> float:
        """Seconds that it looks back."""
        return self.over

    @property
    def holds_by_silence(self) -> bool:
        """Silence is loss. It has no latency and no jitter."""
        return self.measure is Measure.LOSS


@dataclass(frozen=True, slots=True)
class Within:
    """Over the last `over` seconds, as many targets as the quorum asks are within `limit`.

    It needs the window full.
    """

    measure: Measure
    probe: str
    limit: float
    over: float
    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.ROUNDS
    rounds: ClassVar[int] = 0
    holds_by_silence: ClassVar[bool] = False

    @property
    def window(self) -> float:
        """Seconds that it looks back."""
        return self.over


@dataclass(frozen=True, slots=True)
class CarrierDown:
    """The link is missing, administratively down, or without a carrier."""

    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.CARRIER
    probe: ClassVar[None] = None
    rounds: ClassVar[int] = 0
    window: ClassVar[None] = None
    holds_by_silence: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class CarrierUp:
    """The link is present, up, and has a carrier."""

    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.CARRIER
    probe: ClassVar[None] = None
    rounds: ClassVar[int] = 0
    window: ClassVar[None] = None
    holds_by_silence: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class NextHopAbsent:
    """There is no next hop, or no address of the family, though the link is up, and though a next
    hop has been known since the engine started."""

    for_seconds: float = 0.0

    subject: ClassVar[Subject] = Subject.NEXT_HOP
    probe: ClassVar[None] = None
    rounds: ClassVar[int] = 0
    window: ClassVar[None] = None
    holds_by_silence: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least one of these holds."""

    conditions: "tuple[Condition, ...]"
    for_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class AllOf:
    """All of these hold at once."""

    conditions: "tuple[Condition, ...]"
    for_seconds: float = 0.0


FailLeaf: TypeAlias = ConsecutiveFailures | Beyond | CarrierDown | NextHopAbsent
"""A leaf of a fail condition."""
RecoverLeaf: TypeAlias = ConsecutiveSuccesses | Within | CarrierUp
"""A leaf of a recover condition."""
Leaf: TypeAlias = FailLeaf | RecoverLeaf
Condition: TypeAlias = Leaf | AnyOf | AllOf
"""Each has `for_seconds`: how long it must have held without a break before it counts."""


def leaves(condition: Condition) -> Iterator[Leaf]:
    """The leaves of a condition, from left to right."""
    if isinstance(condition, AnyOf | AllOf):
        for part in condition.conditions:
            yield from leaves(part)
    else:
        yield condition


def takes_time(condition: Condition) -> bool:
    """Whether it, or a part of it, must hold for a time before it counts."""
    parts = condition.conditions if isinstance(condition, AnyOf | AllOf) else ()
    return condition.for_seconds > 0 or any(map(takes_time, parts))
