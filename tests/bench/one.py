"""One measurement by its name, in a private network of its own; prints the table as JSON."""

import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial

from bench import (
    blackholes,
    carriers,
    cold_validation,
    fast_confirmation,
    flapping,
    journal_costs,
    memory,
    metrics_costs,
    moves,
    probing_costs,
    rounds_judged,
    scenarios,
    simulated_month,
    sweeping,
    types_of_probes,
)
from bench.figures import Table
from bench.running import NotMeasuredError
from route_switcher.lab.namespaces import LabError
from route_switcher.lab.sandbox import SandboxUnavailable, enter

MEASUREMENTS: Mapping[str, Callable[[], Table]] = {
    "blackhole-1s": partial(blackholes.measure, blackholes.AT_1_S),
    "blackhole-100ms": partial(blackholes.measure, blackholes.AT_100_MS),
    "blackhole-50ms": partial(blackholes.measure, blackholes.AT_50_MS),
    "blackhole-fast": partial(blackholes.measure, blackholes.CONFIRMED_FAST),
    "fast-interval": fast_confirmation.measure,
    "carrier": carriers.measure,
    "moves": moves.measure,
    "sweeping": sweeping.measure,
    "probes": probing_costs.measure,
    "types": types_of_probes.measure,
    "memory": memory.measure,
    "metrics": metrics_costs.measure,
    "journal": journal_costs.measure,
    "validate": cold_validation.measure,
    "core": rounds_judged.measure,
    "scenarios": scenarios.measure,
    "month": simulated_month.measure,
    "flapping": flapping.measure,
}
"""In the order in which they are printed; those of one title become one table."""


def main(name: str) -> int:
    """Measure; 1, and why on stderr, if that cannot be done."""
    try:
        enter()
        table = MEASUREMENTS[name]()
    except (SandboxUnavailable, LabError, NotMeasuredError, OSError) as error:
        sys.stderr.write(f"{name}: {error}\n")
        return 1
    json.dump(asdict(table), sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
