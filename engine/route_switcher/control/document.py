"""The status as JSON has it: `schemas/status.schema.json` describes it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from route_switcher.control.roles import judge, order_holds, roles, worst
from route_switcher.control.waits import Wait, waits_of
from route_switcher.control.wall_clock import WallClock
from route_switcher.core.messages import describe_move
from route_switcher.core.vocabulary.routes import protocol_name
from route_switcher.core.vocabulary.status import (
    FamilyStatus,
    HealthStatus,
    RefusedRoute,
    RuleStatus,
    Status,
    UplinkStatus,
)
from route_switcher.core.vocabulary.uplinks import UplinkId

VERSION = 1
"""Of the document. A later one may have more keys; whatever else changes is another version."""


@dataclass(frozen=True, slots=True)
class LastMinute:
    """What the rounds of the last minute through one uplink came to."""

    rounds: int = 0
    """Those of which the outcome is known."""
    failed: int = 0
    mean: float | None = None
    """Of the round-trip times of all answers, in seconds; None: there was none."""
    longest: float | None = None
    requests: int = 0
    """To targets, of which it is known whether they were answered in time."""
    answers: int = 0
    """How many of them were."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """A policy is on trial, or was."""

    until: float
    """Until when it may be confirmed, on the engine's clock."""
    missed: bool
    """Nobody has: the policy from before counts again, though the file has the other."""


Figures = Callable[[UplinkId], LastMinute]


@dataclass(frozen=True, slots=True)
class Program:
    """What runs: its version, where its policy comes from, and when it began."""

    version: str
    policy: str
    began: float
    """On the engine's clock."""


def status_document(
    status: Status,
    program: Program,
    clock: WallClock,
    figures: Figures,
    confirmation: Confirmation | None = None,
    troubles: Sequence[str] = (),
) -> dict[str, object]:
    """All that is known, as values that JSON can write. Times are local, durations seconds.
    `troubles` are what a person should know that is no matter of uplinks."""
    families = [_family(family, clock, figures) for family in status.families]
    return {
        "version": VERSION,
        "time": clock.stamp(status.at),
        "program": program.version,
        "policy": program.policy,
        "running_seconds": _seconds(clock.ago(program.began)),
        "confirmation": None
        if confirmation is None
        else {
            "state": "missed" if confirmation.missed else "awaited",
            "until": clock.stamp(confirmation.until),
            "left_seconds": _seconds(clock.left(confirmation.until)),
        },
        "troubles": list(troubles),
        "verdict": worst(judge(family).verdict for family in status.families).value,
        "families": families,
    }


def _family(family: FamilyStatus, clock: WallClock, figures: Figures) -> dict[str, object]:
    names, judged = roles(family), judge(family)
    decision = family.decision
    return {
        "family": str(family.family),
        "verdict": judged.verdict.value,
        "verdict_text": judged.why,
        "active": family.active,
        "departing": family.departing,
        "since": clock.stamp(family.since),
        "since_seconds": _seconds(clock.ago(family.since)),
        "previous": None if decision is None else decision.previous,
        "cause": None if decision is None else decision.cause.name.lower(),
        "why": "" if decision is None else describe_move(decision),
        "evidence": [] if decision is None else list(decision.evidence),
        "order": _order(family, clock),
        "awaited": family.awaited,
        "awaited_seconds": _seconds(clock.left(family.awaited_until)),
        "astray": family.astray,
        "refusing": family.refusing,
        "conflicts": [str(route) for route in family.conflicts],
        "undeletable": [_refused(route, clock) for route in family.undeletable],
        "uplinks": [
            _uplink(each, names[each.health.uplink.name], clock, figures) for each in family.uplinks
        ],
    }


def _order(family: FamilyStatus, clock: WallClock) -> dict[str, object] | None:
    order = family.override
    if order is None:
        return None
    return {
        "uplink": order.uplink,
        "forced": order.force,
        "drill": order.back_to is not None,
        "holds": order_holds(family),
        "until": clock.stamp(order.until),
        "left_seconds": _seconds(clock.left(order.until)),
    }


def _uplink(
    uplink: UplinkStatus, role: str, clock: WallClock, figures: Figures
) -> dict[str, object]:
    health, its = uplink.health, uplink.health.uplink
    minute = figures(its.id)
    return {
        "name": its.name,
        "role": role,
        "state": health.state.value,
        "evidence": health.evidence,
        "broken": health.broken,
        "interface": its.interface,
        "connected": health.link.connected,
        **_next_hop(health),
        "metric": its.metric,
        "answers": health.answers,
        "last_answer": clock.stamp(health.last_good),
        "last_answer_seconds": _seconds(clock.ago(health.last_good)),
        "last_minute": {
            "rounds": minute.rounds,
            "failed": minute.failed,
            "loss": minute.failed / minute.rounds if minute.rounds else None,
            "mean_seconds": _seconds(minute.mean, 6),
            "longest_seconds": _seconds(minute.longest, 6),
            "requests": minute.requests,
            "answers": minute.answers,
            "request_loss": 1 - minute.answers / minute.requests if minute.requests else None,
        },
        "unfit": uplink.unfit,
        "rules": [_rule(rule, clock) for rule in health.rules],
        "waits_for": [_wait(wait, clock) for wait in waits_of(uplink, clock)],
        "refused": [_refused(route, clock) for route in uplink.refused],
    }


def _next_hop(health: HealthStatus) -> dict[str, object]:
    hop, learned = health.next_hop, health.learned
    source = None
    if learned is not None:
        source = "learned"
    elif health.from_before:
        source = "restart"
    elif hop is not None:
        source = "policy"
    return {
        "gateway": None if hop is None or hop.gateway is None else str(hop.gateway),
        "gateway_from": source,
        "learned_from": None
        if learned is None
        else {
            "protocol": protocol_name(learned.protocol),
            "table": learned.table,
            "metric": learned.metric,
        },
    }


def _rule(rule: RuleStatus, clock: WallClock) -> dict[str, object]:
    return {
        "name": rule.name,
        "state": rule.state.value,
        "evidence": rule.evidence,
        "since": clock.stamp(rule.since),
        "since_seconds": _seconds(clock.ago(rule.since)),
    }


def _wait(wait: Wait, clock: WallClock) -> dict[str, object]:
    return {
        "kind": wait.kind,
        "text": wait.text,
        "rule": wait.rule,
        "covered_seconds": _seconds(wait.covered),
        "needed_seconds": _seconds(wait.needed),
        "restarted": clock.stamp(wait.restarted),
        "left_seconds": _seconds(clock.left(wait.until)),
    }


def _refused(refused: RefusedRoute, clock: WallClock) -> dict[str, object]:
    return {
        "route": str(refused.route),
        "reason": refused.reason,
        "left_seconds": _seconds(clock.left(refused.again_at)),
    }


def _seconds(value: float | None, digits: int = 3) -> float | None:
    return None if value is None else round(value, digits)
