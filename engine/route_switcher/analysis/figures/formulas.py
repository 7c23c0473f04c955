"""For which rules the formulas of `detection` and `recovery` give the typical times exactly."""

from route_switcher.analysis.figures.detection import time_to_fail
from route_switcher.analysis.monitoring import Fault, UplinkMonitoring
from route_switcher.core.vocabulary.conditions import AllOf, AnyOf
from route_switcher.core.vocabulary.policy import Rule


def has_formula(monitoring: UplinkMonitoring, rule: Rule, fault: Fault) -> bool:
    """Whether a rule is so plain that its times follow from one probe alone.

    It has one condition to fail by and at most one to recover by, and no other rule fails the
    uplink before: from then on, rounds would go at other times.
    """
    plain = not any(isinstance(c, AnyOf | AllOf) for c in (rule.fail, rule.recover.condition))
    if not plain or len(monitoring.concerned(rule)) > 1:
        return False
    own = time_to_fail(monitoring, rule, fault)
    others = [
        t for r in monitoring.rules if r != rule and (t := time_to_fail(monitoring, r, fault))
    ]
    if own is None or not others:
        return True
    level = all(p.down_interval == p.interval for p in monitoring.probes)
    return level and all(own.worst <= other.worst for other in others)
