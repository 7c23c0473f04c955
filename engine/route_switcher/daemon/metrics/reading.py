"""The value of each metric, from what the engine knows and what was counted."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf, nan

from route_switcher.control.document import Figures
from route_switcher.core.vocabulary.hooks import HookKind
from route_switcher.core.vocabulary.routes import Change
from route_switcher.core.vocabulary.states import Cause, RoundOutcome, UplinkState
from route_switcher.core.vocabulary.status import FamilyStatus, HealthStatus, Override, Status
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId
from route_switcher.daemon.metrics import catalogue
from route_switcher.daemon.metrics.exposition import Metric, Value, Values, text_of
from route_switcher.daemon.metrics.tally import ProbeTally, Tally
from route_switcher.daemon.metrics.time_active import TimeActive
from route_switcher.daemon.reloading import Reloads
from route_switcher.probes.counters import Counters

_DROPPED: Mapping[str, Callable[[Counters], int]] = {
    "malformed": lambda counted: counted.malformed,
    "foreign": lambda counted: counted.foreign,
    "unasked": lambda counted: counted.unasked,
    "wrong_source": lambda counted: counted.wrong_source,
    "wrong_token": lambda counted: counted.wrong_token,
    "wrong_target": lambda counted: counted.wrong_target,
    "wrong_hops": lambda counted: counted.wrong_hops,
    "repeated": lambda counted: counted.repeated,
    "late": lambda counted: counted.late,
}

_TROUBLES: Mapping[str, Callable[[Counters], int]] = {
    "overrun": lambda counted: counted.overruns,
    "error": lambda counted: counted.receive_errors,
    "timestamp": lambda counted: counted.implausible_stamps,
}

_NO_SWITCH = frozenset({Cause.START, Cause.RESTART})
"""Causes of a first selection."""


class OrderKind(Enum):
    """What an order that is in force asks for."""

    SWITCH = "switch"
    FORCED = "forced"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Build:
    """What runs."""

    version: str
    python: str
    kernel: str


@dataclass(frozen=True, slots=True)
class Sources:
    """Who counts what, beside the tally."""

    minutes: Figures
    packets: Callable[[], Mapping[UplinkId, Counters]]
    connections_ended: Counter[Family]
    sweeps_failed: Counter[Family]
    messages_discarded: Callable[[], Mapping[str, int]]
    log_lost: Callable[[], int]
    journal_lost: Callable[[], int]
    journal_fails: Callable[[], bool]
    reloads: Reloads
    build: Build
    started_at: float
    """On the engine's clock."""
    unix_time: Callable[[float], float]
    """The Unix time of an instant on the engine's clock."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text is made from."""

    status: Status
    tally: Tally
    time_active: TimeActive
    sources: Sources

    @property
    def uplinks(self) -> Iterator[tuple[FamilyStatus, HealthStatus]]:
        """Each uplink, with its family."""
        for family in self.status.families:
            for each in family.uplinks:
                yield family, each.health


def pieces(reading: Reading) -> Iterator[str]:
    """The text, a part at a time. What happens meanwhile is in the later parts only."""
    for metric in catalogue.CATALOGUE:
        yield from text_of(metric, READERS[metric](reading))


def _key(uplink: Uplink | UplinkId) -> tuple[str, str]:
    return uplink.name, str(uplink.family)


def _of_uplinks(
    value: Callable[[FamilyStatus, HealthStatus], Value],
) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        return {_key(health.uplink): value(family, health) for family, health in reading.uplinks}

    return read


def _of_families(value: Callable[[FamilyStatus], float]) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        return {(str(family.family),): value(family) for family in reading.status.families}

    return read


def _states(reading: Reading) -> Values:
    return {
        (*_key(health.uplink), state.value): health.state is state
        for _, health in reading.uplinks
        if not health.dormant
        for state in UplinkState
    }


