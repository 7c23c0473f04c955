"""What holds back and never does, or holds back more than is meant."""

from route_switcher.analysis.figures.flapping import moves_an_hour
from route_switcher.analysis.figures.policy_figures import return_of, soonest
from route_switcher.analysis.lints.context import LintContext
from route_switcher.analysis.monitoring import Fault, UplinkMonitoring, monitoring_of
from route_switcher.core.vocabulary.policy import Damping, FamiliesMove
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import number

_PATH = ("hold_back", "damping")

_MANY_MOVES = 240
"""An hour; twice what comes of a stable time of a minute."""

_USUAL = "{half_life: 10m, suppress: 3, reuse: 1}"


def doubt_damping(context: LintContext) -> None:
    """A damping that no uplink can earn, however fast it flaps."""
    damping = context.policy.hold_back.damping
    if damping is None:
        return
    watches = {monitoring_of(context.policy, uplink.name) for uplink in context.policy.uplinks}
    cycles = [cycle for monitoring in watches if (cycle := fastest_cycle(monitoring)) is not None]
    if not cycles:
        return
    most = highest_penalty(damping, min(cycles))
    if most <= damping.suppress:
        context.warn(
            "never-damped",
            (*_PATH, "suppress"),
            f"no penalty gets above {number(damping.suppress)}: an uplink can fail every"
            f" {seconds(min(cycles))} at most, and with this half-life that adds up to"
            f" {number(most)}",
            "write a lower 'suppress', or a longer 'half_life'",
        )


def doubt_budget(context: LintContext) -> None:
    """A budget of switches that a single failover uses up."""
    budget = context.policy.hold_back.switches_per_hour
    if budget is not None and budget < 2:
        context.note(
            "small-budget",
            ("hold_back", "switches_per_hour"),
            "a failover is a switch too: after one, the traffic comes back an hour later at the"
            " earliest",
            "write 2 or more, or 'min_stay: 1h' if that is meant",
        )


def doubt_alone(context: LintContext) -> None:
    """What holds back, where no uplink has another to which the traffic could return."""
    keys = context.findings.document.keys
    if ("hold_back",) not in keys or any(map(context.may_stand_by, context.policy.uplinks)):
        return
    context.note(
        "nothing-to-hold-back",
        ("hold_back",),
        "no uplink has another one of its family that is switched on: the traffic never returns"
        " to one, so nothing is held back",
        "leave it out, or add an uplink",
        on_key=True,
    )


def doubt_flapping(context: LintContext) -> None:
    """A line that flaps, and moves the traffic each time."""
    moves = moves_an_hour(context.policy)
    if moves > _MANY_MOVES:
        context.note(
            "flaps",
            ("hold_back",) if ("hold_back",) in context.findings.document.keys else ("uplinks",),
            f"a line that flaps moves traffic up to {number(moves)} times an hour",
            f"write 'damping: {_USUAL}' into 'hold_back', or a longer 'stable'",
            on_key=True,
        )


def doubt_families(context: LintContext) -> None:
    """Families that are to move together, where no uplink has two."""
    policy = context.policy
    if policy.families_move is FamiliesMove.TOGETHER and len(policy.names) == len(policy.uplinks):
        context.note(
            "one-family",
            ("families_move",),
            "no uplink has two families, so nothing moves together",
            "write 'families: [ipv4, ipv6]' for an uplink that carries both, or leave this out",
        )


def fastest_cycle(monitoring: UplinkMonitoring) -> float | None:
    """Seconds from one failure of an uplink to the next, if it fails again as soon as it is
    healthy; None: it never fails."""
    cycles = []
    for fault in Fault:
        fails, returns = soonest(monitoring, fault), return_of(monitoring, fault)
        if fails is not None and returns is not None:
            cycles.append(fails.typical + returns.typical)
    return min(cycles, default=None)


def highest_penalty(damping: Damping, cycle: float) -> float:
    """What the penalty comes to after endless failures, one every `cycle` seconds.

    1 + q + q² + … = 1 / (1 - q), with q = 2^(-cycle / half-life) left of each at the next; at most
    what is back at `reuse` after the longest hold (RFC 2439, section 4.2).
    """
    left = 0.5 ** (cycle / damping.half_life)
    ceiling = damping.reuse * 2 ** (damping.max_hold / damping.half_life)
    return float(min(1 / (1 - left), ceiling)) if left < 1 else float(ceiling)
