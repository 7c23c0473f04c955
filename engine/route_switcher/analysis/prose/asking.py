"""A probe in plain sentences: what is asked, how often, and at what cost."""

from collections.abc import Iterator

from route_switcher.analysis.figures.traffic import probe_bytes_a_month
from route_switcher.analysis.prose.clauses import good_if, names
from route_switcher.core.probing.pace import failures_that_count
from route_switcher.core.vocabulary.policy import Policy
from route_switcher.core.vocabulary.probes import Probe
from route_switcher.core.vocabulary.states import Speed
from route_switcher.core.vocabulary.uplinks import Family, Uplink
from route_switcher.text.durations import seconds
from route_switcher.text.quantities import listed, volume


def asking(policy: Policy, probe: Probe) -> str:
    """What a probe asks, how often, what makes a round good, and what that costs."""
    through = [u for u in policy.uplinks if probe.goes_through(u.name)]
    own = any(target.is_of_uplink for target in probe.targets)
    targets = probe.check.subject if own else listed([str(target) for target in probe.targets])
    asked = [name for name in policy.names if probe.goes_through(name)]
    told = [f"through {names(asked, policy.names)}"]
    if len({u.family for u in through}) > 1:
        told.append("each by its own family")
    if not _is_spared(policy, probe, through):
        told.append("active or not")
    said = [
        f"{probe.name}: {every(probe.interval)}, {targets}"
        f" {'is' if len(probe.targets) == 1 else 'are'} {probe.check.verb}"
        f" {', '.join(told)}.",
        good_if(probe.quorum, _most_targets(probe, through), probe.timeout),
        *_speeds(policy, probe, through),
        _costs(probe, through) if probe.check.packets.asking else "What it sends is not known.",
    ]
    return " ".join(sentence for sentence in said if sentence)


def every(interval: float) -> str:
    """How often, in words."""
    return "every second" if interval == 1 else f"every {seconds(interval)}"


def _most_targets(probe: Probe, through: list[Uplink]) -> int:
    return max(len(probe.targets_for(uplink.family)) for uplink in through)


def _speeds(policy: Policy, probe: Probe, through: list[Uplink]) -> Iterator[str]:
    confirming = failures_that_count(probe, policy.rules)
    if probe.fast_interval < probe.interval and confirming > 1:
        yield (
            f"After a failed round the next ones follow {every(probe.fast_interval)},"
            f" until one is good or {confirming} have failed."
        )
    slower: dict[float, list[str]] = {}
    if any(len(policy.uplinks_of(u.family)) > 1 for u in through):
        slower.setdefault(probe.standby_interval, []).append("is healthy and on standby")
    slower.setdefault(probe.down_interval, []).append("has failed")
    slower.pop(probe.interval, None)
    if slower:
        words = [f"{every(t)} while it {' or '.join(w)}" for t, w in slower.items()]
        yield f"An uplink is probed only {listed(words)}."
    if _is_spared(policy, probe, through):
        yield "When a round of the active uplink fails, the standby uplinks are probed at once."


def _is_spared(policy: Policy, probe: Probe, through: list[Uplink]) -> bool:
    """Whether an uplink is asked less often while it is on standby."""
    may_stand_by = any(len(policy.uplinks_of(u.family)) > 1 for u in through)
    return may_stand_by and probe.standby_interval > probe.interval


def _costs(probe: Probe, through: list[Uplink]) -> str:
    costs: dict[tuple[float, float], list[Family]] = {}
    for uplink in through:
        pair = (
            probe_bytes_a_month(probe, uplink.family),
            probe_bytes_a_month(probe, uplink.family, Speed.STANDBY),
        )
        families = costs.setdefault(pair, [])
        if uplink.family not in families:
            families.append(uplink.family)
    said = []
    for (normal, standby), families in costs.items():
        whose = f" of {families[0]}" if len(costs) > 1 else ""
        spared = f", or {volume(standby)} on standby" if standby < normal else ""
        said.append(f"{volume(normal)} a month through an uplink{whose}{spared}")
    return f"That takes {listed(said)}."