def _loss(reading: Reading) -> Values:
    values: dict[tuple[str, ...], Value] = {}
    for _, health in reading.uplinks:
        minute = reading.sources.minutes(health.uplink.id)
        values[_key(health.uplink)] = minute.failed / minute.rounds if minute.rounds else nan
    return values


def _active_seconds(reading: Reading) -> Values:
    return {
        _key(health.uplink): reading.time_active.of(health.uplink.id)
        for _, health in reading.uplinks
    }


def _interfaces(reading: Reading) -> Values:
    return {(*_key(health.uplink), health.uplink.interface): 1 for _, health in reading.uplinks}


def _rounds(reading: Reading) -> Values:
    values: dict[tuple[str, ...], Value] = {}
    for (uplink, probe), tally in reading.tally.probes.items():
        by_outcome = {
            RoundOutcome.GOOD: tally.good,
            RoundOutcome.FAILED: tally.failed,
            RoundOutcome.UNKNOWN: tally.unknown,
        }
        for outcome, count in by_outcome.items():
            values[*_key(uplink), probe, outcome.value] = count
    return values


def _requests(reading: Reading) -> Values:
    values: dict[tuple[str, ...], Value] = {}
    for (uplink, probe), tally in reading.tally.probes.items():
        values[*_key(uplink), probe, "answered"] = tally.answered
        values[*_key(uplink), probe, "lost"] = tally.lost
    return values


def _of_probes(value: Callable[[ProbeTally], Value | None]) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        found = {
            (*_key(uplink), probe): value(tally)
            for (uplink, probe), tally in reading.tally.probes.items()
        }
        return {key: each for key, each in found.items() if each is not None}

    return read


def _packets(of: Mapping[str, Callable[[Counters], int]]) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        return {
            (*_key(uplink), reason): count(counted)
            for uplink, counted in reading.sources.packets().items()
            for reason, count in of.items()
        }

    return read


def _switches(reading: Reading) -> Values:
    causes = [cause for cause in Cause if cause not in _NO_SWITCH]
    counted = reading.tally.switches
    return {
        (str(family), cause.name.lower()): counted[family, cause]
        for family in _families(reading)
        for cause in causes
    }


def _repairs(reading: Reading) -> Values:
    tally = reading.tally
    values: dict[tuple[str, ...], Value] = {}
    for family in _families(reading):
        values[str(family), "route"] = tally.routes_lost[family]
        values[str(family), "rule"] = tally.rules_lost[family]
    return values


def _route_actions(reading: Reading) -> Values:
    counted = reading.tally.route_actions
    return {
        (str(family), change.value): counted[family, change]
        for family in _families(reading)
        for change in Change
    }


def _families(reading: Reading) -> Iterable[Family]:
    return [family.family for family in reading.status.families]


def _refused_routes(family: FamilyStatus) -> int:
    return len(family.undeletable) + sum(len(each.refused) for each in family.uplinks)


def _orders_in_force(reading: Reading) -> Values:
    return {
        (str(family.family), kind.value): _kind_of(family.override) is kind
        for family in reading.status.families
        for kind in OrderKind
    }


def _kind_of(order: Override | None) -> OrderKind | None:
    if order is None:
        return None
    if order.back_to is not None:
        return OrderKind.DRILL
    return OrderKind.FORCED if order.force else OrderKind.SWITCH


def _of_hooks(counted: Callable[[Tally], Counter[HookKind]]) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        kinds = {hook.kind for hook in reading.tally.policy.hooks}
        counts = counted(reading.tally)
        return {(kind.value,): counts[kind] for kind in HookKind if kind in kinds or counts[kind]}

    return read


def _of_sweeps(counted: Callable[[Sources], Counter[Family]]) -> Callable[[Reading], Values]:
    def read(reading: Reading) -> Values:
        counts = counted(reading.sources)
        return {(str(family),): counts[family] for family in _families(reading)}

    return read


def _one(value: Callable[[Reading], Value]) -> Callable[[Reading], Values]:
    return lambda reading: {(): value(reading)}


