"""Phrases that the sentences of several leaves share."""

from route_switcher.core.vocabulary.conditions import Beyond, Measure, Within
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Quorum
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import counted, share


def of_probe(probe: str, policy: Policy) -> str:
    """Which probe's, where there are several."""
    return f" of {probe}" if len({each.name for each in policy.probes}) > 1 else ""


def measured(leaf: Beyond | Within, policy: Policy, compared: str, every: Quorum) -> str:
    """What a window says. `every` is the quorum by which it must be so for every target."""
    whose, over = _whose(leaf, policy, every), seconds(leaf.over)
    match leaf.measure:
        case Measure.LOSS:
            limit = f"{compared} {share(leaf.limit)}" if leaf.limit else "nothing"
            return f"{limit} is lost to {whose} over {over}"
        case Measure.LATENCY:
            limit = f"{compared} {seconds(leaf.limit)}"
            return f"the round trip to {whose} takes {limit} in the mean over {over}"
        case Measure.JITTER:
            limit = f"{compared} {seconds(leaf.limit)}"
            return (
                f"round trips to {whose} differ by {limit} from one to the next in the mean over"
                f" {over}"
            )


def _whose(leaf: Beyond | Within, policy: Policy, every: Quorum) -> str:
    """The targets for which it must be so: the quorum says how many keep the limit."""
    probe = next(p for p in policy.probes if p.name == leaf.probe)
    of = of_probe(probe.name, policy)
    if len(probe.targets) == 1:
        (target,) = probe.targets
        return probe.check.subject if target.is_of_uplink else str(target)
    if isinstance(probe.quorum, int):
        if isinstance(leaf, Within):
            return f"{counted(probe.quorum, 'target')}{of} or more"
        return f"so many targets{of} that fewer than {probe.quorum} are left"
    return f"every target{of}" if probe.quorum == every else f"a target{of}"
