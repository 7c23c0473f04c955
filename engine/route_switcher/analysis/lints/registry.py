"""What is doubtful in a policy that is sound: warnings and notes, with their places.

A warning marks something that is probably a mistake. A note is information.
"""

from collections.abc import Callable

from route_switcher.analysis.lints.conditions import (
    doubt_contradictions,
    doubt_groups,
    doubt_limits,
    doubt_thresholds,
    doubt_windows,
)
from route_switcher.analysis.lints.context import LintContext
from route_switcher.analysis.lints.holding_back import (
    doubt_alone,
    doubt_budget,
    doubt_damping,
    doubt_families,
    doubt_flapping,
)
from route_switcher.analysis.lints.hooks import doubt_programs, doubt_unpinned
from route_switcher.analysis.lints.interfaces import doubt_interfaces
from route_switcher.analysis.lints.memory import doubt_memory
from route_switcher.analysis.lints.metrics import doubt_port
from route_switcher.analysis.lints.names import doubt_alike_names
from route_switcher.analysis.lints.next_hops import doubt_modes, doubt_table
from route_switcher.analysis.lints.probes import (
    doubt_cost,
    doubt_few_targets,
    doubt_first_hop,
    doubt_gateways,
    doubt_private,
    doubt_repeated_targets,
    doubt_sizes,
    doubt_speeds,
)
from route_switcher.analysis.lints.recovering import (
    doubt_carrier_up,
    doubt_old_answers,
    doubt_successes,
)
from route_switcher.analysis.lints.rules import (
    doubt_noise,
    doubt_recovered_loss,
    doubt_recovery,
    doubt_shadowed,
)
from route_switcher.analysis.lints.uplinks import doubt_slow_detection, doubt_unwatched
from route_switcher.policy.load import Loaded
from route_switcher.policy.problems import PolicyProblems

_LINTS: tuple[Callable[[LintContext], None], ...] = (
    doubt_limits,
    doubt_contradictions,
    doubt_groups,
    doubt_thresholds,
    doubt_windows,
    doubt_noise,
    doubt_recovered_loss,
    doubt_recovery,
    doubt_old_answers,
    doubt_carrier_up,
    doubt_successes,
    doubt_shadowed,
    doubt_few_targets,
    doubt_first_hop,
    doubt_repeated_targets,
    doubt_sizes,
    doubt_gateways,
    doubt_speeds,
    doubt_cost,
    doubt_interfaces,
    doubt_private,
    doubt_unwatched,
    doubt_slow_detection,
    doubt_alike_names,
    doubt_alone,
    doubt_damping,
    doubt_budget,
    doubt_flapping,
    doubt_families,
    doubt_memory,
    doubt_modes,
    doubt_table,
    doubt_programs,
    doubt_port,
    doubt_unpinned,
)


def lints_of(loaded: Loaded) -> PolicyProblems:
    """The warnings and notes about a sound policy, in the order of its file."""
    context = LintContext.of(loaded)
    for doubt in _LINTS:
        doubt(context)
    return PolicyProblems(loaded.origin, context.findings.problems, loaded.document.text)