def _last_taken_at(reading: Reading) -> float:
    at = reading.sources.reloads.taken_at
    return reading.sources.unix_time(reading.sources.started_at if at is None else at)


def _build(reading: Reading) -> Values:
    build = reading.sources.build
    return {(build.version, build.python, build.kernel): 1}


READERS: Mapping[Metric, Callable[[Reading], Values]] = {
    catalogue.BUILD: _build,
    catalogue.STARTED_AT: _one(
        lambda reading: reading.sources.unix_time(reading.sources.started_at)
    ),
    catalogue.UPLINK_INFO: _interfaces,
    catalogue.UPLINK_STATE: _states,
    catalogue.UPLINK_ACTIVE: _of_uplinks(lambda f, health: f.active == health.uplink.name),
    catalogue.UPLINK_ANSWERS: _of_uplinks(lambda _, health: health.answers),
    catalogue.UPLINK_CONNECTED: _of_uplinks(lambda _, health: health.link.connected),
    catalogue.UPLINK_DAMPED: _of_uplinks(lambda _, health: health.damped_until > -inf),
    catalogue.UPLINK_LOSS: _loss,
    catalogue.UPLINK_ACTIVE_SECONDS: _active_seconds,
    catalogue.ROUNDS: _rounds,
    catalogue.REQUESTS: _requests,
    catalogue.ROUND_TRIP: _of_probes(lambda tally: tally.round_trips),
    catalogue.LAST_ROUND_TRIP: _of_probes(lambda tally: tally.last_round_trip),
    catalogue.PROBE_BYTES: _of_probes(lambda tally: tally.bytes),
    catalogue.PACKETS_DROPPED: _packets(_DROPPED),
    catalogue.RECEIVE_TROUBLES: _packets(_TROUBLES),
    catalogue.ROUND_DELAY: _one(lambda reading: reading.tally.delays),
    catalogue.SWITCHES: _switches,
    catalogue.ASTRAY: _of_families(lambda family: bool(family.astray)),
    catalogue.REFUSING: _of_families(lambda family: family.refusing),
    catalogue.CONFLICTS: _of_families(lambda family: len(family.conflicts)),
    catalogue.REFUSED_ROUTES: _of_families(_refused_routes),
    catalogue.ROUTE_REPAIRS: _repairs,
    catalogue.ROUTE_ACTIONS: _route_actions,
    catalogue.RECONCILE: _one(lambda reading: reading.tally.reconciles),
    catalogue.ORDER: _orders_in_force,
    catalogue.ORDERS: lambda reading: {
        (order,): reading.tally.orders[order] for order in ("switch", "drill", "release")
    },
    catalogue.HOOK_RUNS: _of_hooks(lambda tally: tally.hook_runs),
    catalogue.HOOK_FAILURES: _of_hooks(lambda tally: tally.hook_failures),
    catalogue.HOOKS_UNDELIVERED: _of_hooks(lambda tally: tally.undelivered),
    catalogue.CONNECTIONS_ENDED: _of_sweeps(lambda sources: sources.connections_ended),
    catalogue.SWEEPS_FAILED: _of_sweeps(lambda sources: sources.sweeps_failed),
    catalogue.NEWS_LOST: _one(lambda reading: reading.tally.overruns),
    catalogue.NEWS_DISCARDED: lambda reading: {
        (reason,): count for reason, count in reading.sources.messages_discarded().items()
    },
    catalogue.LOG_LOST: _one(lambda reading: reading.sources.log_lost()),
    catalogue.JOURNAL_LOST: _one(lambda reading: reading.sources.journal_lost()),
    catalogue.JOURNAL_FAILS: _one(lambda reading: reading.sources.journal_fails()),
    catalogue.RELOADS: lambda reading: {
        ("taken",): reading.sources.reloads.taken,
        ("refused",): reading.sources.reloads.refused,
    },
    catalogue.LAST_RELOAD: _one(lambda reading: reading.sources.reloads.last_taken),
    catalogue.LAST_RELOAD_AT: _one(_last_taken_at),
}
"""How each is read."""
