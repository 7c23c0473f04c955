"""Windows that take much memory."""

from route_switcher.analysis.lints.context import LintContext
from route_switcher.core.health.samples import BYTES_A_SAMPLE
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.uplinks import Uplink
from route_switcher.text.quantities import volume

_MUCH = 32e6
"""Bytes that windows may take before it is told: as much as the rest of the engine."""


def doubt_memory(context: LintContext) -> None:
    """Windows so long, of rounds so frequent, that a small router may not have the memory."""
    bytes_taken = sum(window_bytes(context.policy, uplink) for uplink in context.policy.uplinks)
    if bytes_taken > _MUCH:
        context.note(
            "much-memory",
            ("rules",),
            f"the windows of the rules take up to {volume(bytes_taken)} of memory",
            "write a shorter 'over' or a longer 'interval', or the same 'over' in all rules",
            on_key=True,
        )


def window_bytes(policy: Policy, uplink: Uplink) -> float:
    """Bytes that the windows of an uplink take at most, once they are full of the fastest rounds.

    The rules share a window for each target, probe and length.
    """
    windows = {
        (leaf.probe, leaf.window)
        for rule in policy.rules_for(uplink.name)
        for leaf in rule.leaves
        if leaf.probe is not None and leaf.window is not None
    }
    probes = {probe.name: probe for probe in policy.probes_through(uplink.name)}
    total = 0.0
    for name, over in windows:
        probe = probes[name]
        fastest = min(probe.interval, probe.fast_interval)
        total += len(probe.targets_for(uplink.family)) * over / fastest * BYTES_A_SAMPLE
    return total
