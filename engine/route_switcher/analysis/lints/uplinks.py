"""Uplinks whose outages nobody sees, or sees late."""

from route_switcher.analysis.figures.policy_figures import soonest
from route_switcher.analysis.lints.context import LintContext
from route_switcher.analysis.monitoring import Fault, monitoring_of
from route_switcher.core.vocabulary.states import Speed
from route_switcher.text.durations import seconds

_LATE = 60.0
"""Seconds that an outage of an active uplink should not last unseen."""

_LATE_ON_STANDBY = 900.0
"""Seconds that one of an uplink which stands by may: when it is needed, it is asked at once."""


def doubt_unwatched(context: LintContext) -> None:
    """Uplinks that no rule judges, or none that sees a silent outage."""
    for path, name in context.names():
        monitoring = monitoring_of(context.policy, name)
        if not any(rule.judges(name) for rule in context.policy.rules):
            context.warn(
                "unwatched",
                path,
                f"no rule judges {name}: nothing fails it but the loss of its link",
                "name it in the 'uplinks' of a rule, or leave those out",
                on_key=True,
            )
        elif soonest(monitoring, Fault.SILENT) is None:
            context.warn(
                "blind",
                path,
                f"no rule detects a silent outage of {name}: it stays in use while nothing"
                " answers through it",
                "add a rule such as '{name: no-internet, fail: {failures: 3}}'",
                on_key=True,
            )


def doubt_slow_detection(context: LintContext) -> None:
    """Uplinks whose silent outages are seen late."""
    for path, name in context.names():
        monitoring = monitoring_of(context.policy, name)
        active = soonest(monitoring, Fault.SILENT)
        standby = soonest(monitoring, Fault.SILENT, Speed.STANDBY)
        if active is not None and active.worst > _LATE:
            context.note(
                "slow-detection",
                path,
                f"a silent outage of {name} is detected after {seconds(active.typical)}, at"
                f" most {seconds(active.worst)}",
                "write a shorter interval, a 'fast_interval', or fewer failures",
                on_key=True,
            )
        elif (
            standby is not None
            and standby.worst > _LATE_ON_STANDBY
            and any(map(context.may_stand_by, context.policy.named(name)))
        ):
            context.note(
                "slow-detection",
                path,
                f"an outage of {name} on standby is detected after up to {seconds(standby.worst)}",
                "write a shorter 'standby_interval' if you want to know sooner",
                on_key=True,
            )
