"""The figures of a policy: what its rules see and when, and what each uplink costs and risks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.figures.false_alarms import LOSSES, FalseAlarms, false_failures
from route_switcher.analysis.figures.flapping import damped, moves_an_hour
from route_switcher.analysis.figures.formulas import has_formula
from route_switcher.analysis.figures.recovery import time_to_return
from route_switcher.analysis.figures.traffic import bytes_a_month, not_counted
from route_switcher.analysis.monitoring import Fault, Times, UplinkMonitoring, monitoring_of
from route_switcher.core.vocabulary.policy import Policy, Rule
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink, UplinkId


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What a rule does where it takes longest, of the uplinks that it judges."""

    rule: str
    fault: Fault
    """What the times are about: the first fault of those there are that the rule sees at all."""
    fails: Times
    """Seconds from the fault to `failed`, on an uplink that is active or probed as if it were."""
    fails_on_standby: Times
    """The same while it stands by."""
    returns: Times
    """Seconds from the end of the fault to `ok`."""
    slowest: str | None = None
    """The uplink of these figures, where the rule judges another one that is quicker."""


@dataclass(frozen=True, slots=True)
class UplinkFigures:
    """What an uplink's probes cost, and how often its rules are wrong."""

    id: UplinkId
    bytes_a_month: float
    bytes_a_month_on_standby: float
    not_counted: tuple[str, ...]
    """Probes of which nobody knows what they send: both sums lack them."""
    false_failures: tuple[tuple[float, FalseAlarms], ...]
    """Chances of a packet to be lost, each with what it does: at most the sum over its rules."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a policy, in the order of its file.

    A rule that sees no fault by itself has none: it needs several at once, or can never fire.
    """

    rules: tuple[RuleFigures, ...]
    uplinks: tuple[UplinkFigures, ...]
    moves_an_hour: float
    """How often one line that flaps moves the traffic at most."""
    moves_an_hour_if_damped: float
    """The same with damping, if the policy has none."""


def figures_of(policy: Policy, losses: Sequence[float] = LOSSES) -> Figures:
    """Compute all figures of a policy."""
    found = [_rule_figures(policy, (rule,)) for rule in policy.rules]
    found.append(_rule_figures(policy, policy.link_rules))
    return Figures(
        tuple(figures for figures in found if figures is not None),
        tuple(_uplink_figures(policy, uplink, losses) for uplink in policy.uplinks),
        moves_an_hour(policy),
        moves_an_hour(policy if policy.hold_back.damping else damped(policy)),
    )


def soonest(
    monitoring: UplinkMonitoring, fault: Fault, speed: Speed = Speed.NORMAL
) -> Times | None:
    """Seconds until any rule sees a fault; None: none does.

    The typical time is that of the rule which is typically first, and so a little too long where
    rules of several probes race.
    """
    times = [
        t for r in monitoring.rules if (t := time_to_fail(monitoring, r, fault, speed)) is not None
    ]
    if not times:
        return None
    return Times(min(t.typical for t in times), min(t.worst for t in times))


def return_of(monitoring: UplinkMonitoring, fault: Fault) -> Times | None:
    """Seconds from the mending of a fault until every rule is ok; None: none had failed."""
    times = [
        t for rule in monitoring.rules if (t := time_to_return(monitoring, rule, fault)) is not None
    ]
    if not times:
        return None
    return Times(max(t.typical for t in times), max(t.worst for t in times))


def slowest(policy: Policy, rule: Rule, fault: Fault) -> RuleFigures | None:
    """The figures of a rule for a fault, of the uplink that it judges where it takes longest; None:
    it does not see it."""
    judged = {
        monitoring_of(policy, u.name): u for u in reversed(policy.uplinks) if rule.judges(u.name)
    }
    found: dict[str, RuleFigures] = {}
    for monitoring, uplink in judged.items():
        figures = _figures_under(policy, uplink, monitoring, rule, fault)
        if figures is not None:
            found[uplink.name] = figures
    if not found:
        return None
    name = max(found, key=lambda name: _slowness(found[name]))
    alike = len({_slowness(figures) for figures in found.values()}) == 1
    return found[name] if alike else replace(found[name], slowest=name)


def _slowness(figures: RuleFigures) -> tuple[float, float]:
    return figures.fails.worst, figures.returns.worst


def _rule_figures(policy: Policy, rules: Sequence[Rule]) -> RuleFigures | None:
    """The figures of a rule, or of several of one name, each about other uplinks."""
    for fault in Fault:
        under = (slowest(policy, rule, fault) for rule in rules)
        found = [figures for figures in under if figures is not None]
        if found:
            return max(found, key=_slowness)
    return None


def _figures_under(
    policy: Policy, uplink: Uplink, monitoring: UplinkMonitoring, rule: Rule, fault: Fault
) -> RuleFigures | None:
    fails = time_to_fail(monitoring, rule, fault)
    returns = time_to_return(monitoring, rule, fault)
    on_standby = time_to_fail(monitoring, rule, fault, Speed.STANDBY)
    if fails is None or on_standby is None or returns is None:
        return None
    if not has_formula(monitoring, rule, fault):
        # Most policies need no virtual world: validate starts sooner without.
        from route_switcher.analysis.figures.rehearsal import rehearse

        seen = rehearse(policy, uplink.name, fault, Speed.NORMAL).get(rule.name)
        sparing = any(p.standby_interval > p.interval for p in monitoring.probes)
        standing_by = (
            rehearse(policy, uplink.name, fault, Speed.STANDBY).get(rule.name) if sparing else seen
        )
        bound = _at_most(monitoring, rule, fault, fails)
        fails = seen.fails if seen else bound
        on_standby = (
            standing_by.fails if standing_by else _at_most(monitoring, rule, fault, on_standby)
        )
        returns = seen.returns if seen else Times(returns.worst, returns.worst, bound=True)
    return RuleFigures(rule.name, fault, fails, on_standby, returns)


def _at_most(monitoring: UplinkMonitoring, rule: Rule, fault: Fault, computed: Times) -> Times:
    """What it takes if another rule fails the uplink before, and rounds go slowly from then on."""
    slow = time_to_fail(monitoring, rule, fault, Speed.DOWN)
    worst = max(computed.worst, slow.worst if slow is not None else 0.0)
    return Times(worst, worst, bound=worst > 0)


def _uplink_figures(policy: Policy, uplink: Uplink, losses: Sequence[float]) -> UplinkFigures:
    monitoring = monitoring_of(policy, uplink.name)
    return UplinkFigures(
        uplink.id,
        bytes_a_month(policy, uplink),
        bytes_a_month(policy, uplink, Speed.STANDBY),
        not_counted(policy, uplink),
        tuple((loss, _failing(monitoring, uplink.family, loss)) for loss in losses),
    )


def _failing(monitoring: UplinkMonitoring, family: Family, loss: float) -> FalseAlarms:
    all_of_it = [false_failures(monitoring, rule, family, loss) for rule in monitoring.rules]
    here = prod(1 - failing.away for failing in all_of_it)
    known = [failing for failing in all_of_it if failing.failures]
    # Rules may fail an uplink together, and one while another keeps it away.
    bound = len(known) > 1 or any(failing.bound for failing in known)
    return FalseAlarms(sum(failing.failures for failing in all_of_it), 1 - here, bound)
